# SPDX-License-Identifier: GPL-2.0-or-later
"""A project that travels: what may go, its data copied, its look cleaned and put together anew."""

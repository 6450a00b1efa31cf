# SPDX-License-Identifier: GPL-2.0-or-later
"""The dock and its panels: they ask, run algorithms by id, and show what came of it."""

# SPDX-License-Identifier: GPL-2.0-or-later
"""Every import, analysis and export, each a Processing algorithm."""

# SPDX-License-Identifier: GPL-2.0-or-later
"""Ground divided into squares or hexagons, and what is counted, tested and found on it."""

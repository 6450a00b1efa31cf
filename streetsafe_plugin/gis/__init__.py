# SPDX-License-Identifier: GPL-2.0-or-later
"""Between domain values and QGIS objects; no widgets."""

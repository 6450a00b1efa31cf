# SPDX-License-Identifier: GPL-2.0-or-later
"""Policing and statistics, without QGIS: importable in any interpreter."""

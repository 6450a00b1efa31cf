# SPDX-License-Identifier: GPL-2.0-or-later
"""The parts of a briefing pack, each from the reports to its part of the record."""

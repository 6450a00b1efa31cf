# SPDX-License-Identifier: GPL-2.0-or-later
"""From a raw table, every cell text, to accepted rows, rejected rows and a receipt."""

# SPDX-License-Identifier: GPL-2.0-or-later
"""How a briefing's pages come about, on behalf of `layouts`: templates, slots, charts, contents."""

# SPDX-License-Identifier: GPL-2.0-or-later
"""Name, version and links, read once from `metadata.txt`, their only source."""

from __future__ import annotations

from configparser import ConfigParser
from functools import lru_cache

from streetsafe_plugin.paths import METADATA


@lru_cache(maxsize=1)
def _general() -> dict[str, str]:
    parser = ConfigParser(interpolation=None)
    parser.read(METADATA, encoding="utf-8")
    return dict(parser["general"])


def name() -> str:
    """Return the plugin's name as users see it."""
    return _general()["name"]


def version() -> str:
    """Return the plugin's version, e.g. `0.1.0`."""
    return _general()["version"]


def homepage() -> str:
    """Return the address of the user manual."""
    return _general()["homepage"]

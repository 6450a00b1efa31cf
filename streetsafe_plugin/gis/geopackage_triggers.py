# SPDX-License-Identifier: GPL-2.0-or-later
"""Tell the triggers that GDAL gives a layer of a GeoPackage from those of somebody else.

A trigger runs with the rows that are written, whatever it does and whoever put it there. It is
GDAL's own only if all it does is keep the spatial index and the count of rows; its name says
nothing, since a stranger's may bear the same.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from osgeo import gdal

#: Tables that are written along with any layer.
_WRITTEN_ALONG = ("gpkg_contents", "gpkg_extensions", "gpkg_geometry_columns", "gpkg_ogr_contents")
_QUOTED = re.compile(r'"(?:[^"]|"")*"')
_CALLED = re.compile(r"(\w+)\(")
_MAY_BE_CALLED = frozenset(("when", "and", "or", "not", "st_isempty"))
_HELD = r'(?:new|old)\.(?:"(?:[^"]|"")+"|\w+)'
_BOUND = rf"st_(?:min|max)[xy]\({_HELD}\)"
_ASSIGNED = rf"(?:min|max)[xy]={_BOUND}"
_WHICH = rf"where id(?:={_HELD}| in\({_HELD}(?:,{_HELD})*\))"


def foreign_triggers(dataset: gdal.Dataset, tables: Collection[str]) -> list[str]:
    """Return the names of the triggers that writing to `tables` would run and GDAL did not make."""
    answer = dataset.ExecuteSQL(
        "SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'trigger' ORDER BY name"
    )
    triggers = [tuple(one.GetField(i) or "" for i in range(3)) for one in answer]
    dataset.ReleaseResultSet(answer)
    ours = {table.casefold() for table in tables}
    indices = tuple(f"rtree_{table}_" for table in ours)
    return [
        name
        for name, on, statement in triggers
        if (on.casefold() in ours and not keeps_index_and_count(on, statement))
        or on.casefold() in _WRITTEN_ALONG
        or on.casefold().startswith(indices)
    ]


def keeps_index_and_count(table: str, statement: str) -> bool:
    """Tell whether a trigger on `table` does nothing but keep its index and its count of rows."""
    # whatever comes after the first such word is looked at, be it the true beginning or not
    head, begin, rest = re.sub(r"\bbegin\b", "\n", _tidied(statement), count=1).partition("\n")
    body = re.fullmatch(r"(.*;)end;?", rest.strip())
    if not begin or body is None:
        return False
    asked = set(_CALLED.findall(_QUOTED.sub('""', head)))
    steps = [step.strip() for step in body.group(1).split(";")]
    return (
        asked <= _MAY_BE_CALLED
        and "select" not in head
        and all(_keeps_index(table, step) or _keeps_count(table, step) for step in steps if step)
    )


def _tidied(sql: str) -> str:
    """Return SQL in small letters, without blanks that mean nothing."""
    return re.sub(r" ?([(),;=]) ?", r"\1", re.sub(r"\s+", " ", sql)).casefold()


def _keeps_index(table: str, step: str) -> bool:
    name = re.escape(_tidied(f"rtree_{table}_".replace('"', '""')))
    index = rf'"{name}(?:[^"]|"")+"'
    assigned = rf"set {_ASSIGNED}(?:,{_ASSIGNED})* ?"
    filled = rf"values\({_HELD}(?:,{_BOUND}){{4}}\)"
    shapes = (
        ("insert (?:or replace )?into ", index, f" {filled}"),
        ("update ", index, f" {assigned}{_WHICH}"),
        ("delete from ", index, f" {_WHICH}"),
    )
    return any(re.fullmatch("".join(shape), step) for shape in shapes)


def _keeps_count(table: str, step: str) -> bool:
    name = re.escape(_tidied(table.replace("'", "''")))
    counted = r"update gpkg_ogr_contents set feature_count=feature_count [+-] 1"
    return re.fullmatch(rf"{counted} where lower\(table_name\)=lower\('{name}'\)", step) is not None

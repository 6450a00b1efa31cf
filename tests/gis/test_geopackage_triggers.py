# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import pytest

from streetsafe_plugin.gis.geopackage_triggers import keeps_index_and_count

TABLE = "my reports (new)"
FILLED = 'NEW."geom" NOTNULL AND NOT ST_IsEmpty(NEW."geom")'
STANDS_FOR = {
    "INDEX": f'"rtree_{TABLE}_geom"',
    "TABLE": f'"{TABLE}"',
    "BOUNDS": 'ST_MinX(NEW."geom"), ST_MaxX(NEW."geom"),ST_MinY(NEW."geom"), ST_MaxY(NEW."geom")',
}


def written_out(statement: str) -> str:
    for word, meaning in STANDS_FOR.items():
        statement = statement.replace(word, meaning)
    return statement


def trigger(what: str, body: str, when: str = FILLED) -> str:
    return written_out(f'CREATE TRIGGER "t" AFTER {what} ON TABLE WHEN ({when}) BEGIN {body} END')


# the shapes of GeoPackage 1.2 as GDAL 3.6 writes them, and those of 1.4 since GDAL 3.7
OWN = [
    trigger("INSERT", 'INSERT OR REPLACE INTO INDEX VALUES (NEW."fid",BOUNDS);'),
    trigger("UPDATE", 'DELETE FROM INDEX WHERE id = OLD."fid";'),
    trigger("UPDATE", 'DELETE FROM INDEX WHERE id IN (OLD."fid", NEW."fid");'),
    trigger(
        "UPDATE",
        'DELETE FROM INDEX WHERE id = OLD."fid";'
        ' INSERT OR REPLACE INTO INDEX VALUES (NEW."fid",BOUNDS);',
    ),
    trigger(
        'UPDATE OF "geom"',
        'UPDATE INDEX SET minx = ST_MinX(NEW."geom"), maxx = ST_MaxX(NEW."geom"),'
        ' miny = ST_MinY(NEW."geom"), maxy = ST_MaxY(NEW."geom") WHERE id = NEW."fid";',
    ),
    trigger("UPDATE", 'INSERT INTO INDEX VALUES (NEW."fid",BOUNDS);'),
    trigger(
        "INSERT",
        "UPDATE gpkg_ogr_contents SET feature_count = feature_count + 1"
        " WHERE lower(table_name) = lower('my reports (new)');",
    ),
]

FOREIGN = [
    trigger("INSERT", "DELETE FROM imports;"),
    trigger("INSERT", 'DELETE FROM INDEX WHERE id = OLD."fid"; DELETE FROM imports;'),
    trigger("INSERT", "DELETE FROM INDEX WHERE id = (SELECT 1);"),
    trigger("INSERT", 'DELETE FROM "rtree_others_geom" WHERE id = OLD."fid";'),
    trigger("DELETE", 'DELETE FROM INDEX WHERE id = OLD."fid";', "load_extension('x')"),
    trigger("DELETE", 'DELETE FROM INDEX WHERE id = OLD."fid";', "EXISTS (SELECT 1)"),
    # what looks like the body stands in a text or a comment, the true one elsewhere
    written_out(
        "CREATE TRIGGER t AFTER INSERT ON TABLE BEGIN/**/DELETE FROM imports WHERE"
        """ ' begin ' <> 'DELETE FROM INDEX WHERE id = OLD."fid"; END'; END"""
    ),
    written_out(
        "CREATE TRIGGER t AFTER INSERT ON TABLE BEGIN DELETE FROM imports; END"
        ' -- BEGIN DELETE FROM INDEX WHERE id = OLD."fid"; END'
    ),
    "CREATE TRIGGER t AFTER INSERT ON x",
    "",
]


@pytest.mark.parametrize("statement", OWN)
def test_what_keeps_the_index_and_the_count_is_gdals_own(statement):
    """Faults 10: without these the index would not find what was written."""
    assert keeps_index_and_count(TABLE, statement)
    in_lines = statement.replace(" BEGIN ", "\nBEGIN\n   ").replace("; ", ";\n   ")
    assert keeps_index_and_count(TABLE, in_lines)


@pytest.mark.parametrize("statement", FOREIGN)
def test_what_does_anything_else_is_not(statement):
    """Faults S17: whatever it is called and however it is written."""
    assert not keeps_index_and_count(TABLE, statement)

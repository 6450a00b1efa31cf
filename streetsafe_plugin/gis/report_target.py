# SPDX-License-Identifier: GPL-2.0-or-later
"""A layer of reports in a GeoPackage or PostGIS, brought up to date in one transaction.

GDAL writes, since a GeoPackage's spatial index is kept by triggers that only its driver can serve.
The transaction begins with a write, so that nobody else can change what is about to be compared;
whatever goes wrong before it is committed leaves the layer exactly as it was.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from osgeo import gdal, ogr
from qgis.core import QgsDataSourceUri, QgsProviderRegistry, QgsVectorLayer, QgsWkbTypes

from streetsafe_plugin.domain.arrays import Moments, Texts
from streetsafe_plugin.domain.errors import InputRefused, WriteFailed
from streetsafe_plugin.domain.progress import Tick
from streetsafe_plugin.domain.reading.table import texts
from streetsafe_plugin.domain.report_update import Content
from streetsafe_plugin.domain.taxonomy import REASON_CODES
from streetsafe_plugin.gis import import_ledger
from streetsafe_plugin.gis.geopackage_triggers import foreign_triggers
from streetsafe_plugin.gis.quiet_gdal import (
    no_gdal_exceptions,
    no_gdal_messages,
    no_write_ahead_log,
)
from streetsafe_plugin.i18n import tr

#: How often, and how long in seconds, somebody else's lock is waited for.
LOCK_TRIES, LOCK_PAUSE_S = 3, 2.0
#: How long a server waits for a lock before it says so.
_SERVER_LOCK_MS = 5_000
#: How long a server that does not answer is waited for.
_SERVER_ANSWER_S = 10
_ROWS_PER_TICK = 1_000
_TEXTS = ("crime_reported", "why_not_reported", "place_source", "flags")
_READ = ("report_id", "submitted_at", "submitted_precision", *REASON_CODES, *_TEXTS)


@dataclass(frozen=True)
class Place:
    """Where a layer of reports is kept: GDAL's name for the source, the table, a name to show.

    Where no table is named it is the layer with that `number`.
    """

    driver: str
    source: str
    table: str
    shown: str
    number: int = 0

    @property
    def in_file(self) -> bool:
        """Tell whether it is a file rather than a database server."""
        return self.driver == "GPKG"


def place_of(layer: QgsVectorLayer) -> Place:
    """Return where a layer is kept.

    Raises:
        InputRefused: neither in a GeoPackage nor in PostGIS, or it is being edited.
    """
    if layer.isEditable():
        raise InputRefused(
            tr("TARGET “{}” is being edited.").format(layer.name()),
            tr("Save the edits or drop them, then run again."),
        )
    if QgsWkbTypes.flatType(layer.wkbType()) != QgsWkbTypes.Type.Point:
        raise InputRefused(
            tr("TARGET “{}” is no layer of points.").format(layer.name()),
            tr("Choose a layer that Import reports has written."),
        )
    if layer.providerType() == "postgres":
        uri = QgsDataSourceUri(layer.source())
        table = f"{uri.schema()}.{uri.table()}" if uri.schema() else uri.table()
        # expanded, since GDAL knows nothing of QGIS's stored passwords
        waits = f"connect_timeout={_SERVER_ANSWER_S} options='-c lock_timeout={_SERVER_LOCK_MS}'"
        return Place("PostgreSQL", f"PG:{uri.connectionInfo(True)} {waits}", table, uri.table())
    parts = QgsProviderRegistry.instance().decodeUri(layer.providerType(), layer.source())
    path = Path(str(parts.get("path") or ""))
    if layer.providerType() != "ogr" or path.suffix.lower() != ".gpkg" or not path.is_file():
        raise InputRefused(
            tr("TARGET “{}” is neither in a GeoPackage nor in PostGIS.").format(layer.name()),
            tr("Save it as a GeoPackage first, or choose another layer."),
        )
    number = int(parts.get("layerId") or 0)
    return Place("GPKG", str(path), str(parts.get("layerName") or ""), path.name, number)


def inspect(place: Place, fields: Sequence[str]) -> None:
    """Refuse early what could not be updated, without changing or locking anything.

    Raises:
        InputRefused: it cannot be written to, or is no layer of reports with those fields.
    """
    # a database's messages may quote rows
    with no_gdal_exceptions(), no_gdal_messages(), no_write_ahead_log():
        if place.in_file:
            _require_writable_folder(Path(place.source))
        target = ReportTarget(place, _open(place))
        try:
            target.check(fields)
        finally:
            target.close()


@contextmanager
def opened(place: Place, tick: Tick) -> Iterator[ReportTarget]:
    """Give the target inside a transaction that is committed on leaving without an error.

    Raises:
        InputRefused: it cannot be written to, somebody else holds it, or it is no layer of reports.
        WriteFailed: the transaction could not be finished; the target is as it was.
    """
    with no_gdal_exceptions(), no_gdal_messages(), no_write_ahead_log():
        target = ReportTarget(place, _open(place))
        try:
            target.begin(tick)
            yield target
            target.commit()
        except BaseException:
            target.roll_back()
            raise
        finally:
            target.close()


class ReportTarget:
    """The rows of a layer of reports while they are being updated."""

    def __init__(self, place: Place, dataset: gdal.Dataset) -> None:
        self.place = place
        self._dataset = dataset
        self._layer = (
            dataset.GetLayerByName(place.table) if place.table else dataset.GetLayer(place.number)
        )
        if self._layer is None:
            raise InputRefused(
                tr("“{}” has no layer “{}”.").format(place.shown, place.table),
                tr("Choose the layer again."),
            )
        self._fids: list[int] = []
        self._count = 0

    def begin(self, tick: Tick) -> None:
        """Start the transaction and take the lock, waiting a while for somebody else's."""
        for attempt in range(LOCK_TRIES):
            if self._dataset.StartTransaction() == ogr.OGRERR_NONE and self._lock():
                return
            self._dataset.RollbackTransaction()
            if attempt + 1 < LOCK_TRIES:
                _wait(LOCK_PAUSE_S, tick)
        raise InputRefused(
            tr("“{}” is in use by somebody else, or by an edit that is not saved.").format(
                self.place.shown
            ),
            tr("Save or close it there, then run again; nothing was changed."),
        )

    def check(self, fields: Sequence[str]) -> None:
        """Refuse a target that lacks fields, or that would do more than keep the rows."""
        definition = self._layer.GetLayerDefn()
        kinds = {
            definition.GetFieldDefn(i).GetName(): definition.GetFieldDefn(i).GetType()
            for i in range(definition.GetFieldCount())
        }
        missing = [name for name in fields if name not in kinds]
        if missing:
            raise InputRefused(
                tr("TARGET “{}” lacks the fields {}.").format(self.place.shown, ", ".join(missing)),
                tr("Choose a layer that Import reports has written with the same settings."),
            )
        if (kinds["report_id"], kinds["submitted_at"]) != (ogr.OFTString, ogr.OFTDateTime):
            raise InputRefused(
                tr("TARGET “{}” keeps report_id or submitted_at as another kind of field.").format(
                    self.place.shown
                ),
                tr("Choose a layer that Import reports has written."),
            )
        if not self._layer.GetFIDColumn():
            raise InputRefused(
                tr("TARGET “{}” has no key of whole numbers to find its rows by.").format(
                    self.place.shown
                ),
                tr("Have one added to the table, or choose another layer."),
            )
        self._refuse_another_table_of_imports()
        if self.place.in_file:
            self._refuse_foreign_triggers()

    def content(self, others: Sequence[str], tick: Tick) -> Content:
        """Return what the reports there hold; rows without a report_id are somebody's own."""
        self._count = self._layer.GetFeatureCount()
        names = (*_READ, *others)
        rows = [json.loads(row) for row in self._answers(self._query(names), tick)]
        self._fids = [row[0] for row in rows]
        held = dict(zip(names, zip(*(row[3:] for row in rows)))) if rows else {}

        def said(name: str) -> Texts:
            return texts([one or "" for one in held.get(name, ())])

        crime_reported, why_not_reported, place_source, flags = map(said, _TEXTS)
        return Content(
            said("report_id"),
            np.array([row[1:3] for row in rows], dtype=float).reshape(-1, 2),
            _moments(held.get("submitted_at", ())),
            said("submitted_precision"),
            np.array([held.get(code, ()) for code in REASON_CODES]).T == 1,
            crime_reported,
            why_not_reported,
            place_source,
            flags,
            {name: said(name) for name in others},
        )

    def replace(self, position: int, place: tuple[float, float], values: Mapping[str, Any]) -> None:
        """Give an old report new content; fields of the user's own stay as they are."""
        feature = self._there(position)
        self._fill(feature, place, values)
        self._require(self._layer.SetFeature(feature))

    def set_flags(self, position: int, flags: str) -> None:
        """Change the marks of an old report and nothing else."""
        feature = self._there(position)
        feature.SetField("flags", flags)
        self._require(self._layer.SetFeature(feature))

    def add(self, place: tuple[float, float], values: Mapping[str, Any]) -> None:
        """Add a report."""
        feature = ogr.Feature(self._layer.GetLayerDefn())
        self._fill(feature, place, values)
        self._require(self._layer.CreateFeature(feature))
        self._count += 1

    def enter(self, ledger: Mapping[str, Any]) -> None:
        """Add a row to the table of imports beside the layer."""
        import_ledger.enter(self._dataset, ledger, self._table_of_imports())

    def commit(self) -> None:
        """Make everything stand."""
        self._require(self._layer.SyncToDisk())
        if self._layer.GetFeatureCount() != self._count:
            raise self._unwritten()
        self._require(self._dataset.CommitTransaction())

    def roll_back(self) -> None:
        """Leave everything as it was."""
        self._dataset.RollbackTransaction()

    def close(self) -> None:
        """Let go of the file or connection."""
        self._layer = self._dataset = None

    def _lock(self) -> bool:
        """Take the lock for writing; a transaction takes none before it writes."""
        if self.place.in_file:
            # no row is touched, so that no trigger runs before they are looked at
            return self._does("UPDATE gpkg_contents SET last_change = last_change WHERE 0")
        return self._does(f"LOCK TABLE {self._quoted_table()} IN SHARE ROW EXCLUSIVE MODE")

    def _quoted_table(self) -> str:
        if self.place.in_file:
            return _quoted(self._layer.GetName())
        schema, _, table = self.place.table.rpartition(".")
        return ".".join(_quoted(part) for part in (schema, table) if part)

    def _table_of_imports(self) -> str:
        schema, _, _ = self.place.table.rpartition(".") if not self.place.in_file else ("", "", "")
        return f"{schema}.{import_ledger.TABLE}" if schema else import_ledger.TABLE

    def _there(self, position: int) -> ogr.Feature:
        feature = self._layer.GetFeature(self._fids[position])
        if feature is None:
            raise self._unwritten()
        return feature

    def _answers(self, query: str, tick: Tick) -> list[str]:
        """Return the one text of each row of a query's answer."""
        answer = self._dataset.ExecuteSQL(query)
        if answer is None:
            raise self._unreadable()
        found: list[str] = []
        try:
            for one in answer:
                found.append(one.GetField(0))
                if len(found) % _ROWS_PER_TICK == 0:
                    tick(0.0)
        finally:  # an answer that is not given back keeps the file open
            one = None
            self._dataset.ReleaseResultSet(answer)
        return found

    def _query(self, names: Sequence[str]) -> str:
        """Return a query for one text a row: its number, place and fields as a JSON array."""
        array, x, y = "json_array", "ST_MinX", "ST_MinY"
        if not self.place.in_file:
            array, x, y = "json_build_array", "ST_X", "ST_Y"
        point = _quoted(self._layer.GetGeometryColumn())
        wanted = (_quoted(self._layer.GetFIDColumn()), f"{x}({point})", f"{y}({point})")
        row = f"{array}({', '.join((*wanted, *map(_quoted, names)))})"
        query = ("SELECT", f"CAST({row} AS text)", "FROM", self._quoted_table())
        return " ".join((*query, "WHERE report_id IS NOT NULL"))

    def _does(self, statement: str) -> bool:
        gdal.ErrorReset()
        self._dataset.ReleaseResultSet(self._dataset.ExecuteSQL(statement))
        return bool(gdal.GetLastErrorType() < gdal.CE_Failure)

    def _refuse_another_table_of_imports(self) -> None:
        imports = self._dataset.GetLayerByName(self._table_of_imports())
        if imports is not None and imports.GetLayerDefn().GetFieldIndex("import_id") < 0:
            raise InputRefused(
                tr("Beside TARGET “{}” lies a table “{}” of something else.").format(
                    self.place.shown, import_ledger.TABLE
                ),
                tr("Rename that table, or import into another place."),
            )

    def _refuse_foreign_triggers(self) -> None:
        foreign = foreign_triggers(self._dataset, (self._layer.GetName(), import_ledger.TABLE))
        if foreign:
            raise InputRefused(
                tr("TARGET “{}” has triggers of its own ({}), which would run as well.").format(
                    self.place.shown, ", ".join(foreign)
                ),
                tr("Import into a new GeoPackage instead."),
            )

    def _fill(
        self, feature: ogr.Feature, place: tuple[float, float], values: Mapping[str, Any]
    ) -> None:
        point = ogr.Geometry(ogr.wkbPoint)
        point.AddPoint_2D(*place)
        feature.SetGeometry(point)
        for name, value in values.items():
            if value is None:
                feature.SetFieldNull(name)
            elif isinstance(value, datetime):
                # zone 0: local civil time, whose zone is not written down
                clock = (value.hour, value.minute, value.second)
                feature.SetField(name, value.year, value.month, value.day, *clock, 0)
            else:
                feature.SetField(name, int(value) if isinstance(value, bool) else value)

    def _require(self, result: int) -> None:
        if result != ogr.OGRERR_NONE:
            raise self._unwritten()

    def _unwritten(self) -> WriteFailed:
        return WriteFailed(
            tr("“{}” could not be written; it is as it was.").format(self.place.shown),
            tr("Check the free space and your rights there, and run again."),
        )

    def _unreadable(self) -> InputRefused:
        return InputRefused(
            tr("The reports in “{}” cannot be read.").format(self.place.shown),
            tr("Check your rights there, and that the layer opens in QGIS."),
        )


def _quoted(name: str) -> str:
    """Return a name as SQL takes it, whatever is in it."""
    return '"' + name.replace('"', '""') + '"'


def _moments(written: Sequence[str | None]) -> Moments:
    """Return local civil times; what follows the seconds is a zone that means nothing here."""
    clock = pd.Series(written, dtype=object).str.slice(0, 19).str.replace(" ", "T", regex=False)
    read = pd.to_datetime(clock, format="%Y-%m-%dT%H:%M:%S", errors="coerce")
    return np.asarray(read.to_numpy(), dtype="datetime64[s]")


def _require_writable_folder(file: Path) -> None:
    """Refuse a folder in which the file's journal could not be written.

    Only a new file is tried: opening and closing a database that QGIS has open would, outside
    Windows, let go of QGIS's locks.
    """
    probe = file.with_name(f".{file.stem}.{os.getpid()}.tmp")
    try:
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise InputRefused(
            tr("The folder “{}” of TARGET cannot be written to ({}).").format(
                file.parent.name, error.strerror
            ),
            tr("Copy the file to a folder you may write to, and update it there."),
        ) from error


def _open(place: Place) -> gdal.Dataset:
    dataset = gdal.OpenEx(
        place.source, gdal.OF_VECTOR | gdal.OF_UPDATE, allowed_drivers=[place.driver]
    )
    if dataset is None:
        raise InputRefused(
            tr("TARGET “{}” cannot be opened for writing.").format(place.shown),
            tr("Check your rights, and that nobody has it open in another program."),
        )
    return dataset


def _wait(seconds: float, tick: Tick) -> None:
    """Wait, listening for a press of Cancel."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        tick(0.0)
        time.sleep(0.1)

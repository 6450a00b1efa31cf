# SPDX-License-Identifier: GPL-2.0-or-later
"""A layer of reports in a GeoPackage or PostGIS, brought up to date in one transaction.

GDAL writes, since a GeoPackage's spatial index is kept by triggers that only its driver can serve.
The transaction begins with a write, so that nobody else can change what is about to be compared;
whatever goes wrong before it is committed leaves the layer exactly as it was.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from osgeo import gdal, ogr
from qgis.core import QgsDataSourceUri, QgsProviderRegistry, QgsVectorLayer, QgsWkbTypes

from streetsafe_plugin.domain.errors import InputRefused, WriteFailed
from streetsafe_plugin.domain.progress import Tick
from streetsafe_plugin.domain.reading.table import texts
from streetsafe_plugin.domain.report_update import Content
from streetsafe_plugin.domain.taxonomy import REASON_CODES
from streetsafe_plugin.gis import import_ledger
from streetsafe_plugin.gis.quiet_gdal import no_gdal_exceptions, no_write_ahead_log
from streetsafe_plugin.i18n import tr

#: How often, and how long in seconds, somebody else's lock is waited for.
LOCK_TRIES, LOCK_PAUSE_S = 3, 2.0
#: How long a server waits for a lock before it says so.
_SERVER_LOCK_MS = 5_000
_ROWS_PER_TICK = 1_000
_TEXTS = ("crime_reported", "why_not_reported", "place_source", "flags")
_NEEDED = ("report_id", "submitted_at", "submitted_precision", *REASON_CODES, *_TEXTS)
#: How the names of the triggers begin that GDAL itself gives a table of features.
_OWN_TRIGGERS = ("rtree_{}_", "trigger_insert_feature_count_{}", "trigger_delete_feature_count_{}")


@dataclass(frozen=True)
class Place:
    """Where a layer of reports is kept: GDAL's name for the source, the table, a name to show."""

    driver: str
    source: str
    table: str
    shown: str

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
        connection = f"PG:{uri.connectionInfo(True)} options='-c lock_timeout={_SERVER_LOCK_MS}'"
        return Place("PostgreSQL", connection, table, uri.table())
    parts = QgsProviderRegistry.instance().decodeUri(layer.providerType(), layer.source())
    path = Path(str(parts.get("path") or ""))
    if layer.providerType() != "ogr" or path.suffix.lower() != ".gpkg" or not path.is_file():
        raise InputRefused(
            tr("TARGET “{}” is neither in a GeoPackage nor in PostGIS.").format(layer.name()),
            tr("Save it as a GeoPackage first, or choose another layer."),
        )
    return Place("GPKG", str(path), str(parts.get("layerName") or ""), path.name)


@contextmanager
def opened(place: Place, tick: Tick) -> Iterator[ReportTarget]:
    """Give the target inside a transaction that is committed on leaving without an error.

    Raises:
        InputRefused: it cannot be written to, somebody else holds it, or it is no layer of reports.
        WriteFailed: the transaction could not be finished; the target is as it was.
    """
    with no_gdal_exceptions(), _quiet(), no_write_ahead_log():
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
        self._layer = dataset.GetLayerByName(place.table) if place.table else dataset.GetLayer(0)
        if self._layer is None:
            raise InputRefused(
                tr("“{}” has no layer “{}”.").format(place.shown, place.table),
                tr("Choose the layer again."),
            )
        self._fids: list[int] = []

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
        there = {definition.GetFieldDefn(i).GetName() for i in range(definition.GetFieldCount())}
        missing = [name for name in (*_NEEDED, *fields) if name not in there]
        if missing:
            raise InputRefused(
                tr("TARGET “{}” lacks the fields {}.").format(self.place.shown, ", ".join(missing)),
                tr("Choose a layer that Import reports has written with the same settings."),
            )
        if self.place.in_file:
            self._refuse_foreign_triggers()

    def content(self, others: Sequence[str], tick: Tick) -> Content:
        """Return what the reports there hold; rows without a report_id are somebody's own."""
        kept: list[tuple[Any, ...]] = []
        self._layer.ResetReading()
        for number, feature in enumerate(self._layer):
            if number % _ROWS_PER_TICK == 0:
                tick(0.0)
            report_id = feature.GetField("report_id")
            geometry = feature.GetGeometryRef()
            if report_id is None:
                continue
            place = (np.nan, np.nan) if geometry is None else (geometry.GetX(), geometry.GetY())
            ticked = [feature.GetField(code) == 1 for code in REASON_CODES]
            said = [feature.GetField(name) or "" for name in (*_TEXTS, *others)]
            precision = feature.GetField("submitted_precision") or ""
            row = (feature.GetFID(), report_id, place, _moment(feature), precision, ticked, said)
            kept.append(row)
        self._fids = [row[0] for row in kept]
        columns = [texts([row[6][i] for row in kept]) for i in range(len(_TEXTS) + len(others))]
        crime_reported, why_not, place_source, flags = columns[: len(_TEXTS)]
        return Content(
            texts([row[1] for row in kept]),
            np.array([row[2] for row in kept], dtype=float).reshape(-1, 2),
            np.array([row[3] for row in kept], dtype="datetime64[s]"),
            texts([row[4] for row in kept]),
            np.array([row[5] for row in kept], dtype=bool).reshape(-1, len(REASON_CODES)),
            crime_reported,
            why_not,
            place_source,
            flags,
            dict(zip(others, columns[len(_TEXTS) :])),
        )

    def replace(self, position: int, place: tuple[float, float], values: Mapping[str, Any]) -> None:
        """Give an old report new content; fields of the user's own stay as they are."""
        feature = self._layer.GetFeature(self._fids[position])
        self._fill(feature, place, values)
        self._require(self._layer.SetFeature(feature))

    def set_flags(self, position: int, flags: str) -> None:
        """Change the marks of an old report and nothing else."""
        feature = self._layer.GetFeature(self._fids[position])
        feature.SetField("flags", flags)
        self._require(self._layer.SetFeature(feature))

    def add(self, place: tuple[float, float], values: Mapping[str, Any]) -> None:
        """Add a report."""
        feature = ogr.Feature(self._layer.GetLayerDefn())
        self._fill(feature, place, values)
        self._require(self._layer.CreateFeature(feature))

    def enter(self, ledger: Mapping[str, Any]) -> None:
        """Add a row to the table of imports beside the layer."""
        schema, _, _ = self.place.table.rpartition(".")
        table = f"{schema}.{import_ledger.TABLE}" if schema else import_ledger.TABLE
        import_ledger.enter(self._dataset, ledger, table)

    def commit(self) -> None:
        """Make everything stand."""
        self._require(self._layer.SyncToDisk())
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
            return self._does("UPDATE gpkg_contents SET last_change = last_change")
        schema, _, table = self.place.table.rpartition(".")
        name = ".".join('"' + part.replace('"', '""') + '"' for part in (schema, table) if part)
        return self._does(f"LOCK TABLE {name} IN SHARE ROW EXCLUSIVE MODE")

    def _does(self, statement: str) -> bool:
        gdal.ErrorReset()
        self._dataset.ReleaseResultSet(self._dataset.ExecuteSQL(statement))
        return bool(gdal.GetLastErrorType() < gdal.CE_Failure)

    def _refuse_foreign_triggers(self) -> None:
        table = self._layer.GetName()
        own = tuple(beginning.format(table).casefold() for beginning in _OWN_TRIGGERS)
        answer = self._dataset.ExecuteSQL(
            "SELECT name, tbl_name FROM sqlite_master WHERE type = 'trigger'"
        )
        triggers = [(one.GetField(0), one.GetField(1)) for one in answer]
        self._dataset.ReleaseResultSet(answer)
        foreign = [
            name
            for name, on in triggers
            if on.casefold() == table.casefold() and not name.casefold().startswith(own)
        ]
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
            raise WriteFailed(
                tr("“{}” could not be written; it is as it was.").format(self.place.shown),
                tr("Check the free space and your rights there, and run again."),
            )


def _moment(feature: ogr.Feature) -> datetime | None:
    if not feature.IsFieldSetAndNotNull("submitted_at"):
        return None
    year, month, day, hour, minute, second, _ = feature.GetFieldAsDateTime("submitted_at")
    return datetime(year, month, day, hour, minute, int(second))


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


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep what GDAL says to itself: a database's messages may quote rows."""
    gdal.PushErrorHandler("CPLQuietErrorHandler")
    try:
        yield
    finally:
        gdal.PopErrorHandler()

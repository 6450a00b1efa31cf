# SPDX-License-Identifier: GPL-2.0-or-later
"""A PostGIS server of the tests' own: on loopback, in a folder that goes with them."""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from osgeo import gdal

_SERVERS = Path("/usr/lib/postgresql")
_EXTENSIONS = Path("/usr/share/postgresql")
_NUMBERS = itertools.count(1)


class Rows:
    """Asks the server for rows of one schema, each a list of texts."""

    def __init__(self, connection: str, schema: str) -> None:
        self.connection = f"{connection} active_schema={schema}"
        self.schema = schema

    def __call__(self, query: str) -> list[list[str]]:
        dataset = gdal.OpenEx(f"PG:{self.connection}", gdal.OF_VECTOR)
        answer = dataset.ExecuteSQL(query)
        rows = [[one.GetFieldAsString(i) for i in range(one.GetFieldCount())] for one in answer]
        dataset.ReleaseResultSet(answer)
        return rows

    @contextmanager
    def locked(self, table: str) -> Iterator[None]:
        """Hold the lock of an edit that somebody else has not saved."""
        dataset = gdal.OpenEx(f"PG:{self.connection}", gdal.OF_VECTOR | gdal.OF_UPDATE)
        dataset.StartTransaction()
        dataset.ExecuteSQL(f"LOCK TABLE {table} IN ROW EXCLUSIVE MODE")
        yield
        dataset.RollbackTransaction()


@pytest.fixture(scope="session")
def postgis_server() -> Iterator[str]:
    """Start a server and return how to connect to it; skip where there is none to start."""
    programs = sorted(_SERVERS.glob("*/bin/initdb"))
    if not programs or not list(_EXTENSIONS.glob("*/extension/postgis.control")):
        pytest.skip("PostgreSQL with PostGIS is not installed")
    folder = Path(tempfile.mkdtemp(prefix="streetsafe-postgis-"))
    user = _unprivileged_user()
    if user is not None:
        shutil.chown(folder, user)
    binaries = programs[-1].parent

    def run(program: str, *arguments: str) -> None:
        subprocess.run(
            [str(binaries / program), *arguments],
            check=True,
            user=user,
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    data, port = str(folder / "data"), _free_port()
    run("initdb", "--pgdata", data, "--auth", "trust", "--username", "tester", "--no-sync")
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c fsync=off -k {folder}"
    run("pg_ctl", "--pgdata", data, "--wait", "--log", str(folder / "log"), "-o", options, "start")
    try:
        connection = f"host=127.0.0.1 port={port} user=tester dbname=postgres"
        run("psql", connection, "--command", "CREATE EXTENSION postgis")
        yield connection
    finally:
        run("pg_ctl", "--pgdata", data, "--mode", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgis(postgis_server: str, tmp_path: Path):
    """Return a function that imports an extract into a table of the server, and its rows."""
    from qgis.core import (
        QgsCoordinateReferenceSystem,
        QgsDataSourceUri,
        QgsVectorLayer,
        QgsVectorLayerExporter,
    )

    # a schema for each test: QGIS keeps connections to the tables of the last one open
    schema = f"test_{next(_NUMBERS)}"
    dataset = gdal.OpenEx(f"PG:{postgis_server}", gdal.OF_VECTOR | gdal.OF_UPDATE)
    dataset.ExecuteSQL(f"CREATE SCHEMA {schema}")
    del dataset
    rows = Rows(postgis_server, schema)
    parts = dict(part.split("=") for part in postgis_server.split())
    uri = QgsDataSourceUri()
    uri.setConnection(parts["host"], parts["port"], parts["dbname"], parts["user"], "")
    uri.setDataSource(schema, "reports", "geom", "", "id")

    def import_into(run_algorithm, source: str) -> QgsVectorLayer:
        path = tmp_path / "for the server.gpkg"
        outcome = run_algorithm("importreports", {"SOURCE": source, "OUTPUT": str(path)})
        bng = QgsCoordinateReferenceSystem("EPSG:27700")
        layer = outcome.layer("OUTPUT")
        error, message = QgsVectorLayerExporter.exportLayer(layer, uri.uri(), "postgres", bng)
        assert int(error) == 0, message
        kept = QgsVectorLayer(uri.uri(), "reports on the server", "postgres")
        assert kept.isValid()
        return kept

    return import_into, rows


def _unprivileged_user() -> str | None:
    """Return whom to run the server as; it refuses to run as root."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

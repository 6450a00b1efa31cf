# SPDX-License-Identifier: GPL-2.0-or-later
"""Invented reports, crimes, boundaries and a project, to learn and to test with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsFillSymbol,
    QgsLayerMetadata,
    QgsMapLayer,
    QgsMarkerSymbol,
    QgsProcessing,
    QgsProcessingAlgorithm,
    QgsProcessingOutputFile,
    QgsProcessingOutputVectorLayer,
    QgsProcessingParameterFolderDestination,
    QgsProcessingParameterNumber,
    QgsRectangle,
    QgsSingleSymbolRenderer,
    QgsSymbol,
    QgsVectorLayer,
)

from streetsafe_plugin.algorithms import park_layers
from streetsafe_plugin.algorithms.base import Answers, Group, Run, StreetSafeAlgorithm
from streetsafe_plugin.compat import text_field
from streetsafe_plugin.domain import sample_files, samples
from streetsafe_plugin.domain.intervention_overlaps import overlaps
from streetsafe_plugin.domain.parks import M2_PER_HA, Park, read_register
from streetsafe_plugin.gis import store, styling
from streetsafe_plugin.gis.crs import transform_xy
from streetsafe_plugin.gis.park_forms import interventions_form, parks_form
from streetsafe_plugin.gis.project_file import ProjectGroup, ProjectLayer, save_project
from streetsafe_plugin.i18n import tr
from streetsafe_plugin.paths import resource

FOLDER, SEED, REPORTS = "FOLDER", "SEED", "REPORTS"
REPORTS_LONLAT, REPORTS_BNG = "REPORTS_LONLAT", "REPORTS_BNG"
REPORTS_GEOJSON, REPORTS_GPKG = "REPORTS_GEOJSON", "REPORTS_GPKG"
CRIMES, BOUNDARIES, AREA = "CRIMES", "BOUNDARIES", "AREA"
PARKS, INTERVENTIONS = "PARKS", "INTERVENTIONS"
README, PROJECT = "README", "PROJECT"

FILES = {
    REPORTS_LONLAT: "sample_reports_lonlat_invented.csv",
    REPORTS_BNG: "sample_reports_bng_invented.csv",
    REPORTS_GEOJSON: "sample_reports_invented.geojson",
    REPORTS_GPKG: "sample_reports_invented.gpkg",
    CRIMES: "sample_crimes_invented.zip",
    BOUNDARIES: "sample_park_boundaries_invented.gpkg",
    PARKS: "sample_parks_invented.gpkg",
    INTERVENTIONS: "sample_interventions_invented.gpkg",
    AREA: "sample_study_area_invented.gpkg",
    README: "README.txt",
    PROJECT: "sample_project_invented.qgz",
}

DEFAULT_SEED = 2021
DEFAULT_REPORTS = 1200
MOST_REPORTS = 20_000
CRIMES_A_MONTH = 1500

_NATIONAL_GRID = QgsCoordinateReferenceSystem("EPSG:27700")
_DEGREES = QgsCoordinateReferenceSystem("EPSG:4326")
_NAME, _STATUS = "name", "status"
_INVENTED_OUTLINE = "INVENTED SAMPLE, not a real boundary"


class SampleData(StreetSafeAlgorithm):
    """Write a folder of invented data in the shapes in which real extracts come."""

    ID = "sampledata"
    GROUP = Group.REPORTS

    def displayName(self) -> str:
        """Return the name in the toolbox."""
        return tr("Make sample data")

    def shortDescription(self) -> str:
        """Return the tooltip."""
        return tr("Invented reports, crimes and park boundaries to try everything on")

    def tags(self) -> list[str]:
        """Return the words by which the toolbox finds it."""
        return tr("sample,example,demo,test,invented,training").split(",")

    def shortHelpString(self) -> str:
        """Return the help."""
        return tr(
            "Writes invented data to try StreetSafe on: the same reports in four files as"
            " different systems would export them, street-level crime in a ZIP laid out as"
            " data.police.uk does, outlines for the parks of the register, measures in some of"
            " them, a sketched study area, and a project to open.\n\n"
            "Nothing in it is real, and every file, row and outline says so. A few rows are wrong"
            " on purpose; README.txt states exactly what an import must accept, reject and count"
            " as duplicates.\n\n"
            "The same seed and number of reports give the same sample again. Files of the same"
            " names in the folder are replaced."
        )

    def flags(self) -> QgsProcessingAlgorithm.Flag:
        """Keep to the thread of the windows, where a project may be put together."""
        return super().flags() | QgsProcessingAlgorithm.Flag.FlagNoThreading

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        """Declare the parameters and outputs."""
        whole = QgsProcessingParameterNumber.Type.Integer
        folder = QgsProcessingParameterFolderDestination(FOLDER, tr("Folder"))
        self.ask(folder, tr("Where the files go. It is made if it does not exist."))
        self.ask(
            QgsProcessingParameterNumber(
                SEED, tr("Seed"), whole, DEFAULT_SEED, True, 0, 2_147_483_647
            ),
            tr("Another number gives another sample; the same number gives the same."),
        )
        self.ask(
            QgsProcessingParameterNumber(
                REPORTS, tr("Number of reports"), whole, DEFAULT_REPORTS, True, 1, MOST_REPORTS
            ),
            tr("How many good reports to invent; some faulty rows come on top."),
        )
        for name, label in (
            (REPORTS_LONLAT, tr("Reports, longitude and latitude (CSV)")),
            (REPORTS_BNG, tr("Reports, easting and northing (CSV)")),
            (REPORTS_GEOJSON, tr("Reports (GeoJSON)")),
            (CRIMES, tr("Crimes (ZIP)")),
            (README, tr("What is in the folder")),
            (PROJECT, tr("Project")),
        ):
            self.addOutput(QgsProcessingOutputFile(name, label))
        for name, label, kind in (
            (REPORTS_GPKG, tr("Reports (GeoPackage)"), QgsProcessing.SourceType.TypeVectorPoint),
            (BOUNDARIES, tr("Park outlines"), QgsProcessing.SourceType.TypeVectorPolygon),
            (PARKS, tr("Parks"), QgsProcessing.SourceType.TypeVectorPolygon),
            (INTERVENTIONS, tr("Interventions"), QgsProcessing.SourceType.TypeVector),
            (AREA, tr("Study area"), QgsProcessing.SourceType.TypeVectorPolygon),
        ):
            self.addOutput(QgsProcessingOutputVectorLayer(name, label, kind))

    def refusals(self, answers: Answers) -> Iterator[str]:
        """Refuse a folder that cannot be made without making others on the way."""
        answers.check_folder(FOLDER)
        yield from ()

    def execute(self, run: Run) -> dict[str, Any]:
        """Invent everything, then write it: cancelling leaves nothing."""
        seed, count = run.integer(SEED), run.integer(REPORTS)
        tick = run.stage(0.0, 0.5)
        tick(0.0)
        register = _bundled_register()
        boundaries = samples.invent_boundaries(_places(run, register), seed)
        reports = samples.invent_reports(count, boundaries, seed)
        tick(0.5)
        rows = samples.with_defects(reports, seed)
        months = samples.invent_crimes(CRIMES_A_MONTH, boundaries, seed)
        tick(1.0)
        folder = Path(run.algorithm.parameterAsFileOutput(run.parameters, FOLDER, run.context))
        folder.mkdir(parents=True, exist_ok=True)
        return _Sample(run, folder, seed, register, boundaries, rows, months).write()


class _Sample:
    """One invented sample on its way into a folder."""

    def __init__(
        self,
        run: Run,
        folder: Path,
        seed: int,
        register: Sequence[Park],
        boundaries: Sequence[samples.ParkBoundary],
        rows: Sequence[samples.SampleReport],
        months: dict[str, list[samples.SampleCrime]],
    ) -> None:
        self._run = run
        self._folder = folder
        self._seed = seed
        self._register = register
        self._boundaries = boundaries
        self._rows = rows
        self._layer_rows = samples.rows_for_layers(rows)
        self._months = months
        self._written: dict[str, Any] = {FOLDER: str(folder)}

    def write(self) -> dict[str, Any]:
        """Write every file and return the outputs."""
        lonlat = self._lonlat([row.place for row in self._rows])
        self._bytes(REPORTS_LONLAT, sample_files.reports_csv_lonlat(self._rows, lonlat))
        self._bytes(REPORTS_BNG, sample_files.reports_csv_bng(self._rows))
        self._bytes(
            REPORTS_GEOJSON,
            sample_files.reports_geojson(
                self._layer_rows, self._lonlat([row.place for row in self._layer_rows])
            ),
        )
        self._run.feedback.setProgress(65)
        self._report_layer()
        self._outline_layers()
        self._park_layers()
        self._run.feedback.setProgress(80)
        self._crime_file()
        self._readme()
        self._project()
        self._run.say(
            tr("Invented sample written to “{}”. README.txt says what an import must find.").format(
                self._folder.name
            )
        )
        return self._written

    def _path(self, name: str) -> Path:
        return self._folder / FILES[name]

    def _bytes(self, name: str, content: bytes) -> None:
        with store.beside(self._path(name)) as pending:
            pending.temporary.write_bytes(content)
        self._written[name] = str(pending.final)

    def _lonlat(self, places: Sequence[tuple[int, int] | None]) -> np.ndarray:
        """Return the places in degrees, NaN where there is none."""
        xy = np.array([place or (np.nan, np.nan) for place in places], dtype=float)
        return transform_xy(xy, _NATIONAL_GRID, _DEGREES, self._run.context.transformContext())

    def _report_layer(self) -> None:
        self._layer(
            REPORTS_GPKG,
            tr("Reports (invented)"),
            sample_files.LAYER_FIELDS,
            [(row.place, sample_files.layer_values(row)) for row in self._layer_rows],
            QgsMarkerSymbol.createSimple(
                {"name": "circle", "size": "1.6", "color": "#6a3d9a", "outline_color": "#ffffff"}
            ),
        )

    def _outline_layers(self) -> None:
        self._layer(
            BOUNDARIES,
            tr("Park outlines (invented)"),
            (_NAME, _STATUS),
            [(one.shape, [one.name, _INVENTED_OUTLINE]) for one in self._boundaries],
            QgsFillSymbol.createSimple(
                {"color": "#b7d7a8", "outline_color": "#38761d", "outline_width": "0.4"}
            ),
        )
        self._layer(
            AREA,
            tr("Study area (invented)"),
            (_NAME, _STATUS),
            [(samples.study_area(), [tr("Sketched study area"), _INVENTED_OUTLINE])],
            QgsFillSymbol.createSimple(
                {"style": "no", "outline_color": "#555555", "outline_width": "0.6"}
            ),
        )

    def _layer(
        self,
        name: str,
        title: str,
        fields: Sequence[str],
        rows: Sequence[store.Row],
        symbol: QgsSymbol,
    ) -> None:
        geometry = "point" if name == REPORTS_GPKG else "polygon"
        spec = store.LayerSpec(
            title, [text_field(field) for field in fields], geometry, _NATIONAL_GRID
        )
        self._write(name, spec, title, rows, _drawn_with(symbol), (fields[0], fields[-1]))

    def _park_layers(self) -> None:
        """Write the parks with what was done in them; the outlines stand in register order."""
        parks = [
            (
                outline.shape,
                [
                    park.park_id,
                    park.name,
                    park.district,
                    park.lad_code,
                    park.scheme,
                    outline.shape.area / M2_PER_HA,
                    "supplied",
                    None,
                    outline.name,
                    None,
                    _INVENTED_OUTLINE,
                ],
            )
            for park, outline in zip(self._register, self._boundaries)
        ]
        measures = samples.invent_interventions(
            [park.park_id for park in self._register], self._seed
        )
        self._write(
            PARKS,
            park_layers.parks_spec(_NATIONAL_GRID),
            tr("Parks (invented outlines)"),
            parks,
            styling.from_file("parks"),
            ("park_name", "note"),
            parks_form,
        )
        self._write(
            INTERVENTIONS,
            park_layers.interventions_spec(),
            tr("Interventions (invented)"),
            park_layers.intervention_rows(measures, overlaps(measures)),
            None,
            (),
            interventions_form,
        )

    def _write(
        self,
        name: str,
        spec: store.LayerSpec,
        title: str,
        rows: Sequence[store.Row],
        style: styling.Style | None,
        tip_fields: tuple[str, ...],
        form: styling.Style | None = None,
    ) -> None:
        metadata = QgsLayerMetadata()
        metadata.setTitle(title)
        metadata.setAbstract(tr("Invented for trying StreetSafe. Nothing in it is real."))
        metadata.setHistory(self._run.history())
        finish = styling.Finish(title, style, metadata, tip_fields=tip_fields, form=form)
        context = self._run.context.transformContext()
        path = store.write_layer(self._path(name), spec, rows, context, finish)
        self._written[name] = str(path)

    def _crime_file(self) -> None:
        lonlat = {
            month: self._lonlat([crime.place for crime in crimes])
            for month, crimes in self._months.items()
        }
        self._bytes(CRIMES, sample_files.crimes_zip(self._months, lonlat))

    def _readme(self) -> None:
        in_csv = samples.expected_account(self._rows)
        in_layer = samples.expected_account(self._layer_rows)
        accounts = {
            Path(self._written[name]).name: account
            for name, account in (
                (REPORTS_LONLAT, in_csv),
                (REPORTS_BNG, in_csv),
                (REPORTS_GEOJSON, in_layer),
                (REPORTS_GPKG, in_layer),
            )
        }
        crime_file = Path(self._written[CRIMES]).name
        parks = len(self._boundaries) - len(samples.DECOYS)
        self._bytes(
            README, sample_files.readme(accounts, self._months, crime_file, parks, self._seed)
        )

    def _project(self) -> None:
        """Put the layers into a project that opens on the study area."""
        groups = [
            ProjectGroup("reports", tr("Reports"), [self._listed(REPORTS_GPKG)]),
            ProjectGroup(
                "parks",
                tr("Parks"),
                [
                    self._listed(PARKS),
                    self._listed(BOUNDARIES, visible=False),
                    self._listed(INTERVENTIONS),
                ],
            ),
            ProjectGroup("area", tr("Area"), [self._listed(AREA)]),
        ]
        view = QgsRectangle(*samples.study_area().buffer(1000.0).bounds)
        path = save_project(
            self._path(PROJECT), tr("StreetSafe sample (invented)"), groups, _NATIONAL_GRID, view
        )
        self._written[PROJECT] = str(path)

    def _listed(self, name: str, visible: bool = True) -> ProjectLayer:
        path = Path(self._written[name])
        layer = QgsVectorLayer(str(path), "", "ogr")
        layer.setName(layer.metadata().title() or path.stem)
        return ProjectLayer(layer, visible)


def _drawn_with(symbol: QgsSymbol) -> styling.Style:
    def apply(layer: QgsMapLayer) -> None:
        layer.setRenderer(QgsSingleSymbolRenderer(symbol.clone()))

    return apply


def _bundled_register() -> list[Park]:
    """Return the parks of the bundled register whose place is known."""
    path = resource("register", "parks.csv")
    parks = read_register(path.read_text(encoding="utf-8"), path.name)
    return [park for park in parks if park.place is not None]


def _places(run: Run, register: Sequence[Park]) -> list[samples.ParkPlace]:
    """Return the parks with their places in the National Grid."""
    places = []
    for park in register:
        if park.place is None:
            continue
        xy = np.array([[park.place.x, park.place.y]])
        if park.place.in_degrees:
            xy = transform_xy(xy, _DEGREES, _NATIONAL_GRID, run.context.transformContext())
        places.append(
            samples.ParkPlace(
                park.park_id, park.name, float(xy[0, 0]), float(xy[0, 1]), park.area_ha
            )
        )
    return places

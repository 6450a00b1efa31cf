# SPDX-License-Identifier: GPL-2.0-or-later
"""What the toolbox, the modeler and `qgis_process help` show of every algorithm."""

from __future__ import annotations

import pytest

PROMISED = [
    "importreports", "importcrimes", "loadparks", "heatmap", "parkrings", "parkanalysis",
    "exportbriefing", "sampledata", "updatereports", "evaluatepark", "evaluatecounts",
    "timeprofile", "crimegap", "fixlist", "hotspotgrid", "hotspotcoverage", "clustertest",
    "disclosurecopy",
    "shareproject", "verifyresult",
]  # fmt: skip


def hidden(parameter) -> bool:
    from qgis.core import QgsProcessingParameterDefinition

    return bool(parameter.flags() & QgsProcessingParameterDefinition.Flag.FlagHidden)


def test_every_promised_algorithm_is_there_and_no_other(provider):
    assert sorted(a.name() for a in provider.algorithms()) == sorted(PROMISED)
    assert provider.id() == "streetsafe"


@pytest.mark.parametrize("name", PROMISED)
def test_it_says_what_it_is_for(provider, name):
    algorithm = provider.algorithm(name)
    for said in (
        algorithm.displayName(),
        algorithm.group(),
        algorithm.groupId(),
        algorithm.shortDescription(),
        algorithm.shortHelpString(),
    ):
        assert said.strip()
    assert len(algorithm.tags()) >= 3
    assert not algorithm.icon().isNull()


@pytest.mark.parametrize("name", PROMISED)
def test_every_parameter_has_a_label_and_a_sentence_of_help(provider, name):
    for parameter in provider.algorithm(name).parameterDefinitions():
        assert parameter.name() == parameter.name().upper()
        assert parameter.description().strip(), parameter.name()
        assert hidden(parameter) or parameter.help().strip(), parameter.name()


@pytest.mark.parametrize("name", PROMISED)
def test_outputs_are_named_as_parameters_are(provider, name):
    outputs = provider.algorithm(name).outputDefinitions()
    assert outputs
    for output in outputs:
        assert output.name() == output.name().upper()
        assert output.description().strip(), output.name()

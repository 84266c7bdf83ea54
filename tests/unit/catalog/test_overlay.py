"""Layers of a catalogue: later rows add to earlier ones or override their fields, and every mistake keeps its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.catalog.check import findings
from gateway.catalog.compile import compile_catalog
from gateway.catalog.data import shipped, shipped_catalog
from gateway.catalog.facts import Catalog
from gateway.catalog.overlay import overlaid
from gateway.errors import Problem, Problems
from gateway.source import parse
from tests.unit.catalog.small import KNOWN, LABS, MODELS, OPERATORS, PRICE, WIRE

BASE = LABS + MODELS + OPERATORS
ASLEEP = f"{{id: acorn@self, enabled: false, {KNOWN}, {PRICE}, hosting: self, api: openai, base_url: http://box/v1, source: us, checked: 2026-11-01}}"  # noqa: E501
ENDPOINTS = f"endpoints:\n  - {ASLEEP}\n  - {{id: acorn@mill, {KNOWN}, {PRICE}, {WIRE}, source: the mill}}\n"


def layered(*layers: str) -> Catalog:
    documents = [[parse(text.encode(), f"layer{number}/all.yaml")] for number, text in enumerate(layers)]
    return compile_catalog(overlaid(documents), shipped())


def problems(*layers: str) -> tuple[Problem, ...]:
    with pytest.raises(Problems) as wrong:
        layered(*layers)
    return tuple(wrong.value.problems)


def test_a_later_row_overrides_the_fields_it_names_and_keeps_the_others():
    catalog = layered(BASE + ENDPOINTS, "endpoints: [{id: acorn@self, enabled: true, base_url: 'http://mine/v1'}]\n")

    endpoint = catalog.endpoints["acorn@self"]
    assert (endpoint.enabled, endpoint.base_url, endpoint.hosting) == (True, "http://mine/v1", "self")
    assert endpoint.storage.known == {"DE"} and endpoint.prices[0].output == 2
    assert list(catalog.endpoints) == ["acorn@self", "acorn@mill"]


def test_of_three_layers_the_last_that_names_a_field_is_believed():
    catalog = layered(
        BASE + ENDPOINTS,
        "endpoints: [{id: acorn@mill, retention_days: 3, trains_on_data: true}]\n",
        "endpoints: [{id: acorn@mill, retention_days: 7}]\nlabs: [{id: fog, country: SE}]\n",
    )

    endpoint = catalog.endpoints["acorn@mill"]
    assert (endpoint.retention_days, endpoint.trains_on_data) == (7, True)
    assert catalog.labs["fog"].country == "SE"


def test_null_makes_a_fact_unknown_again():
    catalog = layered(BASE + ENDPOINTS, "endpoints: [{id: acorn@mill, storage: null}]\n")

    assert not catalog.endpoints["acorn@mill"].storage.complete


def test_rows_of_other_ids_are_added_behind():
    catalog = layered(
        BASE + ENDPOINTS, f"endpoints: [{{id: cone@mill, {KNOWN}, {WIRE}}}]\nmodels: [{{id: pip, lab: oak}}]\n"
    )

    assert list(catalog.endpoints)[-1] == "cone@mill" and "pip" in catalog.models


def test_the_last_layer_that_says_what_an_endpoint_costs_is_believed_alone():
    bills = "prices: [{endpoint: acorn@mill, rows: [{since: 2026-05-01, input: 3, output: 4}]}]\n"
    inline = "endpoints: [{id: acorn@mill, prices: [{since: 2026-02-01, input: 9, output: 9}]}]\n"

    assert [price.output for price in layered(BASE + ENDPOINTS, bills).endpoints["acorn@mill"].prices] == [4]
    third = layered(BASE + ENDPOINTS, bills, inline).endpoints["acorn@mill"]
    assert [price.output for price in third.prices] == [9]


def test_each_layer_keeps_its_source():
    catalog = layered(BASE + ENDPOINTS, "endpoints: [{id: acorn@mill, storage: [FR], source: our contract}]\n")
    silent = layered(BASE + ENDPOINTS, "endpoints: [{id: acorn@mill, storage: [FR]}]\n")
    unsaid = layered(BASE + ENDPOINTS, "labs: [{id: fog, country: SE, source: a letter}]\n")

    assert catalog.endpoints["acorn@mill"].source == "the mill; storage: our contract"
    assert silent.endpoints["acorn@mill"].source == "the mill; storage: layer1/all.yaml"
    assert unsaid.labs["fog"].source is None, "of its name nobody says where it was read"
    assert any(found.id == "fog" and "source" in found.message for found in findings(unsaid))


def test_a_mistake_in_a_layer_is_told_at_its_own_place():
    (wrong,) = problems(BASE + ENDPOINTS, "# mine\nendpoints:\n  - {id: acorn@self, base_ur: x, enabled: true}\n")
    assert wrong.place is not None
    assert (wrong.message, wrong.place.file, wrong.place.line) == (
        "no field is called `base_ur`",
        "layer1/all.yaml",
        3,
    )

    (below,) = problems(BASE + ENDPOINTS.replace("[DE]", "[XX]", 1), "endpoints: [{id: acorn@self, enabled: true}]\n")
    assert below.place is not None and below.place.file == "layer0/all.yaml"


def test_a_second_row_of_one_layer_is_a_mistake_and_overrides_nothing():
    row = f"{{id: acorn@mill, {KNOWN}, {WIRE}}}"
    wrong = problems(BASE + ENDPOINTS, f"endpoints: [{row}, {row}]\n")

    assert [problem.message for problem in wrong] == ["`acorn@mill` is declared twice"]


@pytest.mark.parametrize("layer", ["endpoints: 5\n", "endpoints: [5]\n", "endpoints: [{enabled: true}]\n", "[]\n"])
def test_what_is_no_list_of_rows_is_told_and_ends_nothing(layer):
    assert all(problem.place is None or problem.place.file == "layer1/all.yaml" for problem in problems(BASE, layer))


@pytest.mark.thorough
def test_the_package_holds_the_catalogue_that_ships_and_no_own_machine_of_it_is_enabled():
    documents = [parse(data, name) for name, data in shipped_catalog().items()]
    catalog = compile_catalog(documents, shipped())

    own = [endpoint for endpoint in catalog.endpoints.values() if endpoint.operator.id == "self"]
    assert own and not any(endpoint.enabled for endpoint in own)
    assert all(e.enabled for e in catalog.endpoints.values() if e.operator.id != "self")


def test_every_file_of_the_shipped_folder_is_in_the_package():
    root = Path(__file__).parents[3]
    folders = (root / "policies" / "catalog", root / "gateway" / "catalog" / "shipped")

    assert len({tuple(sorted(path.name for path in folder.glob("*.yaml"))) for folder in folders}) == 1

"""All that is known of a thing, found by what a reader calls it, and what it costs."""

from __future__ import annotations

import json

import pytest

from gateway.catalog.check import findings
from gateway.catalog.lookup import find_endpoint, find_lab, find_model, find_operator
from gateway.catalog.quote import quote
from gateway.catalog.show import endpoint_row, lab_row, model_row, operator_row, whole
from gateway.errors import GatewayError
from tests.unit.catalog.small import KNOWN, PRICE, WIRE, catalog, endpoint, standing

MORE = f"""
labs:
  - {{id: elm, name: Elm, country: US, lists: [us_1260h], screened: 2026-11-01, owner: Forest,
     listings: [{{list: us_1260h, what: Elm and branches, date: 2026-06, source: a list}}]}}
models:
  - {{id: twig, also: [Twig-1, The Twig], lab: elm, base: [cone], certainty: documented, licence: kimi-k3-license}}
operators:
  - {{id: barn, also: [Scheune], name: Barn, country: US, parent: Farm, parent_country: FR, lists: [],
     screened: 2026-11-01, parent_source: its imprint, source: its page, checked: 2026-11-02}}
endpoints:
  - {{id: twig@barn/north, upstream_model: twig-9, {KNOWN}, {PRICE}, {WIRE}}}
  - {{id: twig@barn/south, upstream_model: The-Twig-South, {KNOWN}, {PRICE}, {WIRE}}}
notices:
  - {{kind: ban, about: [elm], where: Atlantis, what: not on boats, date: 2026, source: a page}}
"""


def test_a_model_shows_lineage_lists_gates_bans_and_where_it_was_read():
    found = standing(MORE)

    row = model_row(found, found.models["twig"])

    assert (row["lineage"], row["ancestors"], row["lists"]) == (
        ["CN", "US"],
        ["cone"],
        ["us_1260h", "us_entity_list", "us_ndaa_1532"],
    )
    assert row["listings"][0] == {"list": "us_1260h", "what": "Elm and branches", "date": "2026-06", "source": "a list"}
    assert row["licence_gates"]["revenue_usd"] == 20_000_000
    assert row["notices"] == [
        {
            "kind": "ban",
            "about": ["elm"],
            "where": "Atlantis",
            "what": "not on boats",
            "date": "2026",
            "source": "a page",
        }
    ]
    assert row["endpoints"] == ["twig@barn/north", "twig@barn/south"]


def test_an_unknown_set_is_null_and_a_partly_known_one_shows_what_is_known():
    row = endpoint_row(standing(), endpoint(id="mist@mill", facts="storage: null, inference: [US, unknown]"))

    assert (row["storage"], row["inference"]) == (None, ["US"])
    assert row["incomplete"] == ["lineage", "storage", "inference", "exposure", "lists"]


def test_an_operator_shows_its_owner_and_the_owners_source():
    row = operator_row(standing(MORE), standing(MORE).operators["barn"])

    assert (row["parent"], row["parent_country"], row["sources"]["parent"]["source"]) == ("Farm", "FR", "its imprint")


def test_a_lab_shows_who_owns_it_and_what_it_trained():
    found = standing(MORE)

    row = lab_row(found, found.labs["elm"])

    assert (row["owner"], row["models"], row["screened"]) == ("Forest", ["twig"], "2026-11-01")


def test_the_whole_catalogue_is_plain_data():
    shown = whole(standing(MORE))

    assert list(shown) == ["labs", "models", "operators", "endpoints", "licences", "notices"]
    assert json.loads(json.dumps(shown)) == shown


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("twig@barn/south", "twig@barn/south"),
        ("twig@barn", "twig@barn/north"),
        ("the twig@SCHEUNE", "twig@barn/north"),
        ("the-twig-south@barn", "twig@barn/south"),
        ("twig-9@scheune/north", "twig@barn/north"),
    ],
)
def test_an_endpoint_is_found_by_any_name_of_its_model_and_operator(name, expected):
    assert find_endpoint(standing(MORE), name).id == expected


def test_models_operators_and_labs_are_found_by_other_names_too():
    found = standing(MORE)

    assert find_model(found, "twig-1").id == "twig"
    assert find_model(found, "elm/twig").id == "twig"
    assert find_operator(found, "scheune").id == "barn"
    assert find_lab(found, "ELM").id == "elm"


@pytest.mark.parametrize("name", ["The Twig", "the-twig", "THE_TWIG", "Thé  Twig"])
def test_spaces_lines_capitals_and_accents_make_no_other_name(name):
    assert find_model(standing(MORE), name).id == "twig"


def test_part_of_a_name_is_answered_with_the_names_that_hold_it():
    with pytest.raises(GatewayError, match="did you mean `twig@barn/north`, `twig@barn/south`"):
        find_endpoint(standing(MORE), "barn/")


@pytest.mark.parametrize(
    ("find", "name"),
    [(find_lab, "elmo"), (find_model, "twigg"), (find_operator, "barrn"), (find_endpoint, "twig@barm")],
)
def test_what_is_not_there_names_the_nearest(find, name):
    with pytest.raises(GatewayError, match="did you mean"):
        find(standing(MORE), name)


def test_a_quote_names_the_row_that_gives_it():
    row = quote(endpoint(), {"input_tokens": 1000, "output_tokens": 1, "estimated": 0}, at=1_795_140_000.0)

    assert row == {
        "endpoint": "acorn@mill",
        "at": "2026-11-20T02:00:00Z",
        "usage": {"input_tokens": 1000, "output_tokens": 1},
        "cost_usd": "0.001002",
        "price": {"since": "2026-01-01T00:00:00Z", "input": "1", "output": "2", "currency": "USD"},
    }


def test_a_quote_of_an_unknown_price_is_null():
    row = quote(endpoint(prices=""), {"input_tokens": 1000}, at=1_795_140_000.0)

    assert (row["cost_usd"], row["price"]) == (None, None)


def test_a_count_of_another_name_is_refused():
    with pytest.raises(GatewayError, match="did you mean `input_tokens`"):
        quote(endpoint(), {"input_token": 1}, at=0.0)


def test_findings_name_what_is_wrong_before_what_is_unknown():
    found = catalog(
        "labs: [{id: a, name: A, country: US, lists: [], source: x, checked: 2026-11-01}]",
        "models: [{id: m, lab: a, base: [], licence: homemade, source: x}]",
    )

    assert [(f.kind, f.what, f.id, f.message) for f in findings(found)] == [
        ("wrong", "model", "m", "says not when it was checked"),
        ("wrong", "lab", "a", "lists that are known need `screened`: the day they were searched"),
        ("wrong", "model", "m", "its licence `homemade` has no row, so its family is unknown"),
        ("unknown", "model", "m", "open_weights, decensored, context_tokens"),
    ]


TAKES = f"""
operators:
  - {{id: barn, name: Barn, takes: {{limit_field: max_tokens, custom_tools: false, source: its page, checked: 2026-11-28}}}}
  - {{id: shed, name: Shed, takes: {{custom_tools: true}}}}
endpoints:
  - {{id: acorn@barn, {KNOWN}, {PRICE}, {WIRE}}}
  - {{id: acorn@barn/new, takes: {{limit_field: max_completion_tokens, source: a test, checked: 2026-11-28}}, {KNOWN}, {PRICE}, {WIRE}}}
  - {{id: acorn@barn/mute, takes: {{note: nothing was found}}, {KNOWN}, {PRICE}, {WIRE}}}
  - {{id: acorn@shed, {KNOWN}, {PRICE}, {WIRE}}}
  - {{id: acorn@mill, {KNOWN}, {PRICE}, {WIRE}}}
"""  # noqa: E501


@pytest.mark.parametrize(
    ("id", "limit", "custom", "source"),
    [
        ("acorn@barn", "max_tokens", False, "its page"),
        ("acorn@barn/new", "max_completion_tokens", False, "a test"),
        ("acorn@barn/mute", "max_tokens", False, "its page"),
        ("acorn@mill", None, None, None),
    ],
)
def test_what_a_door_takes_is_its_own_fact_by_fact_and_else_its_operators(id, limit, custom, source):
    found = standing(TAKES)
    row = endpoint_row(found, found.endpoints[id])

    assert row["takes"] == {"limit_field": limit, "custom_tools": custom, "messages_version": None}
    assert row["sources"].get("takes", {"source": None})["source"] == source


def test_what_a_row_takes_without_a_source_is_wrong_once():
    wrong = [(f.what, f.id) for f in findings(standing(TAKES)) if "takes" in f.message]

    assert wrong == [("operator", "shed")]

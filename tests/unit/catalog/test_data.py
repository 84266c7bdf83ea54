"""The catalogue that ships: every row has a source, every unknown is said, the default policy leaves enough."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from gateway.catalog.check import findings
from gateway.catalog.countries import ISO
from gateway.catalog.data import shipped
from gateway.catalog.facts import Endpoint
from gateway.policy.authoring.cases import signals_of
from gateway.policy.authoring.compile import compile_folder
from gateway.policy.compiled import Compiled
from gateway.policy.decide import decide
from gateway.policy.view import View
from gateway.processes.policy_folder import read_folder
from gateway.source import parse

POLICIES = Path(__file__).parents[3] / "policies"
AT = 1_795_150_000.0  # November 2026


@cache
def compiled() -> Compiled:
    return compile_folder(read_folder(POLICIES))


@cache
def documents() -> list[dict[str, Any]]:
    """The files as they stand."""
    read = [parse(data, name).data for name, data in read_folder(POLICIES).items() if name.startswith("catalog/")]
    return [document for document in read if isinstance(document, dict)]


def written(kind: str) -> Iterator[dict[str, Any]]:
    """The rows as they stand in the files."""
    for document in documents():
        yield from document.get(kind, ())


def hosted() -> list[Endpoint]:
    return [endpoint for endpoint in compiled().catalog.endpoints.values() if endpoint.hosting == "hosted"]


@pytest.mark.thorough
def test_nothing_in_it_is_wrong():
    assert [finding for finding in findings(compiled().catalog) if finding.kind == "wrong"] == []


@pytest.mark.thorough
def test_every_endpoint_says_which_of_its_facts_are_unknown():
    silent = [
        (row["id"], name)
        for row in written("endpoints")
        for name in ("storage", "inference", "trains_on_data", "retention_days")
        if name not in row
    ]

    assert silent == []


def test_every_model_says_which_of_its_facts_are_unknown():
    silent = [
        (row["id"], name)
        for row in written("models")
        for name in ("base", "open_weights", "licence", "decensored")
        if name not in row
    ]

    assert silent == []


def test_a_base_that_is_known_says_how_sure_it_is():
    assert [row["id"] for row in written("models") if row["base"] is not None and not row.get("certainty")] == []


def test_every_operator_says_who_owns_it_or_that_nobody_knows():
    assert [row["id"] for row in written("operators") if "parent" not in row or "parent_country" not in row] == []


def test_every_price_that_a_map_gave_names_map_version_and_key():
    rows = [row for prices in written("prices") for row in prices["rows"]]

    assert len(rows) > 400
    assert [row for row in rows if not row["from"].startswith(("litellm@1.109.1:", "model-prices@0.0.5:"))] == []


def test_a_vendor_that_bills_in_yuan_keeps_the_day_of_the_rate():
    rows = [row for prices in written("prices") for row in prices["rows"] if row.get("currency") == "CNY"]

    assert rows
    assert [row for row in rows if "rate_date" not in row] == []


def test_a_hundred_endpoints_of_sixty_models_have_place_training_owner_and_price_known():
    known = [
        endpoint
        for endpoint in hosted()
        if endpoint.storage.complete
        and endpoint.inference.complete
        and endpoint.trains_on_data is not None
        and endpoint.operator.parent_country is not None
        and any(price.known for price in endpoint.prices)
    ]

    assert len(known) >= 100
    assert len({endpoint.model.id for endpoint in known}) >= 60


@pytest.mark.parametrize("given", [{"data_class": "confidential"}, {"topic": frozenset({"prc_political"})}], ids=str)
def test_the_default_policy_leaves_ten_hosted_endpoints_of_five_operators(given):
    folder = compiled()
    signals = signals_of(folder.keyring.teams["research"], given, folder.policy)

    decision = decide(folder.policy, signals, View(at=AT))

    left = [endpoint for endpoint in hosted() if decision.permits(endpoint)]
    assert len(left) >= 10
    assert len({endpoint.operator.id for endpoint in left}) >= 5


def test_the_baseline_has_a_price():
    assert any(price.known for price in compiled().catalog.endpoints["gpt-6.1-sol@openai"].prices)


def test_what_the_package_ships_compiles_by_itself():
    assert [document.file for document in shipped()] == [
        f"gateway/catalog/data/{name}.yaml"
        for name in ("body_fields", "licences", "moderation", "reasoning", "risk", "windows")
    ]


def test_every_key_of_a_price_map_resolves_but_for_doors_listed_at_zero():
    priced = {row["endpoint"] for row in written("prices")}

    silent = {row["id"] for row in written("endpoints") if row.get("price_keys") and row["id"] not in priced}

    assert {name.partition("@")[2] for name in silent} == {"sensetime", "zai", "tencent/cn", "poolside", "amazon"}
    assert len(silent) == 13


def test_every_country_of_the_files_is_one_of_iso_or_the_union():
    places = {
        code
        for kind, names in (("labs", ["country"]), ("operators", ["country", "parent_country"]))
        for row in written(kind)
        for name in names
        if (code := row.get(name)) is not None
    } | {code for row in written("endpoints") for name in ("storage", "inference") for code in row[name] or ()}

    assert places <= ISO | {"EU", "unknown"}

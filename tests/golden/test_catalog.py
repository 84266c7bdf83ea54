"""Recorded replies of vendors, and questions with public answers, put to the catalogue that ships."""

from __future__ import annotations

import json
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gateway.catalog.compile import compile_catalog
from gateway.catalog.data import shipped
from gateway.catalog.facts import Catalog
from gateway.catalog.lookup import find_endpoint, find_lab, find_model, find_operator
from gateway.catalog.moderation import classify
from gateway.catalog.page import page
from gateway.catalog.quote import quote
from gateway.catalog.show import endpoint_row, lab_row, model_row, operator_row
from gateway.errors import GatewayError
from gateway.policy.body import body_needs, body_rules
from gateway.processes.policy_folder import read_folder
from gateway.source import parse

HERE = Path(__file__).parent / "catalog"
POLICIES = Path(__file__).parents[2] / "policies"


@cache
def catalog() -> Catalog:
    files = read_folder(POLICIES)
    return compile_catalog(
        [parse(data, name) for name, data in files.items() if name.startswith("catalog/")], shipped()
    )


def rows(name: str) -> list[Any]:
    data = parse((HERE / name).read_bytes(), name).data
    assert isinstance(data, list)
    return data


@pytest.mark.parametrize("row", rows("moderation.yaml"), ids=lambda row: f"{row['operator']} {row['signal']}")
def test_a_recorded_reply_is_told_for_what_it_is(row):
    text = row.get("text") or json.dumps(row["body"], ensure_ascii=False)

    found = classify(catalog().moderation, operator=row["operator"], status=row["status"], body=row["body"], text=text)

    assert (found.id if found else None) == row["signal"]


def test_every_way_of_saying_no_that_is_known_has_a_recorded_reply():
    recorded = {row["signal"] for row in rows("moderation.yaml")}

    assert {signal.id for signal in catalog().moderation if signal.confidence != "unknown"} <= recorded


def test_faltering_is_no_refusal_and_worth_another_try():
    failed = {signal.id: signal.retry for signal in catalog().moderation if signal.outcome == "failed"}

    assert failed == {
        "deepseek-no-resource": True,
        "deepseek-aborted": True,
        "zai-network-error": True,
        "zai-context": False,
    }


def answer(question: dict[str, Any]) -> Any:
    """What the catalogue says under the question's last word."""
    found = catalog()
    if "lab" in question:
        return lab_row(found, find_lab(found, question["lab"]))[question["ask"]]
    if "model" in question:
        return model_row(found, find_model(found, question["model"]))[question["ask"]]
    if "operator" in question:
        return operator_row(found, find_operator(found, question["operator"]))[question["ask"]]
    return endpoint_row(found, find_endpoint(found, question["endpoint"]))[question["ask"]]


@pytest.mark.parametrize(
    "question", rows("questions.yaml"), ids=lambda row: " ".join(str(v) for v in list(row.values())[:2])
)
def test_a_question_with_a_public_answer_gets_it(question):
    assert answer(question) == question["answer"]


@pytest.mark.parametrize("bill", rows("bills.yaml"), ids=lambda row: f"{row['endpoint']} {row['at']}")
def test_a_usage_costs_at_a_time_what_the_vendor_lists(bill):
    usage = {name: int(count) for name, count in bill["usage"].items()}

    row = quote(find_endpoint(catalog(), bill["endpoint"]), usage, at=datetime.fromisoformat(bill["at"]).timestamp())

    assert row["cost_usd"] == bill["usd"], bill["why"]


def test_the_page_of_the_catalogue_is_up_to_date():
    written = (POLICIES.parent / "docs" / "catalogue.md").read_text(encoding="utf-8")

    assert written == page(catalog()), "run tools/catalogue_page.py"


@pytest.mark.parametrize(
    "row", rows("body_fields.yaml"), ids=lambda row: f"{row['api']} {json.dumps(row['body'])[:60]}"
)
def test_a_field_that_keeps_or_moves_data_is_told(row):
    fields = {name: msgspec.Raw(json.dumps(value).encode()) for name, value in row["body"].items()}
    rules = body_rules(catalog().body_fields)

    if "refused" in row:
        with pytest.raises(GatewayError) as raised:
            body_needs(rules, row["api"], fields)
        assert (raised.value.code, raised.value.param) == ("unsupported_request", row["refused"])
    else:
        assert sorted(body_needs(rules, row["api"], fields)) == row["needs"]


def test_every_row_of_the_body_fields_has_a_request_that_shows_it():
    seen = {(row["api"], name) for row in rows("body_fields.yaml") for name in row["body"]}

    assert {(row.api, row.path.split(".")[0].removesuffix("[]")) for row in catalog().body_fields} - seen <= {
        ("openai_responses", name) for name in ("prompt_cache_retention", "mcp_servers", "plugins", "models")
    } | {("anthropic", "provider")}


def test_endpoints_of_messages_are_asked_at_v1():
    told = {end.id: end.base_url for end in catalog().endpoints.values() if end.api == "anthropic"}

    assert told and {id for id, url in told.items() if not url.endswith("/v1")} == set()

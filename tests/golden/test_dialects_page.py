"""docs/dialects.md says of each field what translators do with it: every pair is asked, with values of every kind."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from gateway.errors import GatewayError
from gateway.upstreams.dialect_headers import CARRIED, IGNORED, NAMES
from gateway.upstreams.translate import (
    TRANSLATORS,
    requests_anthropic_openai,
    requests_anthropic_responses,
    requests_openai_anthropic,
    requests_openai_responses,
    requests_responses_anthropic,
    requests_responses_openai,
)
from gateway.upstreams.translate.spec import Untranslatable, Upstream

PAGE = (Path(__file__).parents[2] / "docs" / "dialects.md").read_text()
TABLES = {
    ("openai", "anthropic"): requests_openai_anthropic,
    ("anthropic", "openai"): requests_anthropic_openai,
    ("openai_responses", "openai"): requests_responses_openai,
    ("openai", "openai_responses"): requests_openai_responses,
    ("anthropic", "openai_responses"): requests_anthropic_responses,
    ("openai_responses", "anthropic"): requests_responses_anthropic,
}
TALK = [{"role": "user", "content": "Hi"}]
LEAST: dict[str, dict[str, Any]] = {
    "openai": {"model": "m", "messages": TALK, "max_completion_tokens": 9},
    "anthropic": {"model": "m", "messages": TALK, "max_tokens": 9},
    "openai_responses": {"model": "m", "input": "Hi", "max_output_tokens": 9},
}
VALUES: tuple[Any, ...] = (
    True, False, 0, 1, 0.5, 1.5, 2, "", "x", "auto", "none", "medium", "minimal", "default", "24h", "disabled", [], {},
    ["x"], ["a", "b", "c", "d", "e"], ["reasoning.encrypted_content"], {"a": "b"}, {"type": "text"}, {"id": "x"},
    {"type": "disabled"}, {"type": "json_schema", "json_schema": {"name": "n", "schema": {}}}, {"user_id": "u"},
    {"effort": "low"}, {"include_usage": True},
)  # fmt: skip
FACTS = Upstream(can=frozenset({"tools", "reasoning"}), max_output_tokens=100)


def rows(pair: tuple[str, str]) -> dict[str, str]:
    """What the page says of each field that a row names."""
    section = PAGE.partition(f"(`{pair[0]}` to `{pair[1]}`)")[2].partition("\n## ")[0]
    found: dict[str, str] = {}
    for line in section.splitlines():
        if line.startswith("| `"):
            names, _, words = line.strip("| ").partition(" | ")
            for name in re.findall(r"`(\w+)`", names):
                found[name] = f"{found.get(name, '')} {words}"
    return found


def made(pair: tuple[str, str], body: dict[str, Any]) -> Any:
    return TRANSLATORS[pair].request(body, FACTS, model="m", response_id="r", created_at=1)


def verdict(pair: tuple[str, str], name: str, value: Any) -> str | None:
    """What becomes of a field with this value; None for what is malformed, or says nothing."""
    plain = made(pair, LEAST[pair[0]])
    try:
        found = made(pair, {**LEAST[pair[0]], name: value})
    except Untranslatable as refused:
        return "refused" if refused.path == name else None  # what stands in it may be unknown to everybody
    except GatewayError:
        return None
    if found.adapted != plain.adapted:
        return "adapted"
    return "carried" if json.dumps(found.body) != json.dumps(plain.body) else None


@pytest.mark.parametrize("pair", TABLES, ids=" to ".join)
def test_each_field_has_a_row_and_each_row_says_what_happens(pair):
    said = rows(pair)
    fields = TABLES[pair].FIELDS
    wrong = {
        f"{name}={json.dumps(value)}": f"is {found}, which the page does not say"
        for name in fields
        for value in VALUES
        if (found := verdict(pair, name, value)) is not None and found not in said.get(name, "")
    }

    assert fields.keys() <= said.keys()
    assert wrong == {}


@pytest.mark.parametrize("pair", TABLES, ids=" to ".join)
def test_a_field_that_is_refused_altogether_is_refused_whatever_it_says(pair):
    for name, words in rows(pair).items():
        if words.strip() == "refused" and name in TABLES[pair].FIELDS:
            assert {verdict(pair, name, value) for value in VALUES} <= {"refused", None}
            assert verdict(pair, name, "x") == "refused"


def test_each_header_and_feature_has_a_row():
    section = PAGE.partition("## Headers")[2].partition("\n## ")[0]

    assert {name.decode() for name in NAMES} | CARRIED | IGNORED <= set(re.findall(r"`([^`]+)`", section))

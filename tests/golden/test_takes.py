"""What endpoints take of translated requests, by the catalogue that ships and by rows that say less."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest

from gateway.catalog.facts import Endpoint
from gateway.dispatch.upstream_facts import upstream_facts
from gateway.policy.authoring.compile import compile_folder
from gateway.processes.policy_folder import read_folder
from gateway.upstreams.translate import TRANSLATORS
from tests.unit.catalog.small import WIRE, endpoint

OLD, NEW = "max_tokens", "max_completion_tokens"
SELF = "hosting: self, api: openai, base_url: http://own.example/v1"
SHIPPED: dict[str, tuple[str, bool]] = {  # operator, or own machine: the name of the limit, and custom tools as such
    "openai": (NEW, True), "microsoft": (NEW, True), "azure-foundry": (NEW, True), "deepseek": (OLD, True),
    "moonshot": (NEW, True), "zai": (OLD, False), "minimax": (OLD, False), "mistral": (OLD, False), "xai": (NEW, True),
    "groq": (NEW, False), "together": (OLD, True), "fireworks": (OLD, False), "cerebras": (NEW, False),
    "openrouter": (NEW, False), "alibaba-qwen": (OLD, True), "vllm": (NEW, False), "sglang": (NEW, False),
    "llama.cpp": (OLD, False), "ollama": (OLD, False),
}  # fmt: skip
RESPONSES: dict[str, Any] = {
    "model": "m", "input": "Hi", "max_output_tokens": 9, "tools": [{"type": "custom", "name": "jot"}],
}  # fmt: skip


@cache
def doors() -> dict[str, Endpoint]:
    """One of each operator that speaks Chat; own machines by their kind of server."""
    found = compile_folder(read_folder(Path(__file__).parents[2] / "policies")).catalog.endpoints.values()
    return {each.vendor if each.hosting == "self" else each.operator.id: each for each in found if each.api == "openai"}


def asked(of: Endpoint, body: dict[str, Any], pair: tuple[str, str] = ("openai_responses", "openai")) -> Any:
    facts = upstream_facts(of, strict=False)
    return TRANSLATORS[pair].request(body, facts, model="m", response_id="r", created_at=1)


@pytest.mark.parametrize("vendor", SHIPPED)
def test_each_vendor_gets_the_limit_and_the_tools_that_its_document_names(vendor):
    limit, custom = SHIPPED[vendor]
    body = asked(doors()[vendor], RESPONSES).body

    assert {name: body[name] for name in (OLD, NEW) if name in body} == {limit: 9}
    assert [tool["type"] for tool in body["tools"]] == ["custom" if custom else "function"]


def test_messages_are_bounded_by_the_same_field():
    messages = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]}

    assert asked(doors()["ollama"], messages, ("anthropic", "openai")).body[OLD] == 9
    assert asked(doors()["groq"], messages, ("anthropic", "openai")).body[NEW] == 9


@pytest.mark.parametrize(("wire", "id", "limit"), [(WIRE, "acorn@mill", OLD), (SELF, "acorn@self", NEW)])
def test_what_is_not_known_stays_as_it_was(wire, id, limit):
    body = asked(endpoint(wire=wire, id=id), RESPONSES).body

    assert limit in body and body["tools"][0]["type"] == "custom"


@pytest.mark.parametrize("custom", [True, False])
@pytest.mark.parametrize("limit", [OLD, NEW])
def test_a_row_of_its_own_says_what_a_door_takes(limit, custom):
    takes = f"takes: {{limit_field: {limit}, custom_tools: {str(custom).lower()}, source: s, checked: 2026-11-28}}"
    body = asked(endpoint(takes), RESPONSES).body

    assert body[limit] == 9 and body["tools"][0]["type"] == ("custom" if custom else "function")

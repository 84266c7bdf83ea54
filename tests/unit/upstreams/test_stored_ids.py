"""Ids of what a vendor keeps are looked for wherever vendors take them, and a place is named in few words."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.errors import GatewayError
from gateway.request import Arrival, parse
from gateway.signals.kept_places import FIELDS, TOOLS
from gateway.signals.needs import measure
from gateway.upstreams.stored_ids import opened


def unsealed(given: str) -> str | None:
    return given.removeprefix("ours-") if given.startswith("ours-") else None


def fields(**more: Any) -> Any:
    return parse("responses", json.dumps({"model": "m", "input": "Hi", **more}).encode(), Arrival("req", 0, 0)).fields


def interpreter(container: object) -> dict[str, object]:
    return {"tools": [{"type": "code_interpreter", "container": container}]}


PLACES: dict[str, Any] = {
    "an id alone": lambda id: {"input": [{"id": id}]},
    "an id alone, of no type": lambda id: {"input": [{"id": id, "type": None}]},
    "a container": interpreter,
    "a container in a namespace": lambda id: {"tools": [{"type": "namespace", **interpreter(id)}]},
    "a file of a new container": lambda id: interpreter({"type": "auto", "file_ids": ["ours-1", id]}),
}


def at(path: str, id: str) -> Any:
    """An object that has the id at this path of `kept_places`, beside another of ours where it is one of a list."""
    first, _, rest = path.partition(".")
    inner = at(rest, id) if rest else id
    name = first.removesuffix("[]")
    return {name: [inner] if first.endswith("[]") and rest else ["ours-1", inner] if first.endswith("[]") else inner}


PLACES |= {f"a tool's {path}": lambda id, path=path: {"tools": [at(path, id)]} for path in TOOLS}
PLACES |= {path: lambda id, path=path: at(path, id) for paths in FIELDS.values() for path in paths}
PLACES |= {
    "a tool's that was found": lambda id: {
        "input": [{"type": "tool_search_output", "tools": [{"type": "file_search", "vector_store_ids": [id]}]}]
    },
    "a tool's of a namespace that was found, anywhere": lambda id: {
        "input": [{"k": [{"type": "tool_search_output", "tools": [{"type": "namespace", **interpreter(id)}]}]}]
    },
    "a container of a call": lambda id: {
        "input": [{"type": "shell_call", "call_id": "c", "environment": {"container_id": id}}]
    },
    "a container of an answer": lambda id: {"input": [{"type": "code_interpreter_call", "container_id": id}]},
}


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_whoever_names_what_a_vendor_keeps_needs_it(place):
    assert "stored_state" in measure(place("x_1"))


EVERYBODYS: list[Any] = [
    {"container": {"skills": [{"type": "anthropic", "skill_id": "pptx", "version": "latest"}]}},
    {"tools": [{"type": "shell", "environment": {"type": "container_auto", "skills": [{"skill_id": "openai-pdf"}]}}]},
    {
        "tools": [
            {"type": "shell", "environment": {"type": "local"}},
            {"type": "mcp", "connector_id": "connector_gmail"},
        ]
    },
    {"tools": [{"type": "code_interpreter", "container": {"type": "auto", "file_ids": []}}], "conversation": None},
]


@pytest.mark.parametrize("body", EVERYBODYS)
def test_what_belongs_to_everybody_passes(body):
    assert opened(fields(**body), unsealed) == {}


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_an_id_is_opened_where_it_is_ours_and_refused_where_it_is_not(place):
    made = opened(fields(**place("ours-x_1")), unsealed)

    assert {name: json.loads(bytes(value)) for name, value in made.items()} == json.loads(
        json.dumps(place("x_1")).replace("ours-", "")
    )
    with pytest.raises(GatewayError, match="names nothing that this team made"):
        opened(fields(**place("x_1")), unsealed)


def test_a_place_is_named_in_few_words_however_long_and_deep_it_is():
    item: Any = {"type": "item_reference", "id": "x"}
    for _ in range(400):
        item = {"k" * 100: [item]}
    with pytest.raises(GatewayError) as refused:
        opened(fields(input=[item]), unsealed)

    assert str(refused.value.param).startswith("input[0].kkk")
    assert len(refused.value.message) < 1_000

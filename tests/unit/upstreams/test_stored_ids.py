"""Ids of what a vendor keeps are looked for wherever vendors take them, and a place is named in few words."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.errors import GatewayError
from gateway.request import Arrival, parse
from gateway.upstreams.stored_ids import opened


def unsealed(given: str) -> str | None:
    return given.removeprefix("ours-") if given.startswith("ours-") else None


def fields(**more: Any) -> Any:
    return parse("responses", json.dumps({"model": "m", "input": "Hi", **more}).encode(), Arrival("req", 0, 0)).fields


def interpreter(container: object) -> dict[str, object]:
    return {"tools": [{"type": "code_interpreter", "container": container}]}


PLACES = {
    "an id alone": lambda id: {"input": [{"id": id}]},
    "an id alone, of no type": lambda id: {"input": [{"id": id, "type": None}]},
    "a container": interpreter,
    "a container in a namespace": lambda id: {"tools": [{"type": "namespace", **interpreter(id)}]},
    "a file of a new container": lambda id: interpreter({"type": "auto", "file_ids": ["ours-1", id]}),
}


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

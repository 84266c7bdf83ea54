"""A stream of Responses whose events number no items, as llama.cpp's, is read as one whose events do."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.upstreams.translate import TRANSLATORS
from gateway.upstreams.translate.passing import WayBack
from gateway.upstreams.translate.spec import Upstream
from tests.golden.translate.recorded import CASES

CASE = next(case for case in CASES if case["id"] == "o2r-02-stream-text-and-call")
BODIES: dict[str, Any] = {
    "openai": CASE["request"],
    "anthropic": {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]},
}


def answer(client: str, *without: str) -> bytes:
    pair = TRANSLATORS[client, "openai_responses"]
    memory = pair.request(BODIES[client], Upstream(), model="m", response_id="r", created_at=1).memory
    back, said = WayBack(pair, memory, stream=True), b""
    for written in CASE["upstream_reply"]["events"]:
        head, _, data = written.partition("data: ")
        event = {name: value for name, value in json.loads(data).items() if name not in without}
        said += back.feed(f"{head}data: {json.dumps(event)}\n\n".encode())
    return said + back.end()


@pytest.mark.parametrize("client", BODIES)
@pytest.mark.parametrize("without", [("output_index",), ("output_index", "item_id"), ("output_index", "content_index")])
def test_items_without_a_number_are_told_apart_by_their_ids_or_their_order(client, without):
    assert answer(client, *without) == answer(client)

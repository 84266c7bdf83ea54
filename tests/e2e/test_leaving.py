"""Claims about callers who leave: what they no longer wait for is no longer computed, and is billed."""

from __future__ import annotations

import http.client
import json
import re
import time
import urllib.request

import pytest

pytestmark = pytest.mark.services

MOST_TOKENS = 3000
LOOKS_S = 2.5  # llama.cpp looks after its caller once a second, and every look at it starts that anew


def generated(model) -> int:
    """Steps of generation since llama.cpp started."""
    with urllib.request.urlopen(model.ready["metrics"]) as reply:
        found = re.search(r"^llamacpp:n_decode_total (\d+)", reply.read().decode(), re.MULTILINE)
    assert found is not None
    return int(found[1])


def settled(model) -> bool:
    """True once nothing is generated any more: two readings agree."""
    before = generated(model)
    for _ in range(8):
        time.sleep(LOOKS_S)
        after = generated(model)
        if after == before:
            return True
        before = after
    return False


def ask(house, *, stream: bool) -> http.client.HTTPConnection:
    body = {
        "model": "smollm2-135m",
        "messages": [{"role": "user", "content": "Count the ships."}],
        "max_tokens": MOST_TOKENS,
        "ignore_eos": True,
        "stream": stream,
    }
    connection = http.client.HTTPConnection("127.0.0.1", house.gateway.port, timeout=60)
    headers = {"authorization": f"Bearer {house.keys['demo']}", "content-type": "application/json"}
    connection.request("POST", "/v1/chat/completions", json.dumps(body), headers)
    return connection


@pytest.mark.parametrize("stream", [False, True], ids=["before-the-headers", "after-the-headers"])
def test_a_caller_who_leaves_stops_the_generation_and_is_billed(fresh_house, stream):
    before, billed = generated(fresh_house.model), fresh_house.gateway.metric("gateway_cost_usd_total")
    connection = ask(fresh_house, stream=stream)
    reply = connection.getresponse() if stream else None
    if reply is not None:
        reply.read(200)
    while generated(fresh_house.model) == before:
        time.sleep(0.01)
    if reply is not None:
        reply.close()
    connection.close()

    assert settled(fresh_house.model)
    assert generated(fresh_house.model) < before + MOST_TOKENS
    assert fresh_house.gateway.counts("gateway_requests_total", 1, outcome="left")
    assert fresh_house.gateway.metric("gateway_cost_usd_total") > billed

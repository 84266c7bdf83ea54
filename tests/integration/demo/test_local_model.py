"""Claims about the real local model server: it speaks OpenAI, and stops when its caller leaves."""

from __future__ import annotations

import http.client
import json
import re
import time
import urllib.request
from typing import Any
from urllib.parse import urlsplit

import pytest

pytestmark = pytest.mark.services

MOST_TOKENS = 3000
LONG = {"messages": [{"role": "user", "content": "Count the ships."}], "max_tokens": MOST_TOKENS, "ignore_eos": True}
LOOKS_S = (
    2.5  # between two looks: llama.cpp looks after its caller once a second, and every look at it starts that anew
)


def post(local_model, body: dict[str, Any]) -> http.client.HTTPConnection:
    address = urlsplit(local_model.ready["base_url"])
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=60)
    connection.request("POST", "/v1/chat/completions", json.dumps(body), {"content-type": "application/json"})
    return connection


def generated(local_model) -> int:
    """Steps of generation since the server started."""
    with urllib.request.urlopen(local_model.ready["metrics"]) as reply:
        found = re.search(r"^llamacpp:n_decode_total (\d+)", reply.read().decode(), re.MULTILINE)
    assert found is not None
    return int(found[1])


def settled(local_model) -> bool:
    """True once nothing is generated any more: two readings agree."""
    before = generated(local_model)
    for _ in range(8):
        time.sleep(LOOKS_S)
        after = generated(local_model)
        if after == before:
            return True
        before = after
    return False


def test_a_whole_answer_carries_its_usage(local_model_process):
    connection = post(local_model_process, {"messages": [{"role": "user", "content": "Say hello."}], "max_tokens": 8})
    reply = json.loads(connection.getresponse().read())
    connection.close()

    assert reply["choices"][0]["message"]["content"]
    assert reply["usage"]["completion_tokens"] in range(1, 9)
    assert reply["model"] == "smollm2-135m"


def test_a_stream_ends_with_usage_and_done(local_model_process):
    body = {"messages": [{"role": "user", "content": "Say hello."}], "max_tokens": 8}
    connection = post(local_model_process, {**body, "stream": True, "stream_options": {"include_usage": True}})
    events = connection.getresponse().read().decode().split("\n\n")
    connection.close()

    assert events[-2] == "data: [DONE]"
    assert json.loads(events[-3].removeprefix("data: "))["usage"]["completion_tokens"] in range(1, 9)


def test_generation_goes_on_while_somebody_waits(local_model_process):
    connection = post(local_model_process, {**LONG, "max_tokens": 200})
    reply = json.loads(connection.getresponse().read())
    connection.close()

    assert reply["usage"]["completion_tokens"] == 200


@pytest.mark.parametrize("stream", [True, False])
def test_generation_stops_when_the_caller_leaves(local_model_process, stream):
    before = generated(local_model_process)
    connection = post(local_model_process, {**LONG, "stream": stream})
    if stream:
        connection.getresponse().read(100)
    while generated(local_model_process) == before:
        time.sleep(0.01)
    connection.close()

    assert settled(local_model_process)
    assert generated(local_model_process) < before + MOST_TOKENS

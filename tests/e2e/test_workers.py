"""Claims about two workers: to a caller they are one gateway."""

from __future__ import annotations

import os
import signal
import time

import pytest
from openai.types.chat import ChatCompletionUserMessageParam

pytestmark = pytest.mark.services

HELLO: list[ChatCompletionUserMessageParam] = [{"role": "user", "content": "How do I descale a kettle?"}]
READABLE_S = 2.0
COUNTED_S = 10.0


def ask(house) -> str:
    """The request's id."""
    with house.client() as client:  # a connection of its own, so that either worker may get it
        raw = client.chat.completions.with_raw_response.create(model="simulated-gpt", messages=HELLO)
    request_id: str = raw.headers["x-request-id"]
    return request_id


def readable(house, request_id: str) -> bool:
    headers = {"authorization": f"Bearer {house.keys['demo']}"}
    status, _, _ = house.gateway.ask("GET", f"/v1/decisions/{request_id}", headers=headers)
    return bool(status == 200)


def workers(house) -> list[int]:
    found: list[int] = house.gateway.workers()
    return found


def test_every_decision_is_readable_on_any_worker_within_two_seconds(two_workers):
    asked = [ask(two_workers) for _ in range(6)]
    time.sleep(READABLE_S)

    assert [[readable(two_workers, request_id) for _ in range(4)] for request_id in asked] == [[True] * 4] * 6


def test_counters_are_those_of_both_workers(two_workers):
    time.sleep(COUNTED_S / 2)  # what was asked before is counted
    before = two_workers.gateway.metric("gateway_requests_total", route="named", team="demo")
    for _ in range(10):
        ask(two_workers)

    deadline = time.monotonic() + COUNTED_S
    counted = 0.0
    while counted < 10 and time.monotonic() < deadline:
        counted = two_workers.gateway.metric("gateway_requests_total", route="named", team="demo") - before
        time.sleep(0.1)
    assert counted == 10


def test_a_worker_that_dies_is_replaced(two_workers):
    first = workers(two_workers)
    os.kill(first[0], signal.SIGKILL)

    deadline, now = time.monotonic() + 60, first
    while (len(now) < 2 or first[0] in now) and time.monotonic() < deadline:  # one look for both: it may be dying
        time.sleep(0.2)
        now = workers(two_workers)
    assert len(now) == 2 and first[0] not in now
    assert ask(two_workers)

"""What happens beside a request, and after it."""

from __future__ import annotations

import asyncio
import json
import threading
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

from gateway import pipeline
from gateway.dispatch.conversations import Conversations
from gateway.outcome.request_state import RequestState
from gateway.pipeline import Gateway, Served, _measure_late
from gateway.request import parse
from gateway.signals.value import UNKNOWN
from gateway.threads import Threads
from tests.unit.record.build import QWEN, attempt, caller, decision, request


def test_a_late_signal_is_the_requests_and_changes_no_decision():
    decided = decision()
    decided = replace(decided, policy=replace(decided.policy, record_signals=frozenset({"topic"})))
    before = dict(decided.signals)
    body = {"model": "auto", "messages": [{"role": "user", "content": "What happened on Tiananmen Square in 1989?"}]}
    trail = RequestState(parse("chat", json.dumps(body).encode(), request().arrival), caller(), decided)

    async def measured() -> None:
        _measure_late(trail, frozenset({"topic"}))
        await asyncio.sleep(0)

    asyncio.run(measured())

    assert trail.late_signals == {"topic": frozenset({"prc_political"})}
    assert decided.signals == before


def test_a_scan_that_never_ends_counts_as_unknown(monkeypatch):
    ends = threading.Event()
    monkeypatch.setattr(pipeline, "SCANS", Threads("test", 1, most_waiting=1))
    monkeypatch.setattr(pipeline, "SCAN_S", 0.01)
    monkeypatch.setattr(pipeline, "measure_text", lambda *_: ends.wait())
    body = {"model": "auto", "messages": [{"role": "user", "content": "hi"}]}
    asked = parse("chat", json.dumps(body).encode(), request().arrival)

    async def scans() -> list[Any]:
        return [await pipeline.scanned(asked, frozenset({"pii", "topic"})) for _ in range(4)]

    try:
        found = asyncio.run(scans())  # the first runs, the second waits, for the others there is no room
    finally:
        ends.set()
    assert found == [{"pii": UNKNOWN, "topic": UNKNOWN}] * 4


def test_a_long_body_whose_scan_is_given_up_is_decided_with_its_cheap_signals(monkeypatch):
    monkeypatch.setattr(pipeline, "SCANS", Threads("test", 1, most_waiting=0))
    decided = decision()
    policy = replace(decided.policy, needs=frozenset({"pii"}))
    body = {
        "model": "auto",
        "stream": True,
        "messages": [{"role": "user", "content": "hi " * pipeline.LOOP_SCAN_BYTES}],
    }
    asked = parse("chat", json.dumps(body).encode(), request().arrival)
    gateway = SimpleNamespace(
        policy=policy,
        keyring=SimpleNamespace(tags=()),
        admission=SimpleNamespace(budget_used=lambda *_: 0.0),
    )

    signals, _ = asyncio.run(pipeline.signals_of(asked, caller(), cast(Gateway, gateway)))

    assert signals["pii"] is UNKNOWN
    assert signals["stream"] is True
    assert cast(int, signals["tokens"]) > 1_000


def test_the_second_half_is_told_once_and_in_order_settle_record_shadow_sample():
    told: list[str] = []

    def tells(name: str) -> Any:
        return lambda *_: told.append(name)

    gateway = SimpleNamespace(
        admission=SimpleNamespace(settle=tells("settle")),
        conversations=Conversations(),
        sinks=(tells("record"),),
        shadow=tells("shadow"),
        sample=tells("sample"),
    )
    trail = RequestState(request(), caller(), decision(), attempts=[attempt(QWEN)])
    served = Served(trail, cast(Gateway, gateway), b"conversation")

    assert served.end() is served.end(ConnectionError())
    assert told == ["settle", "record", "shadow", "sample"]

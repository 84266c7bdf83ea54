"""What happens beside a request, and after it."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

from gateway.dispatch.conversations import Conversations
from gateway.outcome.trail import Trail
from gateway.pipeline import Gateway, Served, _measure_late
from gateway.request import parse
from tests.unit.record.build import QWEN, attempt, caller, decision, request


def test_a_late_signal_is_the_requests_and_changes_no_decision():
    decided = decision()
    decided = replace(decided, policy=replace(decided.policy, record_signals=frozenset({"topic"})))
    before = dict(decided.signals)
    body = {"model": "auto", "messages": [{"role": "user", "content": "What happened on Tiananmen Square in 1989?"}]}
    trail = Trail(parse("chat", json.dumps(body).encode(), request().arrival), caller(), decided)

    async def measured() -> None:
        _measure_late(trail, frozenset({"topic"}))
        await asyncio.sleep(0)

    asyncio.run(measured())

    assert trail.late_signals == {"topic": frozenset({"prc_political"})}
    assert decided.signals == before


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
    trail = Trail(request(), caller(), decision(), attempts=[attempt(QWEN)])
    served = Served(trail, cast(Gateway, gateway), b"conversation")

    assert served.end() is served.end(ConnectionError())
    assert told == ["settle", "record", "shadow", "sample"]

"""What is measured while the upstream is awaited."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

from gateway.outcome.trail import Trail
from gateway.pipeline import _measure_late
from gateway.request import parse
from tests.unit.record.build import caller, decision, request


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

"""The recorded replies and their neighbours, read by the pure core alone: outcome, kind of failure, usage."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gateway.catalog.prices import Usage
from gateway.outcome.meter import StreamMeter, WholeMeter
from gateway.outcome.reading import Reading
from gateway.outcome.result import result_of
from gateway.outcome.watch import watch_for
from gateway.upstreams.failures import classify, of_reading, succeeded
from tests.golden.test_catalog import catalog

FOLDER = Path(__file__).parent / "wires"
CASES = {case["id"]: case for name in ("recorded", "neighbours")
         for case in json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))}  # fmt: skip
NOT_ALONE = {"near-html"}  # of these the core alone says less than dispatch does


def judge(text: str, *, final: bool) -> Any:
    return "declined" if text.strip().startswith("I'm sorry") else "answered"


def told(case: dict[str, Any], form: str) -> tuple[str, str | None, Usage | None]:
    """Outcome, kind of failure and usage of a reply in this form."""
    act, operator, rows = case[form], case["operator"], catalog().moderation
    if not succeeded(act["status"]):
        failure = classify(rows, operator, act["status"], body_of(act), ())
        return failure.outcome, failure.kind, Usage()
    reading = read(act, operator, form)
    failed = of_reading(rows, operator, reading, ended=True)
    if failed is not None:
        return failed.outcome, failed.kind, reading.usage
    return result_of(reading, ended=True, limited=False, judge=judge), None, reading.usage


def read(act: dict[str, Any], operator: str, form: str) -> Reading:
    watch = watch_for(catalog().moderation, operator)
    if form == "whole":
        whole = WholeMeter(watch)
        whole.feed(body_of(act))
        return whole.reading
    meter = StreamMeter(keep_usage=False, watch=watch)
    for chunk in [body_of(act)] if "body" in act else act["chunks"]:
        if not isinstance(chunk, dict):
            meter.feed(chunk if isinstance(chunk, bytes) else chunk.encode())
    meter.end()
    return meter.reading


def body_of(act: dict[str, Any]) -> bytes:
    if "chunks" in act:
        return "".join(chunk for chunk in act["chunks"] if isinstance(chunk, str)).encode()
    body = act["body"]
    return body.encode() if isinstance(body, str) else json.dumps(body).encode()


@pytest.mark.parametrize("form", ["whole", "stream"])
@pytest.mark.parametrize("name", [name for name in CASES if name not in NOT_ALONE])
def test_the_core_reads_a_reply_for_what_it_is(name, form):
    right = CASES[name]["expect"][form]

    outcome, kind, usage = told(CASES[name], form)

    assert outcome == right["outcome"]
    assert kind == right.get("kind", kind)
    if right.get("usage") == "estimated":
        assert usage is None
    elif any(right.get("usage", ())):
        assert usage is not None
        counts = [usage.input_tokens, usage.cached_tokens, usage.cache_write_tokens, usage.output_tokens,
                  usage.reasoning_tokens]  # fmt: skip
        assert counts == right["usage"]

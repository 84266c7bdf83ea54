"""Replies of self-hosted servers on each wire they speak: what is read, billed and handed on.

llama.cpp's were recorded; those of the others are written as the source that each case names writes them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gateway.outcome.bill import bill
from gateway.outcome.meter import StreamMeter, WholeMeter
from gateway.outcome.wire_reader import READERS
from gateway.upstreams.translate import TRANSLATORS
from gateway.upstreams.translate.passing import WayBack
from gateway.upstreams.translate.spec import Memory
from tests.golden.test_catalog import catalog

PROMPT_TOKENS = 20  # as the gateway estimates them
CASES = [(path.stem, case) for path in sorted((Path(__file__).parent / "servers").glob("*.json"))
         for case in json.loads(path.read_text(encoding="utf-8"))]  # fmt: skip
DIALECTS = ("openai", "openai_responses", "anthropic")
TOLD = [(server, case, dialect) for server, case in CASES for dialect in DIALECTS
        if dialect == case["wire"] or "kind" not in case]  # fmt: skip


def named(value: Any) -> str:
    return str(value["id"]) if isinstance(value, dict) else str(value)


def metered(wire: str, said: bytes, *, stream: bool) -> tuple[bytes, StreamMeter | WholeMeter]:
    """What is passed on to a caller of the same wire, and the meter."""
    reader = READERS.get(wire)
    read = reader("auto", PROMPT_TOKENS) if reader is not None else None
    meter = StreamMeter(keep_usage=True, wire=read) if stream else WholeMeter(wire=read)
    return meter.feed(said) + meter.end(), meter


def said_by(case: dict[str, Any]) -> bytes:
    return case["stream"].encode() if "stream" in case else json.dumps(case["whole"]).encode()


@pytest.mark.parametrize(("server", "case"), CASES, ids=named)
def test_a_reply_is_read_to_its_end_and_billed(server, case):
    reading = metered(case["wire"], said_by(case), stream="stream" in case)[1].reading
    endpoint = next(iter(catalog().endpoints.values()))
    used = bill(endpoint, reading, prompt_tokens=PROMPT_TOKENS, reached=True, at=0.0).usage

    assert (reading.complete, reading.complaint, "".join(reading.texts)) == (True, None, case["text"])
    assert [used.input_tokens, used.cached_tokens, used.output_tokens] == case["usage"]
    assert used.estimated is case.get("estimated", False)


@pytest.mark.parametrize(("server", "case", "dialect"), TOLD, ids=named)
def test_a_reply_is_told_whole_in_every_dialect(server, case, dialect):
    stream = "stream" in case
    told = metered(case["wire"], said_by(case), stream=stream)[0]
    if dialect != case["wire"]:
        memory = Memory({"stream_options": {"include_usage": True}}, model="auto", response_id="r", created_at=1)
        back = WayBack(TRANSLATORS[(dialect, case["wire"])], memory, stream=stream)
        told = back.feed(told) + back.end()
    passed, meter = metered(dialect, told, stream=stream)
    reading, used = meter.reading, meter.reading.usage

    assert passed == told  # nothing is owed to its caller any more
    assert (reading.complete, "".join(reading.texts)) == (True, case["text"])
    assert used is not None and [used.input_tokens, used.cached_tokens, used.output_tokens] == case["usage"]

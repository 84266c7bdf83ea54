"""What is measured of translation is what dispatch does, and the same dialect adds nothing but its meter."""

from __future__ import annotations

import json

import pytest

from bench.translate import ASKED, EVENTS, WHOLE, microseconds, passing, stream
from gateway.outcome.meter import StreamMeter, WholeMeter
from gateway.outcome.wire_reader import READERS
from gateway.upstreams.translate import TRANSLATORS
from gateway.upstreams.translate.passing import WayBack
from gateway.upstreams.translate.spec import Upstream


@pytest.mark.parametrize("wire", WHOLE)
def test_the_replies_that_are_measured_are_whole_answers(wire):
    reader = READERS.get(wire)
    meter = StreamMeter(keep_usage=True, wire=reader() if reader is not None else None)
    whole = WholeMeter(wire=reader() if reader is not None else None)
    for part in stream(wire):
        meter.feed(part)
    whole.feed(json.dumps(WHOLE[wire]).encode())

    assert meter.reading.complete
    assert whole.reading.complete
    assert meter.reading.events > EVENTS
    assert 900 < whole.reading.chars < 1100


@pytest.mark.thorough
@pytest.mark.parametrize("pair", TRANSLATORS, ids=" to ".join)
def test_each_pair_is_measured_to_its_end(pair):
    client, upstream = pair
    made = TRANSLATORS[pair].request(ASKED[client], Upstream(), model="m", response_id="r", created_at=1)
    back = WayBack(TRANSLATORS[pair], made.memory, stream=True)
    said = b"".join([back.feed(part) for part in stream(upstream)]) + back.end()

    assert b"error" not in said.replace(b'"error":null', b"")
    assert microseconds(passing(client, upstream, stream(upstream)[:1], streamed=True)) > 0

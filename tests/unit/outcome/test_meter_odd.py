"""What a meter makes of streams that wait, are cut, or are none."""

from __future__ import annotations

import json

import pytest

from gateway.outcome import meter as meters
from gateway.outcome.meter import MeteringError, StreamMeter, WholeMeter
from gateway.outcome.wire_reader import READERS

TEXT = b'data: {"choices":[{"index":0,"delta":{"content":"Hel"},"finish_reason":null}]}\n\n'
FINISH = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
DONE = b"data: [DONE]\n\n"
WHOLE = b'{"choices":[{"index":0,"message":{"role":"assistant","content":"Hel"},"finish_reason":"stop"}]}'
NO = {"error": {"message": "no"}}
FAILED = json.dumps(NO).encode()


def stream(*chunks: bytes, wire: str | None = None) -> tuple[bytes, StreamMeter]:
    meter = StreamMeter(keep_usage=True, wire=READERS[wire]() if wire else None)
    return b"".join([meter.feed(chunk) for chunk in chunks]) + meter.end(), meter


def test_what_came_after_enough_waits_in_its_order():
    meter = StreamMeter(keep_usage=True)
    meter.enough = lambda: True

    assert meter.feed(TEXT + FINISH) == TEXT
    assert meter.reading.finish_reason is None  # not even read
    assert meter.feed(DONE) == FINISH + DONE
    assert meter.resume() == b"" and meter.done


def test_nothing_waits_where_nothing_came_after_enough():
    meter = StreamMeter(keep_usage=True)
    meter.enough = lambda: True

    assert meter.feed(TEXT) == TEXT
    assert meter.resume() == b""
    assert meter.feed(TEXT + FINISH) == TEXT + FINISH  # nothing is held back any more


def test_what_has_come_of_an_event_is_its_rest():
    meter = StreamMeter(keep_usage=True)
    meter.feed(TEXT + TEXT[:20])

    assert meter.rest == TEXT[:20]


def test_an_event_without_an_end_is_no_reply(monkeypatch):
    monkeypatch.setattr(meters, "MOST_EVENT_BYTES", 100)
    meter = StreamMeter(keep_usage=True)
    meter.feed(b"data: " + b"x" * 90)

    with pytest.raises(MeteringError, match="longer than"):
        meter.feed(b"x" * 20)


@pytest.mark.parametrize(("rest", "passed"), [
    (TEXT[:-2], TEXT), (TEXT[:-1], TEXT), (b"data: [DONE]", DONE), (TEXT[:-30], b""), (b" \n", b""), (b"<html>", b""),
    (b": comment", b""), (b"event: error\ndata: oops", b""), (FAILED, b""),
])  # fmt: skip
def test_of_a_last_event_without_an_end_only_what_is_whole_passes(rest, passed):
    assert stream(TEXT + FINISH, rest)[0] == TEXT + FINISH + passed


@pytest.mark.parametrize(("rest", "complaint", "stray"), [
    (b"<html>", None, True), (FAILED, NO, True), (b": comment", None, False),
    (b"event: error\ndata: oops", {"error": {"message": "oops"}}, False),
    (b"event: error\ndata: " + FAILED + b"\n\n", NO, False), (b"error: " + FAILED + b"\n\n", NO, False),
    (b"<p>" + b"\n\n", None, True), (FAILED + b"\n\n", NO, True),
])  # fmt: skip
def test_an_error_is_found_however_it_stands_in_the_stream(rest, complaint, stray):
    _, meter = stream(TEXT, rest)

    assert (meter.reading.complaint, meter.stray) == (complaint, stray)
    assert meter.done is (complaint is not None)


@pytest.mark.parametrize("after", [TEXT, DONE, b": comment\n\n", b"<p>\n\n", b"data: {oops\n\n"])
def test_nothing_passes_behind_the_end(after):
    assert stream(TEXT, FINISH, DONE, after)[0] == TEXT + FINISH + DONE


@pytest.mark.parametrize("chunks", [
    (b"\xef", b"\xbb", b"\xbf" + TEXT), (b"\xef\xbb\xbf", TEXT), (b"\xef\xbb\xbf" + TEXT[:9], TEXT[9:]),
])  # fmt: skip
def test_a_byte_order_mark_is_taken_off_in_whatever_pieces_it_comes(chunks):
    assert stream(*chunks)[0] == TEXT


@pytest.mark.parametrize(
    "chunks", [(WHOLE,), (b" ", WHOLE), (b"\n", b"\n", WHOLE[:9], WHOLE[9:]), (b"[" + WHOLE + b"]",)]
)
def test_a_whole_reply_in_the_place_of_a_stream_becomes_one(chunks):
    passed, meter = stream(*chunks)

    first, second = (part.removeprefix(b"data: ") for part in passed.strip().split(b"\n\n"))
    delta = {"role": "assistant", "content": "Hel"}
    assert json.loads(first)["choices"] == [{"index": 0, "delta": delta, "finish_reason": "stop"}]
    assert second == b"[DONE]" and meter.done and meter.reading.complete


@pytest.mark.parametrize(("document", "wire", "complaint", "stray"), [
    (FAILED, None, NO, False), (b'{"choices":[]}', None, None, False), (b"{oops", None, None, True),
    (b'{"type":"error","error":{"message":"no"}}', "anthropic", {"type": "error"} | NO, False),
    (b'{"of":"another"}', "anthropic", None, True), (b"{oops", "openai_responses", None, True),
])  # fmt: skip
def test_another_document_in_the_place_of_a_stream_is_not_passed_on(document, wire, complaint, stray):
    passed, meter = stream(document, wire=wire)

    assert passed == b""
    assert (meter.reading.complaint, meter.stray) == (complaint, stray)
    assert meter.rest == (document if stray else b"")  # for who looks at what came instead


def test_chat_ends_by_its_reason_and_another_wire_by_its_own_end():
    assert StreamMeter(keep_usage=True).ends_well

    meter = StreamMeter(keep_usage=True, wire=READERS["anthropic"]())
    assert not meter.ends_well
    meter.feed(b'event: message_stop\ndata: {"type":"message_stop"}\n\n')
    assert meter.ends_well


def test_a_whole_reply_of_another_wire_that_cannot_be_read_passes_unread():
    meter = WholeMeter(wire=READERS["anthropic"]())

    assert meter.feed(b"oops") == b"oops"
    assert meter.reading.events == 0 and not meter.reading.complete

"""Replies that are no text: what of images, sound and scores is an answer, an end, a usage, an error."""

from __future__ import annotations

import msgspec
import pytest

from gateway.catalog.prices import Usage
from gateway.interfaces import INTERFACES
from gateway.outcome.beyond_text import MOST_DOCUMENT, BeyondText, SoundMeter
from gateway.outcome.meter import WholeMeter
from gateway.outcome.reading import Reading


def read(kind: str, *documents: object, parts: int = 1) -> tuple[Reading, BeyondText]:
    wire, reading = BeyondText(INTERFACES[kind], parts), Reading()
    for document in documents:
        event = wire.decode(document if isinstance(document, bytes) else msgspec.json.encode(document))
        if event is not None:
            reading.add(event)
    return reading, wire


@pytest.mark.parametrize(("kind", "document", "usage"), [
    ("image", {"created": 1, "data": [{"b64_json": "AA"}, {"b64_json": "AA"}]}, Usage(images=2)),
    ("image", {"data": [{"url": "u"}], "usage": {"input_tokens": 9, "output_tokens": 7}},
     Usage(input_tokens=9, output_tokens=7, images=1)),
    ("transcription", {"text": "hello", "duration": 2.5}, Usage(audio_ms=2_500)),
    ("transcription", {"text": "hello", "duration": 9, "usage": {"type": "duration", "seconds": 3}},
     Usage(audio_ms=3_000)),
    ("transcription", {"text": "", "usage": {"input_tokens": 5, "output_tokens": 0}}, Usage(input_tokens=5)),
    ("rerank", {"results": [{"index": 0}], "meta": {"billed_units": {"search_units": 2}}}, Usage(searches=2)),
    ("rerank", {"results": [{"index": 0}], "meta": {"tokens": {"input_tokens": 31}}}, Usage(input_tokens=31)),
    ("rerank", {"results": [{"index": 0}], "usage": {"total_tokens": 12}}, Usage(input_tokens=12)),
    ("rerank", {"results": [{"index": 0}], "usage": {"total_tokens": 12, "prompt_tokens": 12}}, Usage(input_tokens=12)),
    ("rerank", {"results": [{"index": 0}], "meta": "v2", "usage": "none"}, None),
    ("rerank", {"data": [{"index": 0, "score": 0.5}], "usage": {"total_tokens": 4}}, Usage(input_tokens=4)),  # Voyage's
    ("moderation", {"results": [{"flagged": False}]}, None),
])  # fmt: skip
def test_a_whole_reply_is_an_answer_with_the_usage_that_it_tells(kind, document, usage):
    reading, _ = read(kind, document)

    assert reading.complete and not reading.empty and not reading.broken
    assert reading.usage == usage


@pytest.mark.parametrize(("kind", "document"), [("image", {"data": []}), ("rerank", {"results": []}), ("rerank", [])])
def test_a_reply_that_ends_without_anything_in_it_is_empty(kind, document):
    reading, _ = read(kind, document)

    assert reading.complete and reading.empty


def test_some_rerankers_answer_with_the_scores_alone():
    reading, _ = read("rerank", [{"index": 1, "score": 0.9}, {"index": 0, "score": 0.1}])

    assert reading.complete and not reading.empty


@pytest.mark.parametrize(("kind", "answered"), [("transcription", True), ("image", False), ("rerank", False)])
def test_a_text_is_an_answer_where_replies_may_be_plain_and_nothing_elsewhere(kind, answered):
    reading, _ = read(kind, b"1\n00:00:00,000 --> 00:00:01,000\nhello\n")

    assert (reading.events == 1) is answered
    assert reading.complete is answered


@pytest.mark.parametrize(("document", "complaint"), [
    ({"error": {"message": "no"}}, {"error": {"message": "no"}}),
    ({"code": 40_001, "msg": "quota"}, {"error": {"code": 40_001, "msg": "quota"}}),
    ({"created": 5}, {"error": {"message": "the reply holds no answer"}}),
    ({"data": None}, {"error": {"message": "the reply holds no answer"}}),
    ({"data": [{"url": "u"}], "error": {"message": "half of it failed"}}, {"error": {"message": "half of it failed"}}),
])  # fmt: skip
def test_a_document_without_an_answer_is_a_complaint(document, complaint):
    reading, _ = read("image", document)

    assert reading.complaint == complaint
    assert reading.broken and reading.empty


def test_an_error_field_that_holds_nothing_is_none():
    reading, _ = read("image", {"data": [{"url": "u"}], "error": {"message": "", "code": 0}})

    assert reading.complaint is None and reading.complete


def test_a_stream_of_images_is_over_with_the_last_of_those_asked_for_and_counts_them():
    partial = {"type": "image_generation.partial_image", "b64_json": "AA"}
    made = {"type": "image_generation.completed", "b64_json": "AA", "usage": {"input_tokens": 4, "output_tokens": 6}}
    reading, wire = read("image", partial, made, parts=2)
    assert not wire.over and reading.complete and reading.usage == Usage(input_tokens=4, output_tokens=6, images=1)

    reading, wire = read("image", partial, made, made, parts=2)
    assert wire.over
    # each event tells its own image's tokens
    assert reading.usage == Usage(input_tokens=8, output_tokens=12, images=2)


def test_sound_in_events_is_over_with_done_and_has_the_usage_of_that():
    reading, wire = read("speech", {"type": "speech.audio.delta", "audio": "AA"})
    assert not wire.over and not reading.complete and not reading.empty

    usage = {"input_tokens": 3, "output_tokens": 5, "total_tokens": 8, "input_token_details": {"text_tokens": 3}}
    reading, wire = read("speech", {"type": "speech.audio.done", "usage": usage})
    assert wire.over and reading.complete and reading.usage == Usage(input_tokens=3, output_tokens=5)


def test_a_stream_may_end_without_a_usage():
    reading, wire = read("transcription", {"type": "transcript.text.done", "text": "hello"}, parts=0)

    assert wire.over and reading.complete and reading.usage is None


@pytest.mark.parametrize("document", [{"type": "error", "error": {"message": "no"}}, {"type": "error", "code": "x"}])
def test_an_event_that_complains_breaks_the_stream(document):
    reading, wire = read("image", {"type": "image_generation.partial_image"}, document)

    assert reading.broken and not wire.over


def test_a_type_that_is_no_name_of_an_event_is_a_field_of_a_whole_reply():
    reading, _ = read("transcription", {"type": "transcript", "text": "hello"})

    assert reading.complete and reading.complaint is None


def test_a_whole_reply_passes_its_meter_untouched():
    body = b' {"results": [{"index": 0, "extra": 1}]} '
    meter = WholeMeter(wire=BeyondText(INTERFACES["rerank"]))

    assert meter.feed(body) == body and meter.done
    assert meter.reading.complete and not meter.reading.empty
    assert meter.end() == meter.resume() == b""


def heard(*chunks: bytes) -> tuple[bytes, SoundMeter]:
    meter = SoundMeter()
    passed = b"".join([meter.feed(chunk) for chunk in chunks])
    return passed + meter.end() + meter.resume(), meter


@pytest.mark.parametrize("chunks", [
    (b"ID3\x04sound", b"more"), (b"RIFF",), (b" \n", b"RIFF", b"{"), (b"[1]",), (b"{ no document", b" at all"),
    (b"  ",), (b"{" + b"x" * MOST_DOCUMENT, b"y"),
])  # fmt: skip
def test_sound_passes_byte_by_byte_as_it_came(chunks):
    passed, meter = heard(*chunks)

    assert passed == b"".join(chunks)
    assert meter.reading.complete and not meter.reading.empty and not meter.reading.broken


def test_sound_does_not_wait_for_its_end():
    assert SoundMeter().feed(b"ID3") == b"ID3"


@pytest.mark.parametrize(("chunks", "complaint"), [
    ((b' {"error":', b'{"message":"no"}}'), {"error": {"message": "no"}}),
    ((b" \n", b'{"error":{"message":"no"}}'), {"error": {"message": "no"}}),
    ((b'{"audio":"AA"}',), {"error": {"message": "a document, no sound"}}),
    ((b'{"code":"quota","message":"no"}',), {"code": "quota", "message": "no"}),
])  # fmt: skip
def test_a_document_in_the_place_of_sound_is_an_error_and_is_not_handed_on(chunks, complaint):
    passed, meter = heard(*chunks)

    assert passed == b""
    assert meter.reading.complaint == complaint


def test_a_body_without_a_byte_is_an_empty_answer():
    passed, meter = heard()

    assert passed == b"" and meter.reading.empty and not meter.reading.broken

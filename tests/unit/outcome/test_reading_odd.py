"""What is read of chat replies that are not as they are documented."""

from __future__ import annotations

import msgspec
import pytest

from gateway.catalog.prices import Usage
from gateway.outcome.reading import Reading
from gateway.outcome.usage import later, read_usage
from gateway.outcome.wire import decode


def read(*documents: object) -> Reading:
    reading = Reading()
    for document in documents:
        data = msgspec.json.encode(document)
        event = decode(data)
        assert event is not None
        reading.add(event, data)
    return reading


def said(part: object, **choice: object) -> Reading:
    return read({"choices": [{"index": 0, "message": part, "finish_reason": "stop"} | choice]})


@pytest.mark.parametrize(("part", "texts", "thinks"), [
    ({"content": [{"type": "text", "text": "Hel"}, {"type": "text", "text": "lo"}]}, ["Hello"], False),
    ({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}, {"type": "text", "text": "a"}]},
     ["a"], True),
    ({"content": "a", "reasoning": "hm"}, ["a"], True), ({"content": "a", "reasoning_content": ""}, ["a"], False),
    ({"content": "a", "reasoning_content": {"of": "another shape"}}, ["a"], False),
    ({"content": "", "reasoning_content": "hm"}, [], True),
])  # fmt: skip
def test_the_answer_is_told_from_the_thinking_in_whatever_parts_it_comes(part, texts, thinks):
    reading = said(part)

    assert (reading.texts, reading.thinks) == (texts, thinks)
    assert reading.empty is (not texts)


@pytest.mark.parametrize("part", [
    {"content": None, "tool_calls": [{"id": "1"}]}, {"function_call": {"name": "f"}}, {"audio": {"id": "a"}},
    {"content": [{"type": "image_url", "image_url": {"url": "u"}}]},
])  # fmt: skip
def test_a_part_that_is_no_text_is_an_answer(part):
    reading = said(part)

    assert reading.other_parts and not reading.empty and reading.texts == []


@pytest.mark.parametrize("part", [{"refusal": "No."}, {"content": [{"type": "refusal", "refusal": "No."}]}])
def test_a_structured_refusal_is_told(part):
    reading = said(part)
    (only,) = reading.said

    assert only.refused and reading.texts == ["No."] and not reading.empty


@pytest.mark.parametrize(("document", "complaint"), [
    ({"choices": [{"index": 0, "error": {"message": "no"}}]}, True),
    ({"choices": [], "error": {"message": "no"}}, True),
    ({"choices": [{"index": 0, "delta": {"content": "a"}}], "error": {"code": 0, "message": ""}}, False),
    ({"base_resp": {"status_code": 1004, "status_msg": "no"}}, True),
    ({"choices": [{"index": 0, "delta": {"content": "a"}}], "base_resp": {"status_code": 0}}, False),
    ({"code": 500, "message": "no"}, True), ({"object": "error", "message": "no"}, True), ({"id": "1"}, False),
])  # fmt: skip
def test_an_error_inside_a_200_is_found(document, complaint):
    assert read(document).complaint == (document if complaint else None)


def test_a_last_event_that_repeats_the_message_adds_nothing():
    delta = {"choices": [{"index": 0, "delta": {"content": "Hi"}}]}
    reading = read(delta, {"choices": [{"index": 0, "message": {"content": "Hi"}, "finish_reason": "stop"}]})

    assert reading.texts == ["Hi"] and reading.complete and reading.finished == 1


@pytest.mark.parametrize(("choice", "complete", "broken"), [
    ({"finish_reason": "length"}, True, False), ({"finish_reason": None}, False, False),
    ({"finish_reason": "error"}, False, True),
])  # fmt: skip
def test_a_reply_is_complete_with_an_ordinary_end(choice, complete, broken):
    reading = said({"content": "a"}, **choice)

    assert (reading.complete, reading.broken) == (complete, broken)


@pytest.mark.parametrize(("block", "usage"), [
    ({"prompt_tokens": -1, "completion_tokens": 2}, None), ({"prompt_tokens": "many"}, None), ({}, None),
    ({"total_tokens": 9, "prompt_tokens": 0, "completion_tokens": 0}, None), ({"prompt_tokens": 10**10}, None),
    ({"prompt_tokens": 0, "completion_tokens": 0}, Usage()), ({"seconds": "2.5"}, Usage(audio_ms=2_500)),
    ({"seconds": "1e9"}, None), ({"seconds": -1}, None), ({"seconds": 0.0001}, Usage(audio_ms=1)),
    ({"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 9},
     Usage(input_tokens=3, output_tokens=6, reasoning_tokens=4)),
    ({"prompt_tokens": 3, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 1}},
     Usage(input_tokens=3, cached_tokens=1, output_tokens=2)),
    ({"input_tokens": 3, "output_tokens": 2, "cache_read_input_tokens": 5},
     Usage(input_tokens=8, cached_tokens=5, output_tokens=2)),
    ({"prompt_n": 3, "predicted_n": 2}, Usage(input_tokens=3, output_tokens=2)),
])  # fmt: skip
def test_a_usage_is_believed_as_far_as_it_can_be(block, usage):
    assert read_usage(block) == usage


def test_a_later_usage_counts_unless_it_takes_back_everything():
    one, more = Usage(input_tokens=3), Usage(input_tokens=3, output_tokens=2)

    assert later(one, more) == more and later(more, Usage()) == more
    assert later(None, Usage()) == Usage() and later(one, None) == one and later(None, None) is None


def test_a_usage_may_stand_beside_the_place_of_its_own():
    reading = read({"choices": [], "x_groq": {"usage": {"prompt_tokens": 3, "completion_tokens": 2}}})

    assert reading.usage == Usage(input_tokens=3, output_tokens=2)

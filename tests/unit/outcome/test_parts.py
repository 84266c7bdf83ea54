"""What messages say beyond plain text, and choices beside one another."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import pytest

from gateway.outcome.finishes import meaning_of, said_of
from gateway.outcome.meter import WholeMeter
from gateway.outcome.parts import beside_content, parts_of
from gateway.outcome.result import result_of
from gateway.outcome.wire import complains, decode

CONTENTS: dict[str, tuple[object, list[tuple[str, str]]]] = {
    "a text": ("a", [("text", "a")]),
    "parts": ([{"type": "text", "text": "a"}, "b"], [("text", "a"), ("text", "b")]),
    "one part alone": ({"type": "output_text", "text": {"value": "a"}}, [("text", "a")]),
    "thoughts of Mistral": ({"type": "thinking", "thinking": [{"type": "text", "text": "a"}]}, [("thought", "a")]),
    "thoughts of Google": ({"text": "a", "thought": True}, [("thought", "a")]),
    "a refusal": ({"type": "refusal", "refusal": "no"}, [("refusal", "no")]),
    "a refusal without its type": ({"refusal": "no"}, [("refusal", "no")]),
    "an image": ({"type": "image_url", "image_url": {"url": "x"}}, [("other", "")]),
    "a part without anything": ({"type": "image_url"}, []),
    "a reference": ({"type": "reference", "reference_ids": [1]}, []),
    "a number": (4, [("other", "")]),
    "nothing": (None, []),
    "thoughts without words": ({"type": "redacted_thinking", "data": "x"}, [("thought", "")]),
}


@pytest.mark.parametrize("name", CONTENTS)
def test_a_content_is_read_part_by_part(name):
    content, parts = CONTENTS[name]

    assert list(parts_of(content)) == parts


def test_of_unknown_fields_those_that_name_something_say_nothing():
    part = {
        "content": "a",
        "thought_signature": "x",
        "extra_content": {"a": 1},
        "videos": ["v"],
        "thinking": "t",
        "n": 3,
    }

    assert list(beside_content(part, ("content",))) == [("other", ""), ("thought", "t")]


@pytest.mark.parametrize(
    ("reason", "kept", "meaning"),
    [
        ("null", None, None),
        ("", None, None),
        (None, None, None),
        ("stop", "stop", None),
        ("SAFETY", "SAFETY", "filtered"),
        ("content_filter: OTHER", "content_filter: OTHER", "cut"),
        ({"type": "abort", "message": "x"}, "abort", "failed"),
        ({"kind": "abort"}, None, None),
    ],
)
def test_a_finish_reason_means_the_same_in_any_spelling(reason, kept, meaning):
    assert said_of(reason) == kept
    assert meaning_of(kept or "") == meaning


def told(*finishes: tuple[str, str | None], ended: bool = True) -> str:
    choices = [
        {"index": at, "message": {"content": text}, "finish_reason": reason}
        for at, (text, reason) in enumerate(finishes)
    ]
    meter = WholeMeter()
    meter.feed(json.dumps({"choices": choices}).encode())
    return result_of(meter.reading, ended=ended, limited=False, choices=len(finishes))


def test_of_several_choices_one_that_broke_off_cuts_the_reply():
    assert told(("a", "stop"), ("b", "error")) == "truncated"
    assert told(("a", "abort"), ("b", "error")) == "failed"
    assert told(("a", "stop"), ("", "content_filter")) == "answered"
    assert told(("a", "stop"), ("b", None)) == "truncated"
    assert told(("a", "length"), ("b", "length")) == "truncated"


@pytest.mark.parametrize(
    ("document", "wrong"),
    [
        ({"error": {}}, False),
        ({"error": {"code": 0, "message": ""}}, False),
        ({"error": ""}, False),
        ({"error": "boom"}, True),
        ({"code": 200, "msg": "ok"}, False),
        ({"code": 500, "msg": "no"}, True),
        ({"code": 0, "message": "success", "choices": [{}]}, False),
        ({"message": "no"}, True),
        ({"message": "no", "usage": {"prompt_tokens": 1}}, False),
        ({"ErrorMsg": {"Msg": "no"}}, True),
        ({"type": "error"}, True),
        ({"choices": [], "prompt_filter_results": [], "object": ""}, False),
        ([], False),
    ],
)
def test_an_error_is_told_from_a_document_that_only_looks_like_one(document, wrong):
    assert complains(document) is wrong


def test_what_is_oddly_typed_is_read_all_the_same():
    odd: dict[str, Any] = {
        "choices": [{"message": "hi", "finish_reason": "stop"}, 4],
        "data": [1],
        "logprobs": float("nan"),
    }
    event = decode(json.dumps(odd).encode())

    assert event is not None and event.choices is not None
    assert [choice.message.content for choice in event.choices if choice.message] == ["hi"]
    assert decode(b'{"choices": [{"delta": 4}]}') is not None
    assert decode(b"\xff") is None


def test_a_completion_that_ends_without_a_word_answers_and_a_chat_that_does_is_blank():
    meter = WholeMeter()
    meter.feed(b'{"choices": [{"index": 0, "text": "", "finish_reason": "stop"}]}')
    meter.end()

    of = partial(result_of, meter.reading, ended=True, limited=False)
    assert (of(may_be_empty=True), of()) == ("answered", "blank")


@pytest.mark.parametrize("finish", ["content_filter", "error", "length"])
def test_a_completion_without_a_word_is_no_answer_if_it_was_cut_off(finish):
    meter = WholeMeter()
    meter.feed(b'{"choices": [{"index": 0, "text": "", "finish_reason": "%s"}]}' % finish.encode())
    meter.end()

    assert result_of(meter.reading, ended=True, limited=False, may_be_empty=True) != "answered"

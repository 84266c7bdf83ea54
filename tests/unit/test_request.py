"""A body becomes a request, or an error that names the field."""

from __future__ import annotations

import msgspec
import pytest

from gateway.errors import GatewayError
from gateway.interfaces import Units
from gateway.request import (
    MOST_CHOICES,
    MOST_FIELDS,
    MOST_OBJECTS,
    Arrival,
    Message,
    Request,
    conversation,
    new_id,
    parse,
    talk_of,
)

ARRIVAL = Arrival(id="req_1", received_at=1.0, started=1.0)
ASKED = {"messages": [{"role": "user", "content": "hi"}]}


def request(kind: str = "chat", **fields: object) -> Request:
    needed = {"model": "m"} | (ASKED if kind in ("chat", "messages") else {})
    return parse(kind, msgspec.json.encode(needed | fields), ARRIVAL)


def refused(kind: str, body: bytes, content_type: str = "") -> tuple[str, str | None]:
    with pytest.raises(GatewayError) as caught:
        parse(kind, body, ARRIVAL, content_type)
    assert caught.value.code == "invalid_request"
    return caught.value.message, caught.value.param


@pytest.mark.parametrize(("body", "words"), [
    (b"", "is not JSON"), (b'{"a":', "is not JSON"),
    (b"[]", "must be a JSON object"), (b"null", "must be a JSON object"),
    (b'{"model":"\xff"}', "not UTF-8 (byte 10)"), (b'{"a":' + b"[" * 100_000 + b"}", "nested too deeply"),
    (b"[" * (MOST_OBJECTS + 1), "more than 500,000 objects"),
    (msgspec.json.encode(dict.fromkeys(map(str, range(MOST_FIELDS + 1)))), "has 1,001 fields; at most 1,000"),
])  # fmt: skip
def test_a_body_that_cannot_be_read_is_refused(body, words):
    message, param = refused("chat", body)

    assert words in message and param is None


@pytest.mark.parametrize(("fields", "param", "words"), [
    ({"model": None}, "model", "must be a string"), ({"model": ""}, "model", "is empty"),
    ({"model": ["m"]}, "model", "must be a string"),
    ({"messages": []}, "messages", "at least one message"), ({"messages": "hi"}, "messages", "must be a list"),
    ({"stream": "yes"}, "stream", "true or false"), ({"stream_options": [1]}, "stream_options", "an object"),
    ({"n": MOST_CHOICES + 1}, "n", "at most 128"), ({"n": -1}, "n", "whole number"), ({"n": 1.5}, "n", "whole number"),
    ({"max_tokens": "5"}, "max_tokens", "whole number"), ({"max_completion_tokens": -1}, "max_completion_tokens", "0"),
    ({"Model": "m"}, "Model", "is written `model`"), ({"STREAM": True}, "STREAM", "is written `stream`"),
])  # fmt: skip
def test_a_field_that_is_malformed_is_named(fields, param, words):
    message, named = refused("chat", msgspec.json.encode({"model": "m"} | ASKED | fields))

    assert named == param
    assert f"`{param}`" in message and words in message


@pytest.mark.parametrize(("kind", "param"), [("chat", "messages"), ("completion", "prompt"), ("rerank", "query")])
def test_what_is_asked_must_be_there(kind, param):
    assert refused(kind, b'{"model":"m"}') == (f"`{param}` is missing", param)


def test_a_model_must_be_named():
    message, param = refused("chat", msgspec.json.encode(ASKED))

    assert param == "model" and "`model` is missing" in message


def test_what_is_asked_may_stand_where_the_interface_lets_it():
    made = request("responses", prompt={"id": "pmpt_1"})

    assert made.model == "m" and made.talk is None


@pytest.mark.parametrize(("kind", "fields", "choices", "generated"), [
    ("chat", {}, 1, 1), ("chat", {"n": 3}, 3, 3), ("chat", {"n": 0}, 1, 1), ("chat", {"n": None}, 1, 1),
    ("chat", {"n": 2.0}, 2, 2), ("chat", {"n": 3, "best_of": 9}, 3, 3),
    ("completion", {"prompt": "a", "n": 2, "best_of": 5}, 2, 5), ("completion", {"prompt": ["a", "b"], "n": 2}, 4, 4),
    ("completion", {"prompt": [[1, 2], [3]], "best_of": 4}, 2, 8), ("completion", {"prompt": [1, 2, 3]}, 1, 1),
    ("completion", {"prompt": []}, 1, 1),
    ("image", {"prompt": "a", "n": 4}, 1, 1), ("speech", {"input": "a", "n": 4}, 1, 1),
])  # fmt: skip
def test_how_many_answers_come_and_how_many_are_made(kind, fields, choices, generated):
    made = request(kind, **fields)

    assert (made.choices, made.generated) == (choices, generated)


@pytest.mark.parametrize(("fields", "limit"), [
    ({}, None), ({"max_tokens": 5}, 5), ({"max_tokens": 5, "max_completion_tokens": 9}, 9),
    ({"max_tokens": None}, None),
    ({"max_tokens": 100.0}, 100), ({"max_tokens": 0}, 0),
])  # fmt: skip
def test_the_largest_limit_counts(fields, limit):
    assert request(**fields).max_tokens == limit


@pytest.mark.parametrize(("fields", "stream", "usage"), [
    ({}, False, False), ({"stream": True}, True, False), ({"stream": None}, False, False),
    ({"stream": True, "stream_options": {"include_usage": True}}, True, True),
    ({"stream": True, "stream_options": None}, True, False),
    ({"stream": True, "stream_options": {"include_usage": 1}}, True, False),
])  # fmt: skip
def test_whether_it_is_a_stream_and_shows_its_usage(fields, stream, usage):
    made = request(**fields)

    assert (made.stream, made.include_usage) == (stream, usage)


@pytest.mark.parametrize(("kind", "fields", "events"), [
    ("chat", {"stream": True}, True), ("speech", {"input": "a"}, False),
    ("speech", {"input": "a", "stream_format": "sse"}, True),
    ("speech", {"input": "a", "stream_format": "audio"}, False),
])  # fmt: skip
def test_sound_is_a_stream_and_comes_as_events_only_if_asked(kind, fields, events):
    made = request(kind, **fields)

    assert made.stream and made.as_events is events


@pytest.mark.parametrize(("kind", "fields", "units"), [
    ("image", {"prompt": "a", "n": 2, "size": "1024x1024", "quality": "High"},
     Units(images=2, output_tokens=12_480, variant="1024x1024/high")),
    ("image", {"prompt": "a", "size": "a b", "quality": 7}, Units(images=1, output_tokens=6_240)),
    ("speech", {"input": "abcde"}, Units(characters=5, audio_ms=350, output_tokens=7)),
    ("rerank", {"query": "a", "documents": ["d"] * 101}, Units(searches=2)),
    ("rerank", {"query": "a", "documents": []}, Units(searches=1)), ("chat", {}, Units()),
])  # fmt: skip
def test_what_it_asks_for_that_is_no_text(kind, fields, units):
    assert request(kind, **fields).units == units


def test_every_field_stays_as_it_was_written():
    made = parse("chat", b'{"b":[ 1 ],"model":"m","messages":[{"role":"user","content":"hi"}],"a":1e2}', ARRIVAL)

    assert list(made.fields) == ["b", "model", "messages", "a"]
    assert (bytes(made.fields["b"]), bytes(made.fields["a"])) == (b"[ 1 ]", b"1e2")
    assert (made.id, made.kind, made.talk) == ("req_1", "chat", [Message("user", "hi")])


@pytest.mark.parametrize(("written", "common"), [
    (b'[{"role":"user","content":"a: b"}]', True), (b"[]", False),
    (b'[{"role":"user","content":"hi","name":"x"}]', False),
    (b'[{"role":"user","content":[]}]', False), (b'[{"role":"user","role":"system","content":"hi"}]', False),
    (b'[{"role":"user","content":"a\\u003ab"}]', False), (b'[{"role":"user","content":"a\\nb"}]', True),
    (b"[" * 100_000, False),
])  # fmt: skip
def test_messages_are_common_if_no_name_is_given_twice_and_none_is_unknown(written, common):
    assert (talk_of(msgspec.Raw(written)) is not None) is common


def test_names_grow_with_time_and_differ_by_chance():
    assert new_id(1.0, 2**52 - 1) < new_id(2.0, 0) < new_id(2.0, 1)
    assert new_id(1.0, 5) == new_id(1.0, 5)


TURN = {"role": "user", "content": "hi"}
ANSWER = {"role": "assistant", "content": "hello"}
PICTURE = {"role": "user", "content": [{"type": "image_url"}]}


@pytest.mark.parametrize(("one", "other", "same"), [
    ({"messages": [TURN]}, {"messages": [TURN, ANSWER, {"role": "user", "content": "and?"}]}, True),
    ({"messages": [TURN]}, {"messages": [{"role": "user", "content": "ho"}]}, False),
    ({"messages": [PICTURE]}, {"messages": [PICTURE, ANSWER, TURN]}, True),
    ({"messages": [PICTURE]}, {"messages": [TURN]}, False),
    ({"messages": [TURN, PICTURE]}, {"messages": [TURN, ANSWER]}, True),
    ({"messages": [TURN], "system": "a"}, {"messages": [TURN], "system": "b"}, False),
    ({"messages": [TURN], "instructions": "a"}, {"messages": [TURN]}, False),
    ({"messages": [TURN], "prompt_cache_key": "k"}, {"messages": [ANSWER], "prompt_cache_key": "k"}, True),
    ({"messages": [TURN], "prompt_cache_key": "k"}, {"messages": [TURN], "prompt_cache_key": "l"}, False),
    ({"messages": [ANSWER, TURN]}, {"messages": [ANSWER, {"role": "user", "content": "ho"}]}, False),
])  # fmt: skip
def test_a_conversation_is_known_by_its_name_or_by_how_it_began(one, other, same):
    assert (conversation(request(**one), "key") == conversation(request(**other), "key")) is same
    assert conversation(request(**one), "key") != conversation(request(**one), "another")


def test_a_prompt_that_is_no_list_begins_a_conversation_too():
    assert conversation(request("completion", prompt="a"), "k") != conversation(request("completion", prompt="b"), "k")
    assert conversation(request("responses", input="a"), "k") == conversation(request("responses", input="a"), "k")

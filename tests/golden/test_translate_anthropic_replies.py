"""Replies of Messages on their way back to callers of Chat, whole and streamed, beyond the recorded cases."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.upstreams.translate.passing import WayBack
from tests.golden.test_translate import back, translated
from tests.golden.test_translate_openai_anthropic import CASE, HELLO, TEXT_TOOL, USER, turns
from tests.golden.translate import match

ENDS = [
    ("end_turn", "stop"), ("stop_sequence", "stop"), ("max_tokens", "length"), ("refusal", "content_filter"),
    ("model_context_window_exceeded", "length"), ("tool_use", "stop"),
    ("a_new_one", "stop"), ("content_filtered", "content_filter"),
]  # fmt: skip
USE: dict[str, Any] = {"type": "tool_use", "id": "t", "name": "find", "input": {"a": 1}}


def answer(*content: dict[str, Any], reason: Any = "end_turn", **more: Any) -> bytes:
    usage = {"input_tokens": 3, "output_tokens": 5}
    return json.dumps({"type": "message", "content": content, "stop_reason": reason, "usage": usage, **more}).encode()


def written(event: dict[str, Any]) -> bytes:
    return f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode()


def streamed(way: WayBack, *events: dict[str, Any]) -> str:
    return b"".join(way.feed(written(event)) for event in events).decode() + way.end().decode()


def begin(index: int, **block: Any) -> dict[str, Any]:
    return {"type": "content_block_start", "index": index, "content_block": block}


def more(index: int, **delta: Any) -> dict[str, Any]:
    return {"type": "content_block_delta", "index": index, "delta": delta}


def stop(index: int) -> dict[str, Any]:
    return {"type": "content_block_stop", "index": index}


def over(reason: str = "end_turn", **usage: int) -> list[dict[str, Any]]:
    delta = {"type": "message_delta", "delta": {"stop_reason": reason}, "usage": {"output_tokens": 5, **usage}}
    return [delta, {"type": "message_stop"}]


START = {"type": "message_start", "message": {"id": "m", "content": [], "usage": {"input_tokens": 3}}}
TEXT = [begin(0, type="text", text=""), more(0, type="text_delta", text="Hi"), stop(0)]


@pytest.mark.parametrize(("reason", "finish"), ENDS)
def test_each_end_keeps_its_meaning(reason, finish):
    words = {"type": "text", "text": "Hi"}
    reply = json.loads(back(CASE, stream=False).feed(answer(words, reason=reason)))
    found = match.atoms("openai", streamed(back(CASE, stream=True), START, begin(0, **words), stop(0), *over(reason)))

    assert reply["choices"][0]["finish_reason"] == finish
    assert {"type": "chunk", "finish_reason": finish} in found


@pytest.mark.parametrize("reason", ["end_turn", "stop_sequence", "tool_use"])
def test_whoever_calls_a_tool_stops_for_it(reason):
    reply = json.loads(back(CASE, stream=False).feed(answer(USE, reason=reason)))
    found = match.atoms("openai", streamed(back(CASE, stream=True), START, begin(0, **USE), stop(0), *over(reason)))

    assert reply["choices"][0]["finish_reason"] == "tool_calls"
    assert {"type": "chunk", "finish_reason": "tool_calls"} in found


@pytest.mark.parametrize("reason", ["pause_turn", "compaction", "error", "network_error", None, ""])
def test_an_end_that_means_none_is_no_success(reason):
    with pytest.raises(ValueError):
        back(CASE, stream=False).feed(answer({"type": "text", "text": "Hi"}, reason=reason))
    with pytest.raises(ValueError):
        streamed(back(CASE, stream=True), START, *over(reason))


def test_a_block_that_was_not_asked_for_is_no_reply():
    block = {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}}
    with pytest.raises(ValueError):
        back(CASE, stream=False).feed(answer(block))
    with pytest.raises(ValueError):
        streamed(back(CASE, stream=True), START, begin(0, **block))


@pytest.mark.parametrize(("content", "reason", "words"), [
    ([], "end_turn", ""), ([], "max_tokens", ""), ([USE], "tool_use", None), ([], "refusal", None),
    ([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}], "end_turn", "ab"),
    ([{"type": "redacted_thinking", "data": "x"}, {"type": "text", "text": "a"}], "end_turn", "a"),
])  # fmt: skip
def test_a_reply_without_words_says_none(content, reason, words):
    message = json.loads(back(CASE, stream=False).feed(answer(*content, reason=reason)))["choices"][0]["message"]

    assert (message["content"], message["refusal"]) == (words, None)
    assert "reasoning_content" not in message
    assert ("tool_calls" in message) == (content == [USE])


@pytest.mark.parametrize("content", [None, "Hi", ["Hi"], [{"type": "tool_use", "name": "find"}], [{**USE, "name": ""}]])
def test_what_is_no_reply_is_never_told_as_one(content):
    with pytest.raises(ValueError):
        back(CASE, stream=False).feed(json.dumps({"content": content, "stop_reason": "end_turn"}).encode())


@pytest.mark.parametrize("event", [
    begin(0, **{**USE, "id": None}), {**begin(0), "content_block": "x"}, {**begin(0, **USE), "index": "a"},
    {**more(0), "delta": None}, more(0, type="input_json_delta", partial_json="{"),
])  # fmt: skip
def test_an_event_that_nobody_can_read_ends_the_stream(event):
    with pytest.raises(ValueError):
        streamed(back(CASE, stream=True), START, event)


def test_words_at_the_beginning_of_a_block_are_said():
    blocks = [begin(0, type="thinking", thinking="two", signature=""), stop(0),
              begin(1, type="redacted_thinking", data="x"), stop(1), begin(2, type="text", text="Four"),
              more(2, type="text_delta", text="."), stop(2)]  # fmt: skip
    found = match.atoms("openai", streamed(back(CASE, stream=True), START, *blocks, *over()))

    assert [atom.get("delta") for atom in found[1:3]] == [{"reasoning_content": "two"}, {"content": "Four."}]
    assert [atom["type"] for atom in found] == ["chunk"] * 4 + ["[DONE]"]


def chunks(said: str) -> list[dict[str, Any]]:
    return [json.loads(line[6:]) for line in said.split("\n\n") if line.startswith("data: {")]


def calls(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Whole, by their place."""
    made: dict[int, dict[str, Any]] = {}
    for piece in [piece for atom in found for piece in atom.get("delta", {}).get("tool_calls", [])]:
        kept = made.setdefault(piece["index"], {"arguments": ""})
        function = piece.get("function", {})
        kept |= {"id": piece.get("id", kept.get("id")), "name": function.get("name", kept.get("name"))}
        kept["arguments"] += function.get("arguments", "")
    return [{**call, "arguments": json.loads(call["arguments"])} for _, call in sorted(made.items())]


def arguments(index: int, *pieces: str) -> list[dict[str, Any]]:
    return [more(index, type="input_json_delta", partial_json=piece) for piece in pieces]


def use(index: int, id: str, **given: Any) -> dict[str, Any]:
    return begin(index, type="tool_use", id=id, name="find", input=given)


WANTED = [{"id": "a", "name": "find", "arguments": {"x": 1}}, {"id": "b", "name": "find", "arguments": {"y": 2}}]
PIECES = {
    "one after the other": [
        use(1, "a"), *arguments(1, "", '{"x"', ": 1}"), stop(1), use(2, "b"), *arguments(2, '{"y": 2}'), stop(2)],
    "with gaps": [use(4, "a"), *arguments(4, '{"x": 1}'), stop(4), use(9, "b"), *arguments(9, '{"y": 2}'), stop(9)],
    "interleaved": [use(1, "a"), use(2, "b"), *arguments(1, '{"x"'), *arguments(2, '{"y"'), *arguments(1, ":1}"),
                    *arguments(2, ":2}"), stop(2), stop(1)],
    "told at once": [use(1, "a", x=1), stop(1), use(2, "b", y=2), stop(2)],
    "never closed": [use(1, "a"), *arguments(1, '{"x": 1}'), use(2, "b", y=2)],
}  # fmt: skip


@pytest.mark.parametrize("name", PIECES)
def test_no_argument_of_a_call_is_lost(name):
    said = streamed(back(CASE, stream=True), START, *TEXT, *PIECES[name], *over("tool_use"))
    found = match.atoms("openai", said)

    assert match.grammar("openai", found) == []
    assert calls(found) == WANTED


def test_all_chunks_have_one_id_and_usage_comes_only_when_asked():
    no = {**CASE, "request": {**HELLO, "stream_options": {"include_usage": False}}}
    plain = chunks(streamed(back(no, stream=True), {"type": "ping"}, START, *TEXT, *over()))
    asked = {**CASE, "request": {**HELLO, "stream_options": {"include_usage": True}}}
    counted = chunks(streamed(back(asked, stream=True), START, *TEXT, *over(cache_read_input_tokens=7)))

    assert len({(chunk["id"], chunk["created"], chunk["model"], chunk["object"]) for chunk in plain}) == 1
    assert plain[0]["choices"][0]["delta"]["role"] == "assistant"
    assert not any(chunk.get("usage") for chunk in plain) and all(chunk["choices"] for chunk in plain)
    assert counted[-1]["choices"] == []
    usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15,
             "prompt_tokens_details": {"cached_tokens": 7, "cache_write_tokens": 0}}  # fmt: skip
    assert counted[-1]["usage"] == {**usage, "completion_tokens_details": {"reasoning_tokens": 0}}


ERROR = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}


@pytest.mark.parametrize("end", [[], over()[:1], [ERROR], [over()[0], ERROR, over()[1]]],
                         ids=["cut", "cut before its end", "broken", "broken before its end"])  # fmt: skip
@pytest.mark.parametrize("last", [b"", b"data: [DONE]\n\n"], ids=["", "and done"])
def test_a_stream_that_did_not_end_is_no_success(end, last):
    way = back(CASE, stream=True)
    said = way.feed(b"".join(map(written, [START, *TEXT, *end])) + last) + way.end()
    found = match.atoms("openai", said.decode())

    assert not match.never(["finish_reason", "usage", "[DONE]"], found)
    assert [atom["type"] for atom in found].count("error") == (ERROR not in end)  # an upstream's own is told elsewhere


def test_nothing_follows_the_end():
    way = back(CASE, stream=True)
    streamed(way, START, *TEXT, *over())

    assert streamed(way, *TEXT, *over()) == "" == way.feed(b"data: [DONE]\n\n").decode()


def test_events_are_known_by_their_name_where_the_data_has_no_type():
    events = [START, *TEXT, *over()]
    unnamed = b"".join(
        f"event: {event['type']}\r\ndata: {json.dumps({**event, 'type': None})}\r\n\r\n".encode() for event in events
    )

    assert match.grammar("openai", match.atoms("openai", back(CASE, stream=True).feed(unnamed).decode())) == []


CUSTOM = {**CASE, "request": {**HELLO, "tools": [TEXT_TOOL]}}
JOT = {**USE, "name": "jot", "input": {"input": 'two "lines"'}}
WRITTEN = json.dumps(JOT["input"])


@pytest.mark.parametrize("given", [[], [WRITTEN[:9], WRITTEN[9:]]], ids=["at once", "in pieces"])
def test_a_custom_tool_gets_its_text_back(given):
    reply = json.loads(back(CUSTOM, stream=False).feed(answer(JOT, reason="tool_use")))
    begun = begin(0, **{**JOT, "input": {} if given else JOT["input"]})
    said = streamed(back(CUSTOM, stream=True), START, begun, *arguments(0, *given), stop(0), *over("tool_use"))
    expected = {"id": "t", "type": "custom", "custom": {"name": "jot", "input": 'two "lines"'}}

    assert reply["choices"][0]["message"]["tool_calls"] == [expected]
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks(said)]
    assert [delta["tool_calls"] for delta in deltas if "tool_calls" in delta] == [[{"index": 0, **expected}]]


def test_what_came_back_can_be_said_again():
    content: list[dict[str, Any]] = [{"type": "text", "text": "Wait."}, USE, {**JOT, "id": "u"}]
    message = json.loads(back(CUSTOM, stream=False).feed(answer(*content, reason="tool_use")))["choices"][0]["message"]
    results = [{"role": "tool", "tool_call_id": id, "content": "ok"} for id in ("t", "u")]

    made = translated(CUSTOM, strict=True, **turns(message, *results)).body["messages"]

    assert made[:2] == [USER, {"role": "assistant", "content": content}]


def test_what_a_caller_noted_comes_back_to_it():
    noted = {**CASE, "request": {**HELLO, "metadata": {"run": "7"}}}

    assert json.loads(back(noted, stream=False).feed(answer()))["metadata"] == {"run": "7"}

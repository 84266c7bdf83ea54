"""All text of a request, in every dialect, and whether that was all there is."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.signals.read import Malformed, read
from gateway.signals.text import SCANNED_CHARS, Passage, Text

IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}


def raw(**fields):
    return msgspec.json.decode(msgspec.json.encode(fields), type=dict[str, msgspec.Raw])


@pytest.mark.parametrize(
    ("kind", "fields", "expected"),
    [
        (
            "chat",
            {"messages": [{"role": "developer", "content": "Be brief."}, {"role": "user", "content": "Hello"}]},
            Text((Passage("system", "Be brief."), Passage("user", "Hello"))),
        ),
        (
            "chat",
            {"messages": [{"role": "user", "content": [{"type": "text", "text": "What is this?"}, IMAGE]}]},
            Text((Passage("user", "What is this?"),), readable=False),
        ),
        (
            "chat",
            {"messages": [{"role": "assistant", "content": None, "tool_calls": [{"function": {"arguments": "{}"}}]}]},
            Text((Passage("tool", '[{"function":{"arguments":"{}"}}]'),)),
        ),
        (
            "chat",
            {"messages": [{"role": "tool", "content": "mild"}], "tools": [{"function": {"description": "weather"}}]},
            Text((Passage("tool", '{"function":{"description":"weather"}}'), Passage("tool", "mild"))),
        ),
        (
            "chat",
            {"messages": [{"role": "user", "content": [{"type": "hologram", "words": "hi"}]}]},
            Text((Passage("user", '{"type":"hologram","words":"hi"}'),), readable=False),
        ),
        ("completion", {"prompt": ["one", "two"]}, Text((Passage("user", "one"), Passage("user", "two")))),
        ("completion", {"prompt": [1, 2, 3]}, Text((), readable=False)),
        ("embedding", {"input": "a document"}, Text((Passage("user", "a document"),))),
        ("responses", {"input": "hi", "instructions": "x"}, Text((Passage("system", "x"), Passage("user", "hi")))),
        (
            "responses",
            {"input": "and then?", "previous_response_id": "resp_1"},
            Text((Passage("user", "and then?"),), readable=False),
        ),
        (
            "responses",
            {"input": [{"type": "function_call_output", "output": "mild"}, {"type": "reasoning", "summary": []}]},
            Text((Passage("tool", "mild"),)),
        ),
        (
            "responses",
            {"input": [{"type": "item_reference", "id": "msg_1"}]},
            Text((Passage("tool", '{"type":"item_reference","id":"msg_1"}'),), readable=False),
        ),
        ("responses", {"input": "hi", "text": {"format": {"type": "text"}}}, Text((Passage("user", "hi"),))),
        (
            "messages",
            {
                "system": [{"type": "text", "text": "Be brief."}],
                "messages": [
                    {
                        "role": "user",
                        "content": [{"type": "tool_result", "content": [{"type": "text", "text": "mild"}]}],
                    }
                ],
            },
            Text((Passage("system", "Be brief."), Passage("tool", "mild"))),
        ),
        (
            "messages",
            {
                "messages": [
                    {"role": "user", "content": [{"type": "document", "source": {"type": "text", "data": "x"}}]}
                ]
            },
            Text((Passage("user", "x"),)),
        ),
        (
            "messages",
            {
                "messages": [
                    {"role": "user", "content": [{"type": "document", "source": {"type": "base64", "data": "x"}}]}
                ]
            },
            Text((), readable=False),
        ),
    ],
)
def test_a_body_is_read_whole(kind, fields, expected):
    assert read(kind, raw(**fields)) == expected


def test_text_beyond_the_bound_is_cut_and_counts_as_not_read():
    text = read("chat", raw(messages=[{"role": "user", "content": "a" * (SCANNED_CHARS + 1)}]))

    assert len(text.passages[0].text) == SCANNED_CHARS
    assert not text.readable


@pytest.mark.parametrize(
    ("kind", "fields", "param"),
    [
        ("chat", {}, "messages"),
        ("chat", {"messages": "hi"}, "messages"),
        ("chat", {"messages": [1]}, "messages[0]"),
        ("chat", {"messages": [{"role": "user", "content": 3}]}, "messages[0].content"),
        ("chat", {"messages": [{"role": 1, "content": "x"}]}, "messages[0].role"),
        ("chat", {"messages": [{"role": "user", "content": [{"type": "text"}]}]}, "messages[0].content[0].text"),
        ("completion", {"prompt": {"a": 1}}, "prompt"),
        ("embedding", {"input": [None]}, "input[0]"),
        ("responses", {"input": 3}, "input"),
        ("responses", {"input": [{"role": "user", "content": {}}]}, "input[0].content"),
        ("messages", {"system": 1, "messages": []}, "system"),
    ],
)
def test_a_malformed_field_is_named(kind, fields, param):
    with pytest.raises(Malformed) as caught:
        read(kind, raw(**fields))

    assert caught.value.param == param


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=3)
    | st.sampled_from(["user", "tool_result", "message"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["type", "role", "content"]), inner),
    max_leaves=8,
)
NAMES = st.sampled_from(["messages", "input", "prompt", "tools", "system", "text", "instructions"])


@given(st.sampled_from(["chat", "completion", "embedding", "responses", "messages"]), st.dictionaries(NAMES, JSON))
def test_reading_never_fails_but_by_naming_a_field(kind, fields):
    try:
        text = read(kind, raw(**fields))
    except Malformed as problem:
        assert problem.param
    else:
        assert all(isinstance(passage.text, str) for passage in text.passages)

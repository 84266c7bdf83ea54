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


SECRET = "4111 1111 1111 1111"


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("chat", {"user": SECRET}),
        ("chat", {"metadata": {"of": SECRET}}),
        ("chat", {"documents": [{"text": SECRET}]}),
        ("chat", {"chat_template": SECRET}),
        ("chat", {"system": SECRET}),
        ("chat", {"Messages": [{"role": "user", "content": SECRET}]}),
        ("chat", {"tool_choice": {"function": {"name": SECRET}}}),
        ("chat", {"response_format": {"type": "grammar", "grammar": SECRET}}),
        ("chat", {"messages": [{"role": "user", "content": "hi", "thinking": SECRET}]}),
        ("chat", {"messages": [{"role": "tool", "content": "hi", "tool_call_id": SECRET}]}),
        ("chat", {"messages": [{"role": "assistant", "content": "hi", "reasoning_content": [{"text": SECRET}]}]}),
        ("chat", {"messages": [{"role": "user", "content": [{"type": "text", "text": "hi", "thinking": SECRET}]}]}),
        ("completion", {"suffix": [SECRET]}),
        ("completion", {"guided_regex": SECRET}),
        ("completion", {"response_format": {"type": "json_schema", "json_schema": {"title": SECRET}}}),
        ("embedding", {"messages": [{"role": "user", "content": SECRET}]}),
        ("responses", {"user": SECRET}),
        ("messages", {"metadata": {"user_id": SECRET}}),
    ],
)
def test_no_words_leave_unread_whatever_the_field_is_called(kind, fields):
    hello = {"messages": [{"role": "user", "content": "hi"}], "prompt": "hi", "input": "hi"}
    content = {"chat": "messages", "messages": "messages", "completion": "prompt"}.get(kind, "input")

    text = read(kind, raw(**{content: hello[content], **fields}))

    assert any(SECRET in passage.text for passage in text.passages)


def test_escapes_in_tool_arguments_are_read_as_the_letters_they_stand_for():
    arguments = '{"card": "' + "".join(f"\\u{ord(letter):04x}" for letter in SECRET) + '"}'
    messages = [{"role": "assistant", "tool_calls": [{"function": {"name": "pay", "arguments": arguments}}]}]

    assert SECRET in read("chat", raw(messages=messages)).passages[0].text


@pytest.mark.parametrize("name", ["image_url", "input_audio"])
def test_a_part_that_says_it_is_text_and_carries_more_counts_as_not_read(name):
    part = {"type": "text", "text": "hi", name: {"url": "data:image/png;base64,AAAA"}}

    assert not read("chat", raw(messages=[{"role": "user", "content": [part]}])).readable


def test_embeddings_in_place_of_a_prompt_count_as_not_read():
    assert not read("completion", raw(prompt="hi", prompt_embeds="AAAA")).readable


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
@pytest.mark.thorough
def test_reading_never_fails_but_by_naming_a_field(kind, fields):
    try:
        text = read(kind, raw(**fields))
    except Malformed as problem:
        assert problem.param
    else:
        assert all(isinstance(passage.text, str) for passage in text.passages)

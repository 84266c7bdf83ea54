"""What each field of each dialect needs of an endpoint."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.signals.needs import by_field, measure
from gateway.signals.table import NEEDS

FUNCTION = {"type": "function", "function": {"name": "weather"}}


def user(*parts):
    return [{"role": "user", "content": list(parts)}]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"model": "m", "messages": [{"role": "user", "content": "hi"}]}, set()),
        ({"tools": [FUNCTION]}, {"tools"}),
        ({"tools": []}, set()),
        ({"tools": {"type": "web_search"}}, {"hosted_tools"}),
        ({"messages": user({"image_url": {"url": "https://example.com"}, "text": "what is this?"})}, {"vision"}),
        ({"messages": user({"type": "text", "text": "hi", "input_audio": {"data": ""}})}, {"audio"}),
        ({"functions": [{"name": "f"}]}, {"tools"}),
        ({"tools": [{"name": "f", "input_schema": {}}]}, {"tools"}),
        ({"tools": [FUNCTION], "parallel_tool_calls": True}, {"tools", "parallel_tools"}),
        ({"tools": [FUNCTION], "parallel_tool_calls": False}, {"tools"}),
        ({"parallel_tool_calls": True}, set()),
        ({"tools": [{"type": "web_search_preview"}]}, {"hosted_tools"}),
        ({"tools": [FUNCTION, {"type": "mcp", "server_url": "https://example.com"}]}, {"tools", "hosted_tools"}),
        ({"tools": [{"type": "code_execution_20250522", "name": "code_execution"}]}, {"hosted_tools"}),
        ({"tools": [{"type": "bash_20250124", "name": "bash"}]}, {"tools"}),
        ({"tools": [{"type": "namespace", "name": "n", "tools": [{"type": "function", "name": "f"}]}]}, {"tools"}),
        ({"tools": [{"type": "namespace", "name": "n", "tools": [{"type": "web_search"}]}]}, {"hosted_tools"}),
        ({"tools": [{"type": "namespace", "name": "n"}]}, {"hosted_tools"}),
        ({"mcp_servers": [{"type": "url"}]}, {"hosted_tools"}),
        ({"web_search_options": {"search_context_size": "low"}}, {"hosted_tools"}),
        ({"web_search_options": {}}, {"hosted_tools"}),
        ({"response_format": {"type": "json_schema", "json_schema": {}}}, {"json_schema"}),
        ({"response_format": {"type": "json_object"}}, set()),
        ({"text": {"format": {"type": "json_schema"}}}, {"json_schema"}),
        ({"output_config": {"format": {"type": "json_schema"}}}, {"json_schema"}),
        ({"logprobs": True}, {"logprobs"}),
        ({"logprobs": False}, set()),
        ({"logprobs": 0}, {"logprobs"}),
        ({"include": ["message.output_text.logprobs"]}, {"logprobs"}),
        ({"reasoning_effort": "high"}, {"reasoning"}),
        ({"reasoning_effort": "none"}, set()),
        ({"store": True}, {"stored_state"}),
        ({"store": False}, set()),
        ({"previous_response_id": "resp_1"}, {"stored_state"}),
        ({"prompt": {"id": "pmpt_1"}}, {"stored_state"}),
        ({"prompt": "Once upon a time"}, set()),
        ({"modalities": ["text", "audio"], "audio": {"voice": "alloy"}}, {"audio"}),
        ({"messages": user({"type": "image_url", "image_url": {"url": "data:"}})}, {"vision"}),
        ({"messages": user({"type": "input_audio", "input_audio": {}})}, {"audio"}),
        ({"messages": user({"type": "file", "file": {"file_id": "file-1"}})}, {"file", "stored_state"}),
        ({"messages": user({"type": "document", "source": {"type": "base64"}})}, {"file"}),
        ({"messages": user({"type": "tool_result", "content": [{"type": "image", "source": {}}]})}, {"vision"}),
        ({"messages": [{"role": "assistant", "audio": {"id": "audio_1"}}]}, {"stored_state"}),
        ({"input": user({"type": "input_image", "image_url": "https://example.com/a.png"})}, {"vision"}),
        ({"input": [{"type": "item_reference", "id": "msg_1"}]}, {"stored_state"}),
        ({"input": [{"id": "msg_1"}]}, {"stored_state"}),
        ({"input": [{"id": "msg_1", "type": None}]}, {"stored_state"}),
        ({"input": [{"id": "msg_1", "role": "user", "content": "hi"}]}, set()),
        ({"tools": [{"type": "code_interpreter", "container": "cntr_1"}]}, {"hosted_tools", "stored_state"}),
        (
            {"tools": [{"type": "code_interpreter", "container": {"type": "auto", "file_ids": ["file_1"]}}]},
            {"hosted_tools", "stored_state"},
        ),
        ({"tools": [{"type": "code_interpreter", "container": {"type": "auto"}}]}, {"hosted_tools"}),
        ({"input": 'the words "type": "image_url" in a text'}, set()),
    ],
)
def test_a_field_needs_what_it_asks_for(fields, expected):
    assert measure(fields) == expected
    assert measure(raw(fields)) == expected


def raw(fields):
    return {name: msgspec.Raw(msgspec.json.encode(value)) for name, value in fields.items()}


def test_an_escaped_part_name_is_still_a_part():
    messages = (
        rb'[{"role":"user","content":[{"typ\u0065":"im\u0061ge_url","image_url":{"url":"https://example.com/"}}]}]'
    )

    assert measure({"messages": msgspec.Raw(messages)}) == {"vision"}


def test_what_nobody_can_is_asked_of_the_field_that_asks_it():
    fields = {"messages": [{"role": "user", "content": [{"type": "input_audio"}]}], "tools": [FUNCTION], "audio": {}}

    assert by_field(raw(fields), frozenset({"audio"})) == {"messages": "audio"}
    assert by_field(raw(fields), frozenset({"audio", "tools", "vision"})) == {"messages": "audio", "tools": "tools"}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["type", "image_url", "mcp", "json_schema", ""]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["type", "format", "content"]), inner),
    max_leaves=8,
)
NAMES = st.sampled_from(
    ["messages", "input", "tools", "functions", "include", "text", "logprobs", "prompt", "tool_choice"]
)


@given(st.dictionaries(NAMES, JSON))
@pytest.mark.thorough
def test_any_body_has_needs(fields):
    assert measure(fields) <= set(NEEDS)
    assert measure(raw(fields)) == measure(fields)

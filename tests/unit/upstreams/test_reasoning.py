"""The same request means the same at every vendor that ships in the catalogue."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from gateway.catalog.compile import compile_catalog
from gateway.catalog.data import shipped
from gateway.upstreams.reasoning import in_their_words

ROWS = {row.vendor: row for row in compile_catalog([], shipped()).reasoning}


def sent(vendor: str, body: dict[str, Any]) -> dict[str, Any]:
    fields = {name: msgspec.Raw(json.dumps(value).encode()) for name, value in body.items()}
    return {name: json.loads(bytes(value)) for name, value in in_their_words(ROWS[vendor], fields).items()}


@pytest.mark.parametrize(
    ("vendor", "expected"),
    [
        ("openai", {"reasoning_effort": "none"}),
        ("deepseek", {"thinking": {"type": "disabled"}}),
        ("moonshot", {"thinking": {"type": "disabled"}}),
        ("zai", {"thinking": {"type": "disabled"}}),
        ("dashscope", {"enable_thinking": False}),
        ("volcengine-ark", {"thinking": {"type": "disabled"}}),
        ("vllm", {"chat_template_kwargs": {"enable_thinking": False}}),
    ],
)
def test_no_thinking_is_said_in_every_vendors_words(vendor, expected):
    assert sent(vendor, {"reasoning_effort": "none"}) == expected


def test_the_most_thinking_too():
    assert sent("openai", {"reasoning_effort": "max"}) == {"reasoning_effort": "xhigh"}
    assert sent("deepseek", {"reasoning_effort": "xhigh"}) == {
        "thinking": {"type": "enabled"},
        "reasoning_effort": "max",
    }


def test_what_the_caller_says_in_the_vendors_own_words_stands():
    body = {"reasoning_effort": "none", "thinking": {"type": "enabled"}, "model": "x"}

    assert sent("zai", body) == {"thinking": {"type": "enabled"}, "model": "x"}


def test_a_request_that_says_nothing_about_it_passes_as_it_is():
    fields = {"model": msgspec.Raw(b'"x"')}

    assert in_their_words(ROWS["deepseek"], fields) is fields


def test_thoughts_of_other_vendors_are_taken_out_where_they_are_not_wanted_and_kept_where_they_are():
    messages = [
        {"role": "assistant", "content": "4", "reasoning_content": "2+2"},
        {"role": "user", "content": "why?"},
        7,
    ]

    assert sent("openai", {"messages": messages})["messages"] == [{"role": "assistant", "content": "4"}, *messages[1:]]
    assert sent("deepseek", {"messages": messages})["messages"] == messages
    assert sent("openai", {"messages": "reasoning_content"}) == {"messages": "reasoning_content"}

"""Claims about what the adapter is never asked: what leads elsewhere, and what is no field of Chat."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.upstreams.adapted import CHAT, embedding_objection, objection

IMAGE = "data:image/png;base64,aGVsbG8="
SCHEMES = ("http://a/b", "https://a/b", "gs://a/b", "s3://a/b", " HTTPS://a", "file:///etc/passwd", "ftp://a")


def asked(*parts: Any, **more: Any) -> dict[str, Any]:
    return {"model": "m", "messages": [{"role": "user", "content": list(parts)}], **more}


def test_chat_with_its_data_in_it_is_passed_on():
    tool = {"type": "function", "function": {"name": "f", "parameters": {"$schema": "https://json-schema.org/x"}}}
    parts = [{"type": "text", "text": "see https://example.com"}, {"type": "image_url", "image_url": {"url": IMAGE}}]

    assert objection(asked(*parts, tools=[tool], temperature=1, user="https://a/b")) is None
    assert objection({"model": "m", "messages": [{"role": "user", "content": "http://a"}], "store": None}) is None


@given(st.sampled_from(SCHEMES), st.lists(st.sampled_from(["a", "url", "image_url", "source"]), min_size=1, max_size=6))
@settings(max_examples=60, deadline=None)
def test_an_address_is_found_wherever_it_stands_in_a_part(address, names):
    value: Any = address
    for name in names:
        value = {name: value}

    found = objection(asked({"type": "text", "text": "x"}, {"type": "thing", **value}))

    assert found is not None
    assert found[0] == f"messages[0].content[1].{'.'.join(reversed(names))}"


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        (asked({"type": "image_url", "image_url": "//a/b"}), "messages[0].content[0].image_url"),
        (asked({"type": "image_url", "image_url": {"url": "/etc/passwd"}}), "messages[0].content[0].image_url.url"),
        (asked({"type": "file", "file": {"file_id": "f"}}), "messages[0].content[0].file.file_id"),
        (asked({"type": "text", "text": "x", "cache_control": {"type": "ephemeral"}}),
         "messages[0].content[0].cache_control"),
        (asked({"type": "text", "text": "x"}, tools=[{"type": "mcp"}]), "tools[0].type"),
        (asked({"type": "text", "text": "x"}, tools=["f"]), "tools[0].type"),
        (asked({"type": "text", "text": "x"}, web_search_options={}), "web_search_options"),
    ],
)  # fmt: skip
def test_what_has_no_place_there_is_named(fields, path):
    found = objection(fields)

    assert found is not None
    assert found[0] == path


@given(st.text(min_size=1, max_size=20))
@settings(max_examples=60, deadline=None)
def test_no_field_beside_chats_own_is_passed_on(name):
    found = objection({"messages": [], name: 1})

    assert (found is None) == (name in CHAT)


def test_a_part_of_any_depth_is_read():
    value: Any = "http://a"
    for _ in range(5_000):
        value = {"a": value}

    assert objection(asked(value)) is not None


@pytest.mark.parametrize("given", ["a", ["a", "b"], "https://a/b"])
def test_texts_may_be_embedded(given):
    assert embedding_objection({"model": "m", "input": given, "dimensions": 8, "encoding_format": "base64"}) is None


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"input": [1, 2]}, "input[0]"),
        ({"input": ["a", [1]]}, "input[1]"),
        ({"input": ["a", {"type": "image_url", "image_url": "https://a"}]}, "input[1]"),
        ({"input": "a", "input_type": "query"}, "input_type"),
    ],
)
def test_what_is_no_text_is_not_embedded_in_silence(fields, named):
    found = embedding_objection(fields)

    assert found is not None and found[0] == named

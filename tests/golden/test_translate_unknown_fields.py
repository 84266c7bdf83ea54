"""Between dialects of which one is Responses: no field is dropped in silence, and the page has a row for each."""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

import pytest

from gateway.upstreams.translate import requests_anthropic_responses as messages_to_responses
from gateway.upstreams.translate import requests_openai_responses as chat_to_responses
from gateway.upstreams.translate import requests_responses_anthropic as responses_to_messages
from gateway.upstreams.translate.reasoning_seal import wrapped
from gateway.upstreams.translate.spec import Untranslatable
from tests.golden.test_translate import translated
from tests.golden.test_translate_openai_anthropic import EVERYTHING as OF_CHAT
from tests.golden.test_translate_openai_anthropic import objects

PNG = {"type": "base64", "media_type": "image/png", "data": "YQ=="}
PDF = {"type": "base64", "media_type": "application/pdf", "data": "YQ=="}
THOUGHT = {"type": "reasoning", "id": "rs", "summary": [], "encrypted_content": "g"}
OF_MESSAGES: dict[str, Any] = {
    "model": "m", "max_tokens": 9, "system": [{"type": "text", "text": "Be brief."}],
    "messages": [
        {"role": "user", "content": [
            {"type": "text", "text": "Hi"}, {"type": "image", "source": PNG},
            {"type": "image", "source": {"type": "url", "url": "https://x"}}, {"type": "document", "source": PDF},
            {"type": "document", "source": {"type": "url", "url": "https://x"}, "title": "a.pdf"}]},
        {"role": "assistant", "content": [
            {"type": "thinking", "thinking": "Hm.", "signature": wrapped(THOUGHT, "")},
            {"type": "redacted_thinking", "data": wrapped(THOUGHT, "")},
            {"type": "text", "text": "Hm."}, {"type": "tool_use", "id": "a", "name": "f", "input": {}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "a", "content": [
            {"type": "text", "text": "ok"}]}]},
    ],
    "tools": [{"name": "f", "input_schema": {"type": "object"}}], "tool_choice": {"type": "tool", "name": "f"},
    "thinking": {"type": "adaptive"}, "metadata": {"user_id": "u"},
    "output_config": {"effort": "low", "format": {"type": "json_schema", "schema": {}}},
    "context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]},
}  # fmt: skip
BLOCK = {"type": "thinking", "thinking": "Hm.", "signature": "s"}
OF_RESPONSES: dict[str, Any] = {
    "model": "m", "max_output_tokens": 9, "instructions": "Be brief.",
    "input": [
        {"role": "user", "content": [
            {"type": "input_text", "text": "Hi"}, {"type": "input_image", "image_url": "https://x"},
            {"type": "input_file", "file_data": "data:application/pdf;base64,YQ=="}]},
        {"type": "reasoning", "id": "rs", "summary": [], "encrypted_content": wrapped(BLOCK, "")},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Hm."},
                                                             {"type": "refusal", "refusal": "No."}]},
        {"type": "function_call", "call_id": "a", "name": "f", "arguments": "{}"},
        {"type": "custom_tool_call", "call_id": "b", "name": "jot", "input": "x"},
        {"type": "function_call_output", "call_id": "a", "output": [{"type": "input_text", "text": "ok"}]},
        {"type": "custom_tool_call_output", "call_id": "b", "output": "ok"},
    ],
    "tools": [{"type": "function", "name": "f", "parameters": {"type": "object"}},
              {"type": "custom", "name": "jot", "format": {"type": "grammar", "syntax": "lark", "definition": "s"}}],
    "tool_choice": {"type": "function", "name": "f"}, "reasoning": {"effort": "low"},
    "text": {"format": {"type": "json_schema", "name": "n", "schema": {}}}, "stream_options": {},
}  # fmt: skip
BODIES = {("openai", "responses"): OF_CHAT, ("anthropic", "responses"): OF_MESSAGES,
          ("responses", "anthropic"): OF_RESPONSES}  # fmt: skip
FREE = (".input.mystery", "input_schema.mystery", "metadata.mystery")  # the caller's own


@pytest.mark.parametrize(
    ("pair", "path"), [(pair, path) for pair, body in BODIES.items() for path, _ in objects(body)], ids=str
)
def test_a_field_that_nobody_knows_is_refused_wherever_it_stands(pair, path):
    case = {"client": pair[0], "upstream": pair[1], "request": copy.deepcopy(BODIES[pair])}
    assert translated(case).body
    next(found for place, found in objects(case["request"]) if place == path)["mystery"] = 1
    where = f"{path}.mystery".removeprefix(".")
    if pair[0] == "anthropic" and where.endswith(FREE[:2]):
        return

    with pytest.raises(Untranslatable) as refused:
        translated(case)

    assert refused.value.path == where


TABLES: list[tuple[str, Any]] = [
    ("(`openai` to `openai_responses`)", chat_to_responses.FIELDS),
    ("(`anthropic` to `openai_responses`)", messages_to_responses.FIELDS),
    ("(`openai_responses` to `anthropic`)", responses_to_messages.FIELDS.keys() | responses_to_messages.ELSEWHERE),
]


@pytest.mark.parametrize(("title", "fields"), TABLES)
def test_the_page_has_a_row_for_each_field(title, fields):
    page = (Path(__file__).parents[2] / "docs" / "dialects.md").read_text()
    section = page.partition(title)[2].partition("\n## ")[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row)}

    assert named >= set(fields) - {"model"}


@pytest.mark.parametrize("upstream", ["openai", "anthropic"])
def test_what_sdks_add_to_what_they_hand_out_is_ignored_when_it_comes_back(upstream):
    """OpenAI's for Node has `parsed_arguments` in calls of strict tools; sending them back was a 400."""
    plain = {"client": "responses", "upstream": upstream, "request": copy.deepcopy(OF_RESPONSES)}
    seen = copy.deepcopy(plain)
    said, call = seen["request"]["input"][2:4]
    said["content"][0] |= {"parsed": {"a": 1}, "annotations": [], "logprobs": []}
    call |= {"parsed_arguments": {"a": 1}, "created_by": "me"}
    seen["request"]["client_metadata"] = {"thread_id": "t"}  # of Codex

    assert (translated(seen).body, translated(seen).adapted) == (translated(plain).body, translated(plain).adapted)

"""Responses for an upstream of Chat Completions: each kind of field that the recorded cases do not have."""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

import pytest

from gateway.errors import GatewayError
from gateway.upstreams.translate.requests_responses_openai import ELSEWHERE, FIELDS
from gateway.upstreams.translate.spec import Untranslatable, Upstream
from tests.golden.test_translate import translated
from tests.golden.test_translate_openai_anthropic import objects
from tests.golden.translate import match

HELLO: dict[str, Any] = {"model": "m", "input": "Hi"}
CASE: dict[str, Any] = {"client": "responses", "upstream": "openai", "request": HELLO}
USER = {"role": "user", "content": "Hi"}
TOOL = {"type": "function", "name": "find", "parameters": {"type": "object", "properties": {}}, "strict": True}
TEXT_TOOL = {"type": "custom", "name": "jot", "description": "Jot down."}
GRAMMAR_TOOL = {**TEXT_TOOL, "format": {"type": "grammar", "syntax": "lark", "definition": "start: /x+/"}}
THOUGHT = {"type": "reasoning", "id": "rs_1", "summary": [], "content": [{"type": "reasoning_text", "text": "hm"}]}
SEEN = {"type": "input_image", "image_url": "https://img.example/a.png", "detail": "high"}
PDF = {"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,YQ=="}
PLAIN = Upstream(custom_tools=False, developer_role=False, limit_field="max_tokens")  # what any server knows


def call(id: str, arguments: str = "{}", **more: Any) -> dict[str, Any]:
    return {"type": "function_call", "call_id": id, "name": "find", "arguments": arguments, **more}


def result(id: str, output: Any = "ok", kind: str = "function") -> dict[str, Any]:
    return {"type": f"{kind}_call_output", "call_id": id, "output": output}


def jotted(id: str, text: str) -> dict[str, Any]:
    return {"type": "custom_tool_call", "call_id": id, "name": "jot", "input": text}


def said(*parts: Any, **more: Any) -> dict[str, Any]:
    """Of the assistant."""
    content = [{"type": "output_text", "text": part} if isinstance(part, str) else part for part in parts]
    return {"type": "message", "id": "msg_1", "status": "completed", "role": "assistant", "content": content, **more}


def asks(*ids: str, **more: Any) -> dict[str, Any]:
    """What calls become."""
    return {"role": "assistant", "tool_calls": [{"id": id, "type": "function"} for id in ids], **more}


def told(id: str, content: str = "ok") -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": id, "content": content}


def turns(*items: dict[str, Any]) -> dict[str, Any]:
    return {"input": [USER, *items]}


def chat(*messages: dict[str, Any]) -> dict[str, Any]:
    return {"messages": [USER, *messages]}


FORMAT = {"type": "json_schema", "name": "n", "schema": {"type": "object"}, "strict": True}
CARRIED: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "sampling": ({"temperature": 1.5, "top_p": 0.5}, {"temperature": 1.5, "top_p": 0.5}),
    "a schema": ({"text": {"format": FORMAT, "verbosity": "low"}},
                 {"verbosity": "low", "response_format": {"type": "json_schema", "json_schema": {
                     "name": "n", "schema": {"type": "object"}, "strict": True}}}),
    "any JSON": ({"text": {"format": {"type": "json_object"}}}, {"response_format": {"type": "json_object"}}),
    "effort": ({"reasoning": {"effort": "xhigh", "summary": "auto"}}, {"reasoning_effort": "xhigh"}),
    "names": ({"user": "u", "safety_identifier": "s", "prompt_cache_key": "k", "metadata": {"a": "b"}},
              {"user": "u", "safety_identifier": "s", "prompt_cache_key": "k", "metadata": {"a": "b"}}),
    "prices": ({"service_tier": "flex", "prompt_cache_options": {"mode": "implicit", "ttl": "30m"}},
               {"service_tier": "flex", "prompt_cache_options": {"mode": "implicit", "ttl": "30m"}}),
    "strict as it is given": ({"tools": [TOOL]}, {"tools": [{"type": "function", "function": {"strict": True}}]}),
    "a text tool": ({"tools": [TEXT_TOOL], "tool_choice": {"type": "custom", "name": "jot"}},
                    {"tools": [{"type": "custom", "custom": {"name": "jot", "description": "Jot down."}}],
                     "tool_choice": {"type": "custom", "custom": {"name": "jot"}}}),
    "one tool": ({"tools": [TOOL], "tool_choice": {"type": "function", "name": "find"}, "parallel_tool_calls": False},
                 {"tool_choice": {"type": "function", "function": {"name": "find"}}, "parallel_tool_calls": False}),
    "some tools": (
        {"tools": [TOOL, TEXT_TOOL], "tool_choice": {"type": "allowed_tools", "mode": "required", "tools": [
            {"type": "function", "name": "find"}, {"type": "custom", "name": "jot"}]}},
        {"tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": [
            {"type": "function", "function": {"name": "find"}}, {"type": "custom", "custom": {"name": "jot"}}]}}}),
    "no tool": ({"tools": [TOOL], "tool_choice": "none"}, {"tool_choice": "none"}),
    "images and files": (
        {"input": [{"role": "user", "content": [{"type": "input_text", "text": "See"}, SEEN, PDF]}]},
        {"messages": [{"role": "user", "content": [
            {"type": "text", "text": "See"},
            {"type": "image_url", "image_url": {"url": SEEN["image_url"], "detail": "high"}},
            {"type": "file", "file": {"filename": "a.pdf", "file_data": PDF["file_data"]}}]}]}),
    "roles": (turns({"role": "system", "content": "A"}, {"role": "developer", "content": "B"}),
              chat({"role": "system", "content": "A"}, {"role": "developer", "content": "B"})),
    "words before their calls": (
        turns(THOUGHT, said("Wait.", phase="commentary"), call("a"), call("b"), result("a"), result("b")),
        chat(asks("a", "b", content="Wait.", reasoning_content="hm"), told("a"), told("b"))),
    "words between calls and results": (
        turns(call("a"), said("Wait."), result("a")), chat(asks("a", content="Wait."), told("a"))),
    "results behind what was said since": (
        turns(call("a"), call("b"), result("b"), USER, result("a")),
        chat(asks("a", "b"), told("b"), told("a"), USER)),
    "calls one after the other": (
        turns(call("a"), result("a"), THOUGHT, call("b"), result("b")),
        chat(asks("a"), told("a"), asks("b", reasoning_content="hm"), told("b"))),
    "an id that is used again": (
        turns(call("a"), result("a"), call("a"), result("a", "2")),
        chat(asks("a"), told("a"), asks("a"), told("a", "2"))),
    "two messages": (turns(said("One."), said("Two.")),
                     chat({"role": "assistant", "content": "One."}, {"role": "assistant", "content": "Two."})),
    "a plain answer": (turns({"role": "assistant", "content": "One."}), chat({"role": "assistant", "content": "One."})),
    "a refusal": (turns(said({"type": "refusal", "refusal": "No."})),
                  chat({"role": "assistant", "content": None, "refusal": "No."})),
    "a result with its tool's name": (turns(call("a"), {**result("a"), "name": "find"}), chat(asks("a"), told("a"))),
    "texts as a result": (
        turns(call("a"), result("a", [{"type": "input_text", "text": "x"}, {"type": "input_text", "text": "y"}])),
        chat(asks("a"), {"role": "tool", "content": [{"type": "text", "text": "x"}, {"type": "text", "text": "y"}]})),
}  # fmt: skip


@pytest.mark.parametrize("name", CARRIED)
def test_what_is_carried_is_named_nowhere(name):
    changes, expected = CARRIED[name]
    made = translated(CASE, strict=True, **changes)

    assert match.match(expected, made.body, {}) == []
    assert not made.adapted


ADAPTED: dict[str, tuple[dict[str, Any], str, dict[str, Any]]] = {
    "a reply to be stored": ({"store": True}, "store(true→false)", chat()),
    "an image as a result": (
        turns(call("a"), call("b"), result("a", [SEEN]), result("b"), USER),
        "input[3].output[0](image→user message)",
        chat(asks("a", "b"), told("a", ""), told("b"), {"role": "user", "content": [{"type": "image_url"}]}, USER)),
    "a file as a result": (
        turns(call("a"), result("a", [{"type": "input_text", "text": "This:"}, PDF])),
        "input[2].output[1](file→user message)",
        chat(asks("a"), told("a", "This:"), {"role": "user", "content": [{"type": "file"}]})),
    "reasoning that is encrypted": (
        turns({**THOUGHT, "content": None, "encrypted_content": "gAAA"}, said("One.")),
        "input[1](reasoning of another vendor, left out)",
        chat({"role": "assistant", "content": "One."})),
    "a summary alone": (
        turns({"type": "reasoning", "id": "r", "summary": [{"type": "summary_text", "text": "s"}]}, said("One.")),
        "input[1](reasoning that is not in it, left out)",
        chat({"role": "assistant", "content": "One."})),
    "sources": (turns(said({"type": "output_text", "text": "One.", "annotations": [{"type": "url_citation"}]})),
                "input[1].content[0].annotations(left out)", chat({"role": "assistant", "content": "One."})),
}  # fmt: skip


@pytest.mark.parametrize("name", ADAPTED)
def test_what_is_adapted_is_named_and_refused_where_nothing_may_be(name):
    changes, told, expected = ADAPTED[name]
    made = translated(CASE, **changes)

    assert made.adapted == (told,)
    assert match.match(expected, made.body, {}) == []
    assert "rs_1" not in str(made.body) and "gAAA" not in str(made.body)
    with pytest.raises(Untranslatable, match="x-gateway-strict"):
        translated(CASE, strict=True, **changes)


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "mystery": ({"mystery": 1}, "mystery"),
    "a conversation": ({"conversation": "conv_1"}, "conversation"),
    "an orphan of one": (turns(result("a")) | {"previous_response_id": "resp_1"}, "previous_response_id"),
    "a prompt": ({"input": None, "prompt": {"id": "p"}}, "prompt"),
    "in the background": ({"background": True}, "background"),
    "cut to fit": ({"truncation": "auto"}, "truncation"),
    "so many tools": ({"max_tool_calls": 2}, "max_tool_calls"),
    "log probabilities": ({"top_logprobs": 2}, "top_logprobs"),
    "compaction": ({"context_management": [{"type": "compaction"}]}, "context_management"),
    "moderation": ({"moderation": {"model": "m"}}, "moderation"),
    "more of the reply": ({"include": ["reasoning.encrypted_content", "message.output_text.logprobs"]}, "include[1]"),
    "a summary": ({"reasoning": {"summary": "detailed"}}, "reasoning.summary"),
    "an old summary": ({"reasoning": {"generate_summary": "concise"}}, "reasoning.generate_summary"),
    "pro": ({"reasoning": {"mode": "pro"}}, "reasoning.mode"),
    "turns": ({"reasoning": {"context": "all_turns"}}, "reasoning.context"),
    "a tier": ({"service_tier": "ultrafast"}, "service_tier"),
    "a limit of nothing": ({"max_output_tokens": 0}, "max_output_tokens"),
    "a warm cache": ({"prompt_cache_options": {"prewarm": True}}, "prompt_cache_options.prewarm"),
    "obfuscation": ({"stream_options": {"include_obfuscation": True}}, "stream_options.include_obfuscation"),
    "a grammar as format": ({"text": {"format": {"type": "grammar"}}}, "text.format.type"),
    "a vendor's tool": ({"tools": [TOOL, {"type": "mcp", "server_label": "x"}]}, "tools[1]"),
    "a tool for programs": ({"tools": [{**TOOL, "allowed_callers": ["programmatic"]}]}, "tools[0].allowed_callers"),
    "a tool for later": ({"tools": [{**TOOL, "defer_loading": True}]}, "tools[0].defer_loading"),
    "a vendor's tool by name": ({"tools": [TOOL], "tool_choice": {"type": "web_search"}}, "tool_choice"),
    "a vendor's among some": ({"tools": [TOOL], "tool_choice": {"type": "allowed_tools", "mode": "auto", "tools": [
        {"type": "mcp", "server_label": "x"}]}}, "tool_choice.tools[0]"),
    "a choice of none": ({"tool_choice": "required"}, "tool_choice"),
    "a reference": (turns({"type": "item_reference", "id": "msg_1"}), "input[1]"),
    "a search that was": (turns({"type": "web_search_call", "id": "w", "status": "completed"}), "input[1]"),
    "compacted": (turns({"type": "compaction", "encrypted_content": "x"}), "input[1]"),
    "a call by a program": (turns(call("a", caller={"type": "program", "caller_id": "p"})), "input[1].caller"),
    "a result for nobody": (turns(result("a")), "input[1].call_id"),
    "a result too early": (turns(result("a"), call("a")), "input[1].call_id"),
    "a second result": (turns(call("a"), result("a"), result("a")), "input[3].call_id"),
    "a result of another": (turns(call("a"), {**result("a"), "name": "lose"}), "input[2].name"),
    "two calls of one id": (turns(call("a"), call("a"), result("a")), "input[2].call_id"),
    "a vendor's image": ({"input": [{"role": "user", "content": [
        {"type": "input_image", "file_id": "f"}]}]}, "input[0].content[0].file_id"),
    "a file elsewhere": ({"input": [{"role": "user", "content": [
        {"type": "input_file", "file_url": "https://a.example"}]}]}, "input[0].content[0].file_url"),
    "a result that is kept": (turns(call("a"), result("a", [{"type": "input_file", "file_id": "f"}])),
                              "input[2].output[0].file_id"),
    "sound": ({"input": [{"role": "user", "content": [{"type": "input_audio"}]}]}, "input[0].content[0]"),
    "an image of a developer's": ({"input": [{"role": "developer", "content": [SEEN]}]}, "input[0].content[0]"),
    "nobody speaks": ({"input": []}, "input"),
    "no input": ({"input": None}, "input"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_has_no_place_is_refused_by_its_name(name):
    changes, path = REFUSED[name]
    with pytest.raises((Untranslatable, GatewayError)) as refused:
        translated(CASE, **changes)

    assert path in (getattr(refused.value, "path", None), getattr(refused.value, "param", None))
    assert f"`{path}`" in str(refused.value)


EVERYTHING: dict[str, Any] = {
    **HELLO,
    "input": [
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "x"}, SEEN, PDF]},
        THOUGHT, said("One.", {"type": "refusal", "refusal": "No."}), call("a"), jotted("b", "x"),
        result("a", [{"type": "input_text", "text": "ok"}]), result("b", kind="custom_tool"),
    ],
    "tools": [TOOL, GRAMMAR_TOOL], "tool_choice": {"type": "function", "name": "find"},
    "text": {"format": FORMAT}, "reasoning": {"effort": "low"}, "stream_options": {"include_obfuscation": False},
    "prompt_cache_options": {"mode": "implicit"},
}  # fmt: skip


@pytest.mark.parametrize("path", [path for path, _ in objects(EVERYTHING)])
def test_a_field_that_nobody_knows_is_refused_wherever_it_stands(path):
    body = copy.deepcopy(EVERYTHING)
    assert translated({**CASE, "request": body}).body
    next(found for place, found in objects(body) if place == path)["mystery"] = 1

    with pytest.raises(Untranslatable) as refused:
        translated({**CASE, "request": body})

    assert refused.value.path == f"{path}.mystery".removeprefix(".")


def test_the_page_has_a_row_for_each_field():
    page = (Path(__file__).parents[2] / "docs" / "dialects.md").read_text()
    section = page.partition("(`openai_responses` to `openai`)")[2].partition("\n## ")[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row)}

    assert named >= FIELDS.keys() | ELSEWHERE - {"model"}


def test_what_asks_for_nothing_goes_nowhere():
    rest: dict[str, Any] = {
        "store": False, "background": False, "truncation": "disabled", "top_logprobs": 0, "context_management": [],
        "include": ["reasoning.encrypted_content"], "tools": [], "tool_choice": "auto", "parallel_tool_calls": True,
        "text": {"format": {"type": "text"}}, "reasoning": {"summary": "auto", "mode": "standard", "context": "auto"},
        "previous_response_id": None, "max_tool_calls": None, "stream_options": {"include_obfuscation": False},
        "instructions": "",
    }  # fmt: skip
    made = translated(CASE, strict=True, **rest)

    assert made.body == {"model": "m", "messages": [USER]}
    assert not made.adapted


def test_a_model_that_cannot_reason_is_not_asked_to():
    upstream = Upstream(can=frozenset({"tools"}))
    made = translated(CASE, upstream=upstream, reasoning={"effort": "high"})

    assert made.adapted == ("reasoning.effort(left out: the model does not reason)",)
    assert "reasoning_effort" not in made.body
    assert not translated(CASE, upstream=upstream, reasoning={"effort": "none"}).adapted

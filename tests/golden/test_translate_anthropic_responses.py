"""Messages for an upstream of Responses: each kind of field and reply that the recorded cases do not have."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.errors import GatewayError
from gateway.upstreams.translate.spec import Untranslatable, Upstream
from tests.golden.test_translate import back, translated
from tests.golden.test_translate_openai_responses import ARGUMENTS, ENDS, added, ended, event, function
from tests.golden.translate import match

USER = {"role": "user", "content": "Hi"}
HELLO = {"model": "m", "max_tokens": 9, "messages": [USER]}
CASE: dict[str, Any] = {"client": "anthropic", "upstream": "responses", "request": HELLO}
LONG = "call-" + "x" * 70
PDF = {"type": "base64", "media_type": "application/pdf", "data": "AA=="}


def said(*blocks: dict[str, Any]) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": list(blocks)}]}


def used(result: Any, id: str = "t", **more: Any) -> dict[str, Any]:
    use = {"type": "tool_use", "id": id, "name": "see", "input": {}}
    back = {"type": "tool_result", "tool_use_id": id, "content": result, **more}
    turns = [{"role": "assistant", "content": [use]}, {"role": "user", "content": [back]}]
    return {"messages": [USER, *turns]}


CARRIED: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "system in parts": ({"system": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
                        {"input": [{"role": "system", "content": [{"type": "input_text", "text": "a"},
                                                                  {"type": "input_text", "text": "b"}]}, "<any>"]}),
    "documents": (said({"type": "document", "source": PDF, "title": "a.pdf"},
                       {"type": "document", "source": {"type": "url", "url": "https://x/y.pdf"}}),
                  {"input": [{"content": [
                      {"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,AA=="},
                      {"type": "input_file", "file_url": "https://x/y.pdf"}]}]}),
    "a document that a tool gave": (used([{"type": "document", "source": PDF}]),
                                    {"input": ["<any>", "<any>", {"output": [{"type": "input_file"}]}]}),
    "ids that are too long": (used("ok", LONG), {"input": [
        "<any>", {"type": "function_call", "call_id": "<id:c>"}, {"call_id": "<id:c>", "output": "ok"}]}),
    "one tool": ({"tools": [{"name": "f", "input_schema": {"type": "object"}, "strict": True}],
                  "tool_choice": {"type": "tool", "name": "f"}},
                 {"tools": [{"type": "function", "name": "f", "strict": True}],
                  "tool_choice": {"type": "function", "name": "f"}}),
    "a schema": ({"output_config": {"format": {"type": "json_schema", "schema": {"type": "object"}}}},
                 {"text": {"format": {"type": "json_schema", "name": "<str>", "schema": {"type": "object"},
                                      "strict": True}}}),
    "thinking to be read": ({"thinking": {"type": "adaptive", "display": "summarized"}},
                            {"reasoning": {"summary": "auto"}, "include": ["reasoning.encrypted_content"]}),
    "what edits nothing": ({"context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]},
                            "stop_sequences": [], "service_tier": "standard_only"}, {"service_tier": "default"}),
}  # fmt: skip
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    **{name: ({name: value}, name) for name, value in {
        "stop_sequences": ["a"], "top_k": 3, "mcp_servers": [{}], "container": "c", "fallbacks": [], "mystery": 0,
        "max_tokens": 0,
    }.items()},
    "a tool of a vendor": ({"tools": [{"type": "web_search_20250305", "name": "web_search"}]}, "tools[0]"),
    "a beginning": ({"messages": [USER, {"role": "assistant", "content": "I"}]}, "messages[1]"),
    "a result without a call": (said({"type": "tool_result", "tool_use_id": "t", "content": "x"}),
                                "messages[0].content[0].tool_use_id"),
    "a file of a vendor": (said({"type": "image", "source": {"type": "file", "file_id": "f"}}),
                           "messages[0].content[0].source"),
    "a document of text": (said({"type": "document", "source": {"type": "text", "data": "x"}}),
                           "messages[0].content[0].source"),
    "citations": (said({"type": "document", "source": PDF, "citations": {"enabled": True}}),
                  "messages[0].content[0].citations"),
    "a search result": (said({"type": "search_result"}), "messages[0].content[0]"),
    "thinking of a new kind": ({"thinking": {"type": "between_tools"}}, "thinking.type"),
}  # fmt: skip


def history(*blocks: dict[str, Any]) -> dict[str, Any]:
    return {"messages": [USER, {"role": "assistant", "content": list(blocks)}, USER]}


ADAPTED: dict[str, tuple[dict[str, Any], str, dict[str, Any]]] = {
    "an error": (used("no file", is_error=True), "messages[2].content[0].is_error(is_error→[error])",
                 {"input": ["<any>", "<any>", {"output": "[error]\nno file"}]}),
    "a budget": ({"thinking": {"type": "enabled", "budget_tokens": 5000}},
                 "thinking.budget_tokens(budget→reasoning.effort medium)", {"reasoning": {"effort": "medium"}}),
    "no thinking": ({"thinking": {"type": "disabled"}}, "thinking(disabled→reasoning.effort none)",
                    {"reasoning": {"effort": "none"}}),
    "a user": ({"metadata": {"user_id": "u"}}, "metadata.user_id(user_id→safety_identifier)",
               {"safety_identifier": "u"}),
    "another vendor's thinking": (
        history({"type": "thinking", "thinking": "hm", "signature": "EqQB"}, {"type": "text", "text": "Hello"}),
        "messages[1].content[0](thinking of another vendor, left out)",
        {"input": ["<any>", {"role": "assistant", "content": "Hello"}, "<any>"]}),
    "what another vendor hid": (
        history({"type": "redacted_thinking", "data": "x"}, {"type": "text", "text": "Hello"}),
        "messages[1].content[0](redacted_thinking of another vendor, left out)",
        {"input": ["<any>", {"role": "assistant", "content": "Hello"}, "<any>"]}),
}  # fmt: skip


@pytest.mark.parametrize("name", CARRIED)
def test_what_responses_have_a_place_for_is_carried(name):
    changes, expected = CARRIED[name]
    made = translated(CASE, strict=True, **changes)

    assert match.match(expected, made.body, {}) == []
    assert made.body["store"] is False


@pytest.mark.parametrize("name", REFUSED)
def test_what_responses_have_no_place_for_is_refused_by_its_name(name):
    changes, path = REFUSED[name]
    with pytest.raises((Untranslatable, GatewayError)) as refused:
        translated(CASE, **changes)

    assert f"`{path}`" in str(refused.value)


@pytest.mark.parametrize("name", ADAPTED)
def test_what_is_adapted_is_named_and_refused_where_nothing_may_be(name):
    changes, told, expected = ADAPTED[name]
    made = translated(CASE, **changes)

    assert made.adapted == (told,)
    assert match.match(expected, made.body, {}) == []
    with pytest.raises(Untranslatable, match="x-gateway-strict"):
        translated(CASE, strict=True, **changes)


def test_a_model_that_does_not_reason_is_asked_for_nothing_of_the_kind():
    made = translated(CASE, upstream=Upstream(can=frozenset({"tools"})), output_config={"effort": "high"})

    assert made.adapted == ("output_config.effort(left out: the model does not reason)",)
    assert not {"reasoning", "include"} & made.body.keys()


def whole(*output: dict[str, Any], status: str = "completed", **more: Any) -> dict[str, Any]:
    response = {"status": status, "output": list(output), **more}
    made: dict[str, Any] = json.loads(back(CASE, stream=False).feed(json.dumps(response).encode()))
    return made


def told(*events: bytes) -> list[dict[str, Any]]:
    way = back(CASE, stream=True)
    return list(match.atoms("anthropic", (b"".join(map(way.feed, events)) + way.end()).decode()))


def blocks_in(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """As an SDK puts them together."""
    made: list[dict[str, Any]] = []
    for each in found:
        if each["type"] == "content_block_start":
            made.append(dict(each["content_block"]))
        elif each["type"] == "content_block_delta":
            delta = each["delta"]
            name = delta["type"].removesuffix("_delta")
            if name == "input_json":
                made[-1]["input"] = json.loads(delta["partial_json"])
            else:
                made[-1][name] = made[-1][name] + delta[name]
    return made


SUMMARY = [{"type": "summary_text", "text": words} for words in ("First.", "Then.")]
HIDDEN = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAA"}
SHOWN = {"type": "reasoning", "id": "rs_2", "summary": SUMMARY, "encrypted_content": "gBBB"}
OPEN = {"type": "reasoning", "id": "rs_3", "summary": [], "content": [{"type": "reasoning_text", "text": "Hm."}]}
TEXT = {"type": "message", "id": "m", "role": "assistant", "content": [{"type": "output_text", "text": "One, two"}]}
REFUSAL = {"type": "message", "id": "m", "role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]}
THOUGHTS: list[dict[str, Any]] = [HIDDEN, SHOWN, OPEN, TEXT, function(0, '{"x": 1}')]
KINDS = ["redacted_thinking", "thinking", "thinking", "text", "tool_use"]


def test_what_was_thought_comes_and_goes_back_as_it_was_whole_and_streamed_alike():
    content = whole(*THOUGHTS)["content"]
    found = told(ended(*THOUGHTS))

    assert match.grammar("anthropic", found) == []
    assert [block["type"] for block in content] == KINDS and blocks_in(found) == content
    assert [block.get("thinking") for block in content[1:3]] == ["First.\n\nThen.", "Hm."]
    turn = [USER, {"role": "assistant", "content": content},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c0", "content": "ok"}]}]  # fmt: skip
    made = translated(CASE, strict=True, messages=turn)
    assert made.body["input"][1:4] == [HIDDEN, SHOWN, OPEN]


def test_a_thought_that_was_cut_has_nothing_that_could_go_back():
    cut = {"type": "reasoning", "id": "rs_1", "summary": SUMMARY}
    content = whole(cut, status="incomplete")["content"]
    made = translated(CASE, messages=[USER, {"role": "assistant", "content": content}, USER])

    assert made.body["input"] == [USER, USER]
    assert made.adapted == ("messages[1].content[0](reasoning that its vendor did not give whole, left out)",)


@pytest.mark.parametrize("where", ARGUMENTS)
def test_arguments_are_told_once_wherever_they_stand(where):
    found = told(*ARGUMENTS[where])

    assert match.grammar("anthropic", found) == []
    called = {"type": "tool_use", "id": "c0", "name": "f", "input": {"x": 1}, "caller": {"type": "direct"}}
    assert blocks_in(found) == [called]
    assert found[-2]["delta"]["stop_reason"] == "tool_use"


def test_what_comes_interleaved_is_told_block_by_block():
    def more(place: int, words: str) -> bytes:
        return event("response.function_call_arguments.delta", output_index=place, delta=words)

    found = told(
        added(0, {**TEXT, "content": []}), added(1, function(0)), added(2, function(1)), more(2, '{"y"'),
        more(1, '{"x": 1}'), more(2, ": 2}"),
        event("response.output_text.delta", output_index=0, content_index=0, delta="One, two"),
        ended(TEXT, function(0, '{"x": 1}'), function(1, '{"y": 2}')),
    )  # fmt: skip

    assert match.grammar("anthropic", found) == []
    assert [block.get("input", block.get("text")) for block in blocks_in(found)] == ["One, two", {"x": 1}, {"y": 2}]


STOPS = {"length": "max_tokens", "content_filter": "refusal", "stop": "end_turn"}


@pytest.mark.parametrize(("kind", "more", "finish"), ENDS)
def test_each_end_has_its_stop_reason_whole_and_streamed_alike(kind, more, finish):
    reply, found = whole(TEXT, status=kind, **more), told(ended(TEXT, kind=kind, **more))

    assert reply["stop_reason"] == STOPS[finish] == found[-2]["delta"]["stop_reason"]


def test_a_refusal_is_one_and_its_words_are_said():
    reply, found = whole(REFUSAL), told(ended(REFUSAL))
    ending = {"stop_reason": "refusal", "stop_sequence": None,
              "stop_details": {"type": "refusal", "category": None, "explanation": "No."}}  # fmt: skip

    assert reply["content"] == [{"type": "text", "text": "No."}] == blocks_in(found)
    assert match.match(ending, reply) == [] and found[-2]["delta"] == {**ending, "container": None}


def test_a_call_that_was_cut_has_no_input_and_one_that_is_broken_is_no_reply():
    cut = function(0, '{"x')

    assert whole(cut, status="incomplete")["content"][0]["input"] == {}
    with pytest.raises(ValueError):
        whole(cut)


@pytest.mark.parametrize("last", [b"", b"data: [DONE]\n\n", event("response.failed", response={"status": "failed"})])
def test_a_stream_that_has_no_end_of_its_own_is_no_success(last):
    found = told(
        added(0, {**TEXT, "content": []}),
        event("response.output_text.delta", output_index=0, content_index=0, delta="One"), last,
    )  # fmt: skip

    assert blocks_in(found) == [{"type": "text", "text": "One"}]
    assert not match.never(["message_delta", "message_stop"], found)

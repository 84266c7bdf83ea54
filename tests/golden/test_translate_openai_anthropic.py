"""Chat Completions for an upstream of Messages: each kind of field and reply that the recorded cases do not have."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from gateway.errors import GatewayError
from gateway.upstreams.translate.spec import Untranslatable, Upstream
from tests.golden.test_translate import translated
from tests.golden.translate import match

USER = {"role": "user", "content": "Hi"}
HELLO = {"model": "m", "max_tokens": 9, "messages": [USER]}
CASE: dict[str, Any] = {"client": "openai", "upstream": "anthropic", "request": HELLO}
TOOL = {"type": "function", "function": {"name": "find", "parameters": {"type": "object", "properties": {}}}}
GRAMMAR = {"type": "grammar", "grammar": {"syntax": "lark", "definition": "start: /x+/"}}
TEXT_TOOL: dict[str, Any] = {"type": "custom", "custom": {"name": "jot", "description": "Jot down."}}
GRAMMAR_TOOL = {"type": "custom", "custom": {**TEXT_TOOL["custom"], "format": GRAMMAR}}
TEXT_SCHEMA = {"type": "object", "properties": {"input": {"type": "string"}}, "required": ["input"]}


def call(id: str, arguments: str = "{}", name: str = "find") -> dict[str, Any]:
    return {"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}


def asks(*calls: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": None, "tool_calls": list(calls), **more}


def result(id: str, content: Any = "ok") -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": id, "content": content}


def turns(*messages: dict[str, Any]) -> dict[str, Any]:
    return {"messages": [USER, *messages]}


def parts(*content: dict[str, Any]) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": list(content)}]}


SEEN = {"type": "image_url", "image_url": {"url": "https://img.example/a.png"}}
CARRIED: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "one stop": ({"stop": "END"}, {"stop_sequences": ["END"]}),
    "stops": ({"stop": ["a", "b", "c", "d"]}, {"stop_sequences": ["a", "b", "c", "d"]}),
    "the newer limit": ({"max_tokens": None, "max_completion_tokens": 7}, {"max_tokens": 7}),
    "the same limit twice": ({"max_completion_tokens": 9}, {"max_tokens": 9}),
    "sampling": ({"temperature": 1, "top_p": 0.5}, {"temperature": 1, "top_p": 0.5}),
    "no reasoning": ({"reasoning_effort": "none"}, {"thinking": {"type": "disabled"}}),
    "a summary left to the model": ({"reasoning": {"summary": "auto"}}, {}),
    "most reasoning": ({"reasoning_effort": "max"}, {"output_config": {"effort": "max"}}),
    "effort and schema": (
        {"reasoning_effort": "low", "response_format": {"type": "json_schema", "json_schema": {
            "name": "n", "schema": {"type": "object"}}}},
        {"output_config": {"effort": "low", "format": {"type": "json_schema", "schema": {"type": "object"}}}}),
    "tiers": ({"service_tier": "default"}, {"service_tier": "standard_only"}),
    "a tool without parameters": ({"tools": [{"type": "function", "function": {"name": "f"}}]},
                                  {"tools": [{"name": "f", "input_schema": {"type": "object", "properties": {}}}]}),
    "a schema that says no type": (
        {"tools": [{"type": "function", "function": {"name": "f", "parameters": {"properties": {"a": {}}}}}]},
        {"tools": [{"input_schema": {"type": "object", "properties": {"a": {}}}}]}),
    "a tool that takes a text": ({"tools": [TEXT_TOOL]},
                                 {"tools": [{"name": "jot", "description": "Jot down.", "input_schema": TEXT_SCHEMA}]}),
    "any tool": ({"tools": [TOOL], "tool_choice": "required"}, {"tool_choice": {"type": "any"}}),
    "any tool, one at a time": ({"tools": [TOOL], "tool_choice": "required", "parallel_tool_calls": False},
                                {"tool_choice": {"type": "any", "disable_parallel_tool_use": True}}),
    "a text tool by name": ({"tools": [TEXT_TOOL], "tool_choice": {"type": "custom", "custom": {"name": "jot"}}},
                            {"tool_choice": {"type": "tool", "name": "jot"}}),
    "no tool, one at a time": ({"tools": [TOOL], "tool_choice": "none", "parallel_tool_calls": False},
                               {"tool_choice": {"type": "none"}}),
    "text of a custom call": (
        turns(asks({"id": "c", "type": "custom", "custom": {"name": "jot", "input": 'say "x"'}}), result("c")),
        {"messages": [USER, {"content": [{"type": "tool_use", "input": {"input": 'say "x"'}}]}, "<any>"]}),
    "a text beside calls": (
        turns(asks(call("c"), content="Wait."), result("c")),
        {"messages": [USER, {"content": [{"type": "text", "text": "Wait."}, {"type": "tool_use"}]}, "<any>"]}),
    "blanks beside calls": (
        turns(asks(call("c"), content="\n\n"), result("c")),
        {"messages": [USER, {"content": [{"type": "tool_use", "id": "c"}]}, "<any>"]}),
    "a result with its tool's name": (
        turns(asks(call("c")), {**result("c"), "name": "find"}),
        {"messages": [USER, "<any>", {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c"}]}]}),
    "an image as a result": (
        turns(asks(call("c")), result("c", [{"type": "text", "text": "This:"}, SEEN])),
        {"messages": [USER, "<any>", {"role": "user", "content": [{"type": "tool_result", "content": [
            {"type": "text", "text": "This:"}, {"type": "image", "source": {"type": "url"}}]}]}]}),
    "results that stand behind words": (
        turns(asks(call("a"), call("b")), result("b"), {"role": "user", "content": "Well?"}, result("a")),
        {"messages": [USER, "<any>", {"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": "b"}, {"type": "tool_result", "tool_use_id": "a"},
            {"type": "text", "text": "Well?"}]}]}),
    "a rule between call and result": (
        turns(asks(call("a")), {"role": "system", "content": "Be brief."}, result("a")),
        {"messages": [USER, "<any>", {"role": "user", "content": [{"type": "tool_result"}]},
                      {"role": "system", "content": "Be brief."}]}),
    "leading rules in parts": (
        {"messages": [{"role": "developer", "content": [{"type": "text", "text": "A"}, {"type": "text", "text": "B"}]},
                      {"role": "system", "content": ""}, {"role": "system", "content": "C"}, USER]},
        {"system": [{"type": "text", "text": text} for text in "ABC"], "messages": [USER]}),
}  # fmt: skip


@pytest.mark.parametrize("name", CARRIED)
def test_what_is_carried_is_named_nowhere(name):
    changes, expected = CARRIED[name]
    made = translated(CASE, strict=True, **changes)

    assert match.match(expected, made.body, {}) == []
    assert not made.adapted


ASSISTANT = {"role": "assistant", "content": "Hello"}
ADAPTED: dict[str, tuple[dict[str, Any], str, dict[str, Any]]] = {
    "a grammar": ({"tools": [GRAMMAR_TOOL]}, "tools[0].custom.format(grammar→description)",
                  {"tools": [{"name": "jot", "description": r"<re:(?s)^Jot down\..*lark.*start: /x\+/$>",
                              "input_schema": TEXT_SCHEMA}]}),
    "a user": ({"user": "u-1"}, "user(user→metadata.user_id)", {"metadata": {"user_id": "u-1"}}),
    "a long identifier": ({"safety_identifier": "u" * 300}, "safety_identifier(safety_identifier→metadata.user_id)",
                          {"metadata": {"user_id": "<re:^[0-9a-f]{64}$>"}}),
    "two users": ({"user": "a", "safety_identifier": "b"}, "user(left out: safety_identifier says it)",
                  {"metadata": {"user_id": "b"}}),
    "a reply to be stored": ({"store": True}, "store(true→false)", {"max_tokens": 9}),
    "no limit that anybody knows": ({"max_tokens": None}, "max_completion_tokens(absent→8192)", {"max_tokens": 8192}),
    "unsigned reasoning": (
        turns({**ASSISTANT, "reasoning_content": "hm"}, USER),
        "messages[1].reasoning_content(left out: reasoning without its vendor's signature)",
        {"messages": [USER, ASSISTANT, USER]}),
    "a refusal": (turns({"role": "assistant", "content": None, "refusal": "No."}, USER),
                  "messages[1].refusal(refusal→text)", {"messages": [USER, {"content": "No."}, USER]}),
    "a refusal as a part": (
        turns({"role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]}, USER),
        "messages[1].content(refusal→text)", {"messages": [USER, {"role": "assistant", "content": "No."}, USER]}),
    "a turn of nothing": (turns({"role": "assistant", "content": ""}, USER),
                          "messages[1](left out: it says nothing)", {"messages": [USER, USER]}),
}  # fmt: skip


@pytest.mark.parametrize("name", ADAPTED)
def test_what_is_adapted_is_named_and_refused_where_nothing_may_be(name):
    changes, told, expected = ADAPTED[name]
    made = translated(CASE, **changes)

    assert told in made.adapted
    assert match.match(expected, made.body, {}) == []
    with pytest.raises(Untranslatable, match="x-gateway-strict"):
        translated(CASE, strict=True, **changes)


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "mystery": ({"mystery": 1}, "mystery"),
    "two limits": ({"max_completion_tokens": 10}, "max_tokens"),
    "a limit of nothing": ({"max_tokens": 0}, "max_tokens"),
    "a hot temperature": ({"temperature": 1.2}, "temperature"),
    "a concise summary": ({"reasoning": {"summary": "concise"}}, "reasoning.summary"),
    "reasoning that is unknown": ({"reasoning": {"effort": "low"}}, "reasoning.effort"),
    "minimal effort": ({"reasoning_effort": "minimal"}, "reasoning_effort"),
    "verbosity": ({"verbosity": "low"}, "verbosity"),
    "seed": ({"seed": 0}, "seed"),
    "penalty": ({"presence_penalty": 0.1}, "presence_penalty"),
    "bias": ({"logit_bias": {"1": 5}}, "logit_bias"),
    "logprobs": ({"logprobs": True}, "logprobs"),
    "a count that is none": ({"n": True}, "n"),
    "sound": ({"modalities": ["text", "audio"]}, "modalities"),
    "search": ({"web_search_options": {}}, "web_search_options"),
    "prediction": ({"prediction": {"type": "content", "content": "x"}}, "prediction"),
    "tier": ({"service_tier": "flex"}, "service_tier"),
    "obfuscation": ({"stream_options": {"include_obfuscation": True}}, "stream_options.include_obfuscation"),
    "an answer of nothing": ({"prompt_cache_options": {"prewarm": True}}, "prompt_cache_options.prewarm"),
    "a stop that is none": ({"stop": 5}, "stop"),
    "a stop of a number": ({"stop": [5]}, "stop[0]"),
    "a temperature that is none": ({"temperature": True}, "temperature"),
    "a temperature in words": ({"temperature": "hot"}, "temperature"),
    "a store that is none": ({"store": "yes"}, "store"),
    "a format of text and more": ({"response_format": {"type": "text", "schema": {}}}, "response_format.schema"),
    "a new format": ({"response_format": {"type": "yaml"}}, "response_format.type"),
    "json without a schema": ({"response_format": {"type": "json_object"}}, "response_format"),
    "notes that are none": ({"metadata": "x"}, "metadata"),
    "old functions": ({"functions": [{"name": "f"}]}, "functions"),
    "hosted tool": ({"tools": [TOOL, {"type": "web_search"}]}, "tools[1]"),
    "some tools": ({"tools": [TOOL], "tool_choice": {"type": "allowed_tools"}}, "tool_choice.type"),
    "a choice that is none": ({"tools": [TOOL], "tool_choice": "any"}, "tool_choice"),
    "a flag that is none": ({"tools": [TOOL], "parallel_tool_calls": "no"}, "parallel_tool_calls"),
    "another format": ({"tools": [{"type": "custom", "custom": {"name": "jot", "format": {"type": "json"}}}]},
                       "tools[0].custom.format.type"),
    "a text with a grammar": (
        {"tools": [{"type": "custom", "custom": {"name": "jot", "format": {**GRAMMAR, "type": "text"}}}]},
        "tools[0].custom.format.grammar"),
    "a choice of none": ({"tool_choice": "required"}, "tool_choice"),
    "a name": (turns({**USER, "name": "Bo"}), "messages[1].name"),
    "an old result": (turns({"role": "function", "name": "f", "content": ""}), "messages[1]"),
    "an old call": (turns({**ASSISTANT, "function_call": {"name": "f", "arguments": "{}"}}, USER),
                    "messages[1].function_call"),
    "broken arguments": (turns(asks(call("c", '{"a":')), result("c")),
                         "messages[1].tool_calls[0].function.arguments"),
    "arguments that are a list": (turns(asks(call("c", "[1]")), result("c")),
                                  "messages[1].tool_calls[0].function.arguments"),
    "a result for nobody": (turns(result("c")), "messages[1].tool_call_id"),
    "a result of another tool": (turns(asks(call("c")), {**result("c"), "name": "lose"}), "messages[2].name"),
    "a second result": (turns(asks(call("c")), result("c"), result("c")), "messages[3].tool_call_id"),
    "two calls of one id": (turns(asks(call("c"), call("c")), result("c")), "messages[1].tool_calls[1].id"),
    "detail": (parts({"type": "image_url", "image_url": {"url": "https://a.example", "detail": "high"}}),
               "messages[0].content[0].image_url.detail"),
    "an image elsewhere": (parts({"type": "image_url", "image_url": {"url": "gs://a/b"}}),
                           "messages[0].content[0].image_url.url"),
    "an image of the assistant": (turns({"role": "assistant", "content": [SEEN]}, USER), "messages[1].content[0]"),
    "an image that is none": (parts({"type": "image_url", "image_url": {"url": "data:image/png;base64,"}}),
                              "messages[0].content[0].image_url.url"),
    "an image without a type": (parts({"type": "image_url", "image_url": {"url": "data:;base64,YQ=="}}),
                                "messages[0].content[0].image_url.url"),
    "an image in plain": (parts({"type": "image_url", "image_url": {"url": "data:image/svg+xml,<svg/>"}}),
                          "messages[0].content[0].image_url.url"),
    "sound in": (parts({"type": "input_audio", "input_audio": {}}), "messages[0].content[0]"),
    "a file of the vendor's": (parts({"type": "file", "file": {"file_id": "f"}}),
                               "messages[0].content[0].file.file_id"),
    "a sheet": (parts({"type": "file", "file": {"file_data": "data:text/csv;base64,YQ=="}}),
                "messages[0].content[0].file.file_data"),
    "the beginning of an answer": (turns(ASSISTANT), "messages[1]"),
    "nobody speaks": ({"messages": [{"role": "system", "content": "Be brief."}]}, "messages"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_has_no_place_is_refused_by_its_name(name):
    changes, path = REFUSED[name]
    with pytest.raises((Untranslatable, GatewayError)) as refused:
        translated(CASE, **changes)

    assert path in (getattr(refused.value, "path", None), getattr(refused.value, "param", None))
    assert f"`{path}`" in str(refused.value)


HINT = {"prompt_cache_breakpoint": {"mode": "explicit"}}
EVERYTHING: dict[str, Any] = {
    **HELLO,
    "messages": [
        {"role": "system", "content": [{"type": "text", "text": "Be brief.", **HINT}]},
        {"role": "user", "content": [
            {**SEEN, **HINT}, {"type": "file", "file": {"file_data": "data:application/pdf;base64,YQ=="}, **HINT}]},
        {"role": "assistant", "content": [{"type": "text", "text": "Hm."}], "tool_calls": [
            call("a"), {"id": "b", "type": "custom", "custom": {"name": "jot", "input": "x"}}]},
        result("a"), result("b", [{"type": "text", "text": "ok"}]), USER,
    ],
    "tools": [TOOL, GRAMMAR_TOOL], "tool_choice": {"type": "function", "function": {"name": "find"}},
    "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object"}}},
    "stream_options": {"include_usage": True},
}  # fmt: skip
FREE = {"parameters", "schema", "prompt_cache_breakpoint"}  # whose fields are the caller's own, or change no answer


def objects(value: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Each object of a body whose fields we should know."""
    if isinstance(value, dict):
        yield path, value
        for name, each in value.items():
            if name not in FREE:
                yield from objects(each, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for place, each in enumerate(value):
            yield from objects(each, f"{path}[{place}]")


@pytest.mark.parametrize("path", [path for path, _ in objects(EVERYTHING)])
def test_a_field_that_nobody_knows_is_refused_wherever_it_stands(path):
    body = copy.deepcopy(EVERYTHING)
    assert translated({**CASE, "request": body}).body
    next(found for place, found in objects(body) if place == path)["mystery"] = 1

    with pytest.raises(Untranslatable) as refused:
        translated({**CASE, "request": body})

    assert refused.value.path == f"{path}.mystery".removeprefix(".")


def test_what_asks_for_nothing_goes_nowhere():
    rest: dict[str, Any] = {
        "n": 1, "logprobs": False, "top_logprobs": 0, "logit_bias": {}, "presence_penalty": 0.0, "seed": None,
        "frequency_penalty": 0, "modalities": ["text"], "verbosity": "medium", "response_format": {"type": "text"},
        "store": False, "metadata": {"a": "b"}, "prompt_cache_key": "k", "prompt_cache_options": {"mode": "implicit"},
        "prompt_cache_retention": "24h", "stream_options": {"include_usage": True}, "tool_choice": "auto",
        "functions": [], "tools": [], "stop": [],
    }  # fmt: skip
    made = translated(CASE, strict=True, **rest)

    assert made.body == {"model": "m", "max_tokens": 9, "messages": [USER]}


def test_the_models_own_maximum_is_the_limit_of_who_set_none():
    made = translated(CASE, upstream=Upstream(max_output_tokens=64_000, strict=True), max_tokens=None)

    assert made.body["max_tokens"] == 64_000


def test_a_model_that_cannot_reason_is_not_asked_to():
    upstream = Upstream(can=frozenset({"tools"}))
    made = translated(CASE, upstream=upstream, reasoning_effort="high")

    reasoner = translated(CASE, upstream=Upstream(can=frozenset({"reasoning"})), reasoning_effort="high")

    assert reasoner.body["output_config"] == {"effort": "high"} and not reasoner.adapted
    assert made.adapted == ("reasoning_effort(left out: the model does not reason)",)
    assert "output_config" not in made.body
    assert "thinking" not in translated(CASE, upstream=upstream, reasoning_effort="none").body


def test_where_no_tool_may_be_called_nothing_is_said_of_several():
    made = translated(CASE, tools=[TOOL], tool_choice="none", parallel_tool_calls=False)

    assert made.body["tool_choice"] == {"type": "none"}


IDS = ["functions.find:0", "functions.find_0", "call 1", "x" * 65, "é", "functions.find:0", "call_1"]


def test_ids_that_the_upstream_refuses_are_written_anew_in_pairs_and_alike_every_time():
    rounds = [message for id in IDS for message in (asks(call(id)), result(id, f"of {id}"))]
    made = translated(CASE, **turns(*rounds)).body["messages"]
    asked = [turn["content"][0]["id"] for turn in made if turn["role"] == "assistant"]
    answered = [turn["content"][0]["tool_use_id"] for turn in made[2::2]]

    assert asked == answered and len(set(asked)) == len(IDS)
    assert all(match.match("<id:a>", id, {}) == [] for id in asked)
    assert asked[-1] == "call_1"
    again = translated(CASE, **turns(*rounds, USER)).body["messages"]
    assert again[: len(made) - 1] == made[:-1]

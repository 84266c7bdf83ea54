"""Claims about tools at the simulated vendors: called when they fit or must be, once each, on each wire alike."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.demo.vendors import VENDORS, reading, saying
from gateway.demo.vendors.asked import Kind
from gateway.demo.vendors.refusals import Say
from gateway.demo.vendors.script import Act

WEST = VENDORS[2]
WEATHER, TIME = "get_weather", "current_time"
SCHEMA = {"type": "object", "properties": {"location": {"type": "string"}}, "required": ["location"]}
QUESTION = "What is the weather in San Francisco?"
KNOWN: dict[str, Any] = {"id": "1", "model": "simulated-gpt", "input_tokens": 1, "cached_tokens": 0}
ANY_TOOL = {"chat": "required", "responses": "required", "messages": {"type": "any"}}
WIRES: list[Kind] = ["chat", "responses", "messages"]


def tool(kind: Kind, name: str) -> dict[str, Any]:
    if kind == "messages":
        return {"name": name, "input_schema": SCHEMA}
    inner = {"name": name, "parameters": SCHEMA}
    return {"type": "function", "function": inner} if kind == "chat" else {"type": "function", **inner}


def result(kind: Kind, said: str) -> list[dict[str, Any]]:
    """The call of the weather, and what the tool said."""
    if kind == "responses":
        return [
            {"type": "function_call", "call_id": "c", "name": WEATHER, "arguments": "{}"},
            {"type": "function_call_output", "call_id": "c", "output": said},
        ]
    if kind == "messages":
        use = {"type": "tool_use", "id": "c", "name": WEATHER, "input": {}}
        told = {"type": "tool_result", "tool_use_id": "c", "content": [{"type": "text", "text": said}]}
        beside = {"type": "text", "text": "a reminder of the client"}
        return [{"role": "assistant", "content": [use]}, {"role": "user", "content": [told, beside]}]
    call = {"id": "c", "type": "function", "function": {"name": WEATHER, "arguments": "{}"}}
    return [{"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "c", "content": said}]  # fmt: skip


def said(kind: Kind, *names: str, prompt: str = QUESTION, after: tuple[Any, ...] = (), **fields: Any) -> Say:
    history = [{"role": "user", "content": prompt}, *after]
    body = {"input" if kind == "responses" else "messages": history, "max_tokens": 500,
            "tools": [tool(kind, name) for name in names], **fields}  # fmt: skip
    return saying.say(reading.read(kind, body, **KNOWN), WEST, Act(), 1)


def called(told: Say) -> list[str]:
    return [call["name"] for call in told.calls]


@pytest.mark.parametrize("kind", WIRES)
def test_a_tool_that_fits_the_question_is_called_with_what_it_names(kind):
    told = said(kind, TIME, WEATHER)

    assert called(told) == [WEATHER]
    assert json.loads(told.calls[0]["arguments"]) == {"location": "San Francisco"}


@pytest.mark.parametrize("kind", WIRES)
def test_tools_that_do_not_fit_are_left_alone(kind):
    told = said(kind, WEATHER, prompt="Why do ships float?")

    assert (told.calls, told.text.startswith("## Why")) == ((), True)


@pytest.mark.parametrize("kind", WIRES)
def test_what_a_tool_said_is_answered_with_and_the_tool_is_not_called_again(kind):
    told = said(kind, WEATHER, after=tuple(result(kind, "18 degrees")))

    assert (told.calls, "18 degrees" in told.text) == ((), True)


@pytest.mark.parametrize("kind", WIRES)
def test_a_tool_that_must_be_called_is_called_though_nothing_fits(kind):
    assert called(said(kind, WEATHER, prompt="Hello.", tool_choice=ANY_TOOL[kind])) == [WEATHER]


@pytest.mark.parametrize("kind", WIRES)
def test_no_tool_is_called_where_none_may_be(kind):
    none = {"type": "none"} if kind == "messages" else "none"

    assert called(said(kind, WEATHER, tool_choice=none)) == []


@pytest.mark.parametrize("kind", WIRES)
def test_the_tool_that_is_named_is_called(kind):
    choice = {"chat": {"type": "function", "function": {"name": TIME}}, "responses": {"type": "function", "name": TIME},
              "messages": {"type": "tool", "name": TIME}}[kind]  # fmt: skip

    assert called(said(kind, WEATHER, TIME, tool_choice=choice)) == [TIME]


@pytest.mark.parametrize("kind", WIRES)
def test_several_are_called_at_once_unless_that_is_forbidden(kind):
    one: dict[str, Any] = {
        "tool_choice": {"type": "auto", "disable_parallel_tool_use": True},
        "parallel_tool_calls": False,
    }
    if kind != "messages":
        del one["tool_choice"]

    both = "What time is it, and how is the weather?"
    assert called(said(kind, WEATHER, TIME, prompt=both)) == [WEATHER, TIME]
    assert called(said(kind, WEATHER, TIME, prompt=both, **one)) == [WEATHER]


def test_an_agent_that_must_call_ends_with_the_tool_that_takes_its_answer():
    after = tuple(result("chat", "18 degrees"))
    told = said("chat", WEATHER, "final_result", after=after, tool_choice="required")

    assert called(told) == ["final_result"]
    assert "18 degrees" in told.calls[0]["arguments"]


def test_a_tool_that_takes_numbers_is_called_when_there_are_as_many():
    numbers = {"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
               "required": ["a", "b"]}  # fmt: skip
    adding = {"type": "function", "function": {"name": "sum_up", "parameters": numbers}}
    body = {"messages": [{"role": "user", "content": "What is 15 and 37?"}], "tools": [adding]}

    told = saying.say(reading.read("chat", body, **KNOWN), WEST, Act(), 1)
    assert json.loads(told.calls[0]["arguments"]) == {"a": 15, "b": 37}


@pytest.mark.parametrize("kind", WIRES)
def test_a_text_that_is_to_stop_the_answer_stops_it(kind):
    told = said(kind, prompt="Why do ships float?", stop=["."])

    assert (told.stopped_by, "." in told.text, told.finish) == (".", False, "stop")


@pytest.mark.parametrize("kind", WIRES)
def test_a_schema_is_kept_to_on_each_wire(kind):
    schema = {"type": "object", "properties": {"ok": {"type": "boolean"}}, "required": ["ok"]}
    form = {"type": "json_schema", "schema": schema}
    named = {"type": "json_schema", "json_schema": {"name": "s", "schema": schema}}
    fields: dict[str, dict[str, Any]] = {
        "chat": {"response_format": named},
        "responses": {"text": {"format": {**form, "name": "s"}}},
        "messages": {"output_config": {"format": form}},
    }

    assert json.loads(said(kind, **fields[kind]).text) == {"ok": True}

"""The signals of one request: what its fields, its team and its headers say, and of its text what is needed."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from gateway.errors import GatewayError
from gateway.request import Arrival, parse
from gateway.signals import measure as measuring
from gateway.signals.measure import measure, measure_prompt
from gateway.signals.value import UNKNOWN, Signals
from tests.unit.record.build import caller

TURN = {"role": "user", "content": "Write to ann@example.com"}


def signals(
    *, body: bytes | None = None, needed: str = "", team_class: str = "internal", fields: Any = None, **arrived: Any
) -> Signals:
    written = body or msgspec.json.encode({"model": "m", "messages": [TURN]} | (fields or {}))
    request = parse("chat", written, Arrival("r", 1.0, 1.0, **arrived))
    who = caller()
    who = replace(who, team=replace(who.team, data_class=team_class))
    return measure(request, who, tags=("batch",), models=("m",), needed=frozenset(needed.split()))


def refused(**given: Any) -> GatewayError:
    with pytest.raises(GatewayError) as caught:
        signals(**given)
    assert caught.value.code == "invalid_request"
    return caught.value


def test_every_cheap_signal_is_there_and_of_the_text_none():
    found = signals()

    said: Signals = {
        "team": "research",
        "app": "bot",
        "residency": "any",
        "tag": None,
        "data_class": "internal",
        "model": "m",
    }
    said |= {"model_known": True, "kind": "chat", "stream": False, "budget_used": 0.0}
    assert said.items() <= found.items()
    assert type(found["tokens"]) is int and found["tokens"] > 5
    assert found.keys().isdisjoint(("source", "pii", "topic", "language", "secrets"))


@pytest.mark.parametrize(("given", "name", "value"), [
    ({"tag": "batch"}, "tag", "batch"), ({"fields": {"model": "other"}}, "model_known", False),
    ({"fields": {"stream": True}}, "stream", True), ({"fields": {"reasoning_effort": "high"}}, "effort", "high"),
    ({"fields": {"tools": [{"type": "function"}]}}, "needs", frozenset({"tools"})),
    ({"needed": "source", "sources": ("a//./b", "c")}, "source", frozenset({"a/b", "c"})),
    ({"needed": "source", "sources": ("../a",)}, "source", UNKNOWN),
    ({"needed": "pii"}, "pii", frozenset({"email"})), ({"needed": "secrets"}, "secrets", frozenset()),
])  # fmt: skip
def test_a_signal_is_what_the_request_says(given, name, value):
    assert signals(**given)[name] == value


def test_of_the_text_only_what_is_needed_is_measured():
    assert signals(needed="pii tokens").keys() - signals().keys() == {"pii"}


@pytest.mark.parametrize(("team", "header", "counts"), [
    ("public", None, "public"), ("public", "confidential", "confidential"), ("regulated", "public", "regulated"),
    ("internal", "internal", "internal"),
])  # fmt: skip
def test_a_header_only_raises_the_class(team, header, counts):
    assert signals(team_class=team, data_class=header)["data_class"] == counts


@pytest.mark.parametrize(("given", "param", "words"), [
    ({"tag": "unheard"}, "x-gateway-tag", "no tag is called `unheard`"),
    ({"data_class": "intern"}, "x-gateway-data-class", "no class is called `intern`"),
    ({"data_class": "x" * 200}, "x-gateway-data-class", "`" + "x" * 80 + "`"),
    ({"needed": "pii", "fields": {"messages": [{"role": "user", "content": 5}]}}, "messages[0].content", "must be"),
    ({"body": b'{"model":"m","messages":[{"role":"user","content":[],"content":"a"}]}'}, "messages", "twice"),
    ({"body": b'{"model":"m","messages":[{"role":"user","content":"a"}],"x":{"a":1,"\\u0061":2}}'}, "x", "twice"),
])  # fmt: skip
def test_what_cannot_be_meant_is_refused_and_named(given, param, words):
    error = refused(**given)

    assert error.param == param and words in error.message


def test_a_name_may_come_again_in_another_object_or_in_a_text():
    body = b'{"model":"m","messages":[{"role":"user","content":"a"}],"x":[{"a":1},{"a":":\\u003a"},2,"a:a"]}'

    assert signals(body=body)["model"] == "m"


def test_a_signal_that_cannot_be_measured_is_unknown(monkeypatch):
    def broken(text: object) -> object:
        raise ZeroDivisionError

    monkeypatch.setattr(measuring, "_reader", {"pii": broken}.__getitem__)

    assert signals(needed="pii")["pii"] is UNKNOWN


@pytest.mark.parametrize(("prompt", "pii"), [("ann@example.com", frozenset({"email"})), ("hello", frozenset())])
def test_a_prompt_alone_is_measured_as_a_request_with_it(prompt, pii):
    found = measure_prompt(prompt, ["pii", "tokens"])

    assert found["pii"] == pii
    assert found.keys() == {"pii", "tokens"} and type(found["tokens"]) is int


def test_models_are_loaded_of_the_signals_that_have_some(monkeypatch):
    loaded: list[str] = []

    def module(name: str) -> SimpleNamespace:
        return SimpleNamespace(load=lambda: loaded.append(name)) if name == "topic" else SimpleNamespace()

    monkeypatch.setattr(measuring, "_module", module)
    measuring.load(["topic", "pii", "tokens", "nothing"])

    assert loaded == ["topic"]

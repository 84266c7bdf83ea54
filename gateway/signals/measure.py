"""Assembles the signals of one request; those that read text only where somebody needs them."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable
from functools import cache
from importlib import import_module
from types import ModuleType

from gateway.errors import GatewayError, nearest
from gateway.identity import DATA_CLASSES, Caller
from gateway.request import Request
from gateway.signals import effort, needs, source, tokens
from gateway.signals.invisible import visible
from gateway.signals.names import check_names
from gateway.signals.read import Malformed, read
from gateway.signals.table import SIGNALS, text_signals
from gateway.signals.text import Passage, Text
from gateway.signals.value import UNKNOWN, Signals, Value


def measure(
    request: Request, caller: Caller, *, tags: Container[str], models: Container[str], needed: frozenset[str]
) -> Signals:
    """Every cheap signal, and of the text signals those in `needed`. Raises GatewayError for a bad tag, class or shape.

    `tags`: those that callers.yaml declares. `models`: ids of the catalogue's models and endpoints.
    """
    fields, team, arrival = request.fields, caller.team, request.arrival
    beside = fields
    if request.talk is not None:  # its names were looked at, and a text needs nothing
        beside = {name: value for name, value in fields.items() if name != "messages"}
    check_names(beside)
    signals: Signals = {
        "team": team.id,
        "app": caller.app,
        "residency": team.residency,
        "tag": None if arrival.tag is None else _tag(arrival.tag, tags),
        "data_class": team.data_class
        if arrival.data_class is None
        else _data_class(arrival.data_class, team.data_class),
        "model": request.model,
        "model_known": request.model in models,
        "kind": request.kind,
        "stream": request.stream,
        "tokens": tokens.of_fields(beside, request.talk or ()),
        "effort": effort.effort(beside),
        "needs": needs.measure(beside),
        "budget_used": 0.0,
    }
    if "source" in needed:
        signals["source"] = source.measure(arrival.sources)
    asked = needed & text_signals()
    if asked:
        signals.update(measure_text(request_text(request), asked))
    return signals


def measure_text(text: Text, names: Iterable[str]) -> Signals:
    """The text signals of these names; one that fails is unknown, which helps no request."""
    return {name: _measured(name, text) for name in names if name in text_signals()}


def measure_prompt(prompt: str, names: Iterable[str] | None = None) -> Signals:
    """What a request with this one user message would measure; `tokens` too. `names`: text signals; None: all."""
    said, hides = visible(prompt)
    text = Text((Passage("user", said),), readable=not hides)
    asked = text_signals() if names is None else names
    return {**measure_text(text, asked), "tokens": tokens.count(prompt) + tokens.PER_MESSAGE}


def request_text(request: Request) -> Text:
    """All that the request says. Raises GatewayError naming the field that is malformed."""
    try:
        return read(request.kind, request.fields, request.talk)
    except Malformed as problem:
        raise GatewayError("invalid_request", str(problem), param=problem.param) from None


def _measured(name: str, text: Text) -> Value:
    try:
        return _reader(name)(text)
    except Exception:  # noqa: BLE001 - whatever goes wrong while measuring, the signal is unknown
        return UNKNOWN


@cache
def _reader(name: str) -> Callable[[Text], Value]:
    measure: Callable[[Text], Value] = _module(name).measure
    return measure


def load(names: Iterable[str]) -> None:
    """Reads the models of these signals, so that the first request does not wait for them."""
    for name in text_signals().intersection(names):
        begin: Callable[[], None] | None = getattr(_module(name), "load", None)
        if begin is not None:
            begin()


def _module(name: str) -> ModuleType:
    """A text signal's; its libraries are imported only where it is measured."""
    where = SIGNALS[name].reads
    assert where is not None
    return import_module(where)


def _tag(tag: str, tags: Container[str]) -> str:
    if tag not in tags:
        said = f"no tag is called `{tag[:80]}`; callers.yaml lists them under `tags`"
        raise GatewayError("invalid_request", said, param="x-gateway-tag")
    return tag


def _data_class(given: str, own: str) -> str:
    """The higher of the team's class and the header's."""
    if given not in DATA_CLASSES:
        said = f"x-gateway-data-class: no class is called `{given[:80]}`; {nearest(given[:80], DATA_CLASSES)}"
        raise GatewayError("invalid_request", said, param="x-gateway-data-class")
    return max(own, given, key=DATA_CLASSES.index)

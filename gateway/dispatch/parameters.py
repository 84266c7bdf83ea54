"""The body that an endpoint is asked with, where its route or itself adds, bounds or leaves out fields.

What is left out and bounded is so in the caller's own words, before anything is translated; what is added, and whatever
a translation brings back, in the words of the wire. Without parameters a request is the one that came.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from gateway.catalog.facts import Endpoint
from gateway.catalog.parameters import together
from gateway.catalog.rows import Parameters
from gateway.dispatch.upstream_facts import limit_field
from gateway.errors import GatewayError
from gateway.interfaces.spec import LIMITS
from gateway.outcome.request_state import RequestState
from gateway.policy.sent_needs import needs_sent
from gateway.request import Fields, Request, parse
from gateway.signals import needs
from gateway.signals.effort import DEFAULT, effort
from gateway.upstreams.translate.fields_of import FIELDS_OF

_LIMIT_IN = {"chat": "max_completion_tokens", "responses": "max_output_tokens"}  # others say max_tokens
_INSIDE = {"openai_responses": "reasoning", "anthropic": "output_config"}  # where a wire has Chat's reasoning_effort
_EFFORT = "reasoning_effort"
_LEAST_BUDGET = 1024  # tokens of thinking that Messages take
_NULL = msgspec.Raw(b"null")
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Tuned:
    """A request as the policy changes it, still in its caller's dialect."""

    request: Request
    rules: Parameters | None  # None: nothing else will be changed
    changed: tuple[str, ...] = ()  # names of what was, for `x-gateway-adapted`


def tuned(trail: RequestState, endpoint: Endpoint) -> Tuned:
    """The same answer each time it is asked of one request."""
    rules = together(trail.decision.route.parameters, endpoint.parameters)
    if rules is None:
        return Tuned(trail.request, None)
    known = trail.tuned.get(endpoint.id)
    if known is None:
        change = _tuned if trail.request.form is None else _tuned_form
        known = trail.tuned[endpoint.id] = change(trail.request, rules, endpoint)
    return known


def _tuned_form(request: Request, rules: Parameters, endpoint: Endpoint) -> Tuned:
    """All of it at once, for no wire translates a form; every other byte as it came."""
    form = request.form
    assert form is not None
    said = dict.fromkeys(part.name.removesuffix("[]") for part in form.parts)
    gone = [name for name in said if name in rules.drop]
    added = {
        name: msgspec.json.decode(value)
        for name, value in rules.add
        if (name not in said or name in gone) and name not in LIMITS and _knows(request, endpoint.dialect, name)
    }
    if not gone and not added:
        return Tuned(request, None)
    body = form.changed(gone, [each for name, value in added.items() for each in _texts(name, value)])
    made = parse(request.interface, body, request.arrival, form.content_type)
    changed = (*_named(gone, "left out"), *_named([*added], "added"))
    return Tuned(replace(made, model=request.model), None, changed)


def _texts(name: str, value: Any) -> list[tuple[str, str]]:
    """A field of a form: a list is given value by value."""
    if isinstance(value, list):
        return [(f"{name}[]", text) for each in value for _, text in _texts(name, each)]
    return [(name, value if isinstance(value, str) else _encode(value).decode())]


def _tuned(request: Request, rules: Parameters, endpoint: Endpoint) -> Tuned:
    fields, changed = _left_out(request.fields, rules)
    fields, bounded = _bounded(request, fields, rules, endpoint)
    if not changed and not bounded:
        return Tuned(request, rules)
    made = parse(request.interface, _encode(fields), request.arrival)
    return Tuned(replace(made, model=request.model), rules, (*changed, *bounded))


def _left_out(fields: Fields, rules: Parameters) -> tuple[Fields, tuple[str, ...]]:
    gone = tuple(name for name in fields if name in rules.drop)
    if not gone:
        return fields, ()
    return {name: value for name, value in fields.items() if name not in rules.drop}, _named(gone, "left out")


def _bounded(request: Request, fields: Fields, rules: Parameters, endpoint: Endpoint) -> tuple[Fields, tuple[str, ...]]:
    """The bound on the output, by all the names under which the caller gives it; else by the one that is usual."""
    if not request.interface.writes:
        return fields, ()
    asked, added = request.max_tokens, next((value for name, value in rules.add if name in LIMITS), None)
    wanted = asked if asked is not None or added is None else int(added)
    if rules.max_tokens is not None:
        wanted = rules.max_tokens if wanted is None else min(wanted, rules.max_tokens)
    if wanted is None or wanted == asked:
        return fields, ()
    thinking: tuple[str, ...] = ()
    given = [name for name in request.interface.limits if fields.get(name, _NULL) != _NULL]
    if not given:
        name = _limit_field(request, endpoint)
        return {**fields, name: msgspec.Raw(_encode(wanted))}, _named((name,), "added")
    if request.kind == "messages":
        fields, thinking = _thinking_below(wanted, fields)
    above = [name for name in given if msgspec.json.decode(fields[name]) > wanted]
    return {**fields, **dict.fromkeys(above, msgspec.Raw(_encode(wanted)))}, (*_named(above, "capped"), *thinking)


def _thinking_below(limit: int, fields: Fields) -> tuple[Fields, tuple[str, ...]]:
    """Messages want a budget of thinking below the bound on the output: half of it, or none if that is too little."""
    given: Any = msgspec.json.decode(fields.get("thinking", _NULL))
    budget = given.get("budget_tokens") if isinstance(given, dict) else None
    if type(budget) is not int or budget < limit:
        return fields, ()
    kept: Any = {**given, "budget_tokens": limit // 2} if limit // 2 >= _LEAST_BUDGET else {"type": "disabled"}
    return {**fields, "thinking": msgspec.Raw(_encode(kept))}, ("thinking.budget_tokens(capped)",)


def _limit_field(request: Request, endpoint: Endpoint) -> str:
    usual = _LIMIT_IN.get(request.kind, "max_tokens")
    return limit_field(endpoint) if request.kind == "chat" and endpoint.dialect == "openai" else usual


def in_the_wire(found: Tuned, caller: Fields, sent: Request, endpoint: Endpoint) -> tuple[Request, tuple[str, ...]]:
    """The body as it is sent, and the names of what was changed in it.

    `caller`: the fields that came; `sent`: in the endpoint's wire.
    """
    rules = found.rules
    if rules is None:
        return sent, ()
    fields, gone = _left_out(sent.fields, rules)
    added = dict(_additions(rules, caller, fields, sent, endpoint))
    if not added and not gone:
        return sent, ()
    made = parse(sent.interface, _encode({**fields, **added}), sent.arrival)
    return replace(made, model=sent.model), (*gone, *_named([*added], "added"))


def _additions(
    rules: Parameters, caller: Fields, fields: Fields, sent: Request, endpoint: Endpoint
) -> Iterator[tuple[str, msgspec.Raw]]:
    for name, value in rules.add:
        if name in LIMITS:
            continue  # it stands there already
        inside = _INSIDE.get(endpoint.dialect) if name == _EFFORT else None
        said = name in fields or (name in caller and name not in rules.drop)
        if name == _EFFORT and not said:
            said = effort(fields) != DEFAULT
        if said or not (inside or _knows(sent, endpoint.dialect, name)):
            continue
        yield (name, msgspec.Raw(value)) if inside is None else (inside, _with_effort(fields.get(inside), value))


def _with_effort(given: msgspec.Raw | None, value: bytes) -> msgspec.Raw:
    around: Any = msgspec.json.decode(given) if given is not None else {}
    return msgspec.Raw(_encode({**around, "effort": msgspec.Raw(value)}))


def _knows(sent: Request, dialect: str, name: str) -> bool:
    """Words of one wire go to no other; words that no table has go to all."""
    if not any(name in known for known in FIELDS_OF.values()):
        return True
    if not sent.interface.writes or (name == _EFFORT and not sent.interface.reasons):
        return False
    return name in FIELDS_OF[dialect]


def lacking(trail: RequestState, found: Tuned, sent: Request, endpoint: Endpoint) -> GatewayError | None:
    """Where fields that ask for something are added or left out: what the body needs after all, and is not there."""
    asked = trail.decision.signals.get("needs")
    if found.rules is None or not isinstance(asked, frozenset):
        return None
    if needs_sent(asked, trail.decision.route.parameters, endpoint.parameters) == asked:
        return None
    missing = needs.measure(found.request.fields) - endpoint.can
    if not missing:
        return None
    words = f"{endpoint.id} lacks {', '.join(sorted(missing))}, which the request asks for in other fields too"
    return GatewayError("unsupported_request", words)


def _named(names: Collection[str], how: str) -> tuple[str, ...]:
    return tuple(f"{name}({how})" for name in names)

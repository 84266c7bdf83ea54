"""Parameters of routes and endpoints: what is sent obeys them, says so, and without them is what came."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gateway.catalog.rows import Parameters
from gateway.dispatch.affordable import worst_case_usd
from gateway.dispatch.translation import outgoing
from gateway.errors import GatewayError
from gateway.outcome.request_state import RequestState
from gateway.policy.authoring.cases import signals_of
from gateway.policy.decide import decide
from gateway.policy.view import View
from gateway.request import Arrival, parse
from gateway.signals.needs import measure
from gateway.upstreams.state_seal import StateSeal
from tests.unit.policy.small import AT, compiled

FOLDER = compiled()
ENDPOINT = FOLDER.catalog.endpoints["gpt@openai"]
CALLER = next(iter(FOLDER.keyring.callers.values()))
SEAL = StateSeal(b"k" * 32)
WIRES = ("openai", "openai_responses", "anthropic")
SAYS: dict[str, dict[str, Any]] = {
    "chat": {"messages": [{"role": "user", "content": "hi"}]},
    "responses": {"input": "hi", "store": False},
    "messages": {"messages": [{"role": "user", "content": "hi"}], "max_tokens": 900},
}
LIMIT = {"chat": "max_completion_tokens", "responses": "max_output_tokens", "messages": "max_tokens"}
LIMITS = frozenset({"max_tokens", "max_completion_tokens", "max_output_tokens"})
VALUES = {"temperature": 0.25, "top_p": 0.5, "service_tier": "auto"}
ADDED = {
    **VALUES,
    "temperature": 0.75,
    "reasoning_effort": "low",
    "seed": 7,
    "max_tokens": 300,
    "chat_extension": {"a": 1},
}
names = st.sets(st.sampled_from(sorted(VALUES)))
limits = st.none() | st.integers(1, 2000)


@st.composite
def rules(draw: st.DrawFn) -> Parameters | None:
    added = tuple(
        (name, json.dumps(ADDED[name]).encode()) for name in sorted(draw(st.sets(st.sampled_from(sorted(ADDED)))))
    )
    made = Parameters(added, draw(limits), frozenset(draw(names)))
    return made if made != Parameters() else None


def trail_of(kind: str, body: dict[str, Any], route: Parameters | None, *, strict: bool = False) -> RequestState:
    request = parse(
        kind, json.dumps({"model": "gpt@openai", **body}).encode(), Arrival("req_1", AT, 0.0, strict=strict)
    )
    signals = signals_of(CALLER.team, {"kind": kind, "needs": measure(body), "tokens": 10}, FOLDER.policy)
    decision = decide(FOLDER.policy, signals, View(at=AT))
    return RequestState(request, CALLER, replace(decision, route=replace(decision.route, parameters=route)))


bodies = st.tuples(st.sampled_from(sorted(SAYS)), names, limits).map(
    lambda drawn: (
        drawn[0],
        SAYS[drawn[0]]
        | {name: VALUES[name] for name in sorted(drawn[1])}
        | ({LIMIT[drawn[0]]: drawn[2]} if drawn[2] is not None else {}),
    )
)


@settings(max_examples=60, deadline=None)
@given(bodies, st.sampled_from(WIRES), rules(), rules())
def test_what_is_sent_obeys_the_parameters_and_says_what_they_changed(body, api, route, own):
    kind, said = body
    trail, endpoint = trail_of(kind, said, route), replace(ENDPOINT, api=api, parameters=own)
    plain = outgoing(trail_of(kind, said, None), replace(ENDPOINT, api=api), SEAL)
    out = outgoing(trail, endpoint, SEAL)
    sent = {name: json.loads(bytes(value)) for name, value in out.request.fields.items()}
    before = {name: json.loads(bytes(value)) for name, value in plain.request.fields.items()}
    both = [each for each in (route, own) if each is not None]
    drops = frozenset().union(*(each.drop for each in both))
    kept_off = drops - dict(own.add if own else ()).keys()  # what an endpoint drops, no route adds
    kept_off -= dict(route.add if route else ()).keys() - (own.drop if own else frozenset())
    caps = [each.max_tokens for each in both if each.max_tokens is not None]
    bounds = [sent[name] for name in LIMITS & sent.keys()]

    assert not kept_off & sent.keys()
    assert not caps or (bounds and max(bounds) <= min(caps))
    assert all(sent[name] == before[name] for name in before.keys() - LIMITS - drops)  # what the caller says stands
    touched = {name.partition("(")[0] for name in out.adapted if name not in plain.adapted}
    assert {name for name in sent.keys() | before.keys() if sent.get(name) != before.get(name)} <= touched | LIMITS
    if out.request.fields == plain.request.fields and not drops & said.keys():
        assert not touched - LIMITS


@settings(max_examples=25, deadline=None)
@given(bodies, st.sampled_from(WIRES))
def test_without_parameters_nothing_is_touched(body, api):
    kind, said = body
    trail = trail_of(kind, said, None)
    out = outgoing(trail, replace(ENDPOINT, api=api), SEAL)

    assert trail.tuned == {}
    if (kind, api) in {("chat", "openai"), ("responses", "openai_responses"), ("messages", "anthropic")}:
        assert out.request is trail.request and not out.adapted


@settings(max_examples=25, deadline=None)
@given(bodies, st.sampled_from(WIRES), rules())
def test_strict_requests_are_refused_where_parameters_would_change_them_and_nowhere_else(body, api, route):
    kind, said = body
    endpoint = replace(ENDPOINT, api=api)
    assume(not outgoing(trail_of(kind, said, None), endpoint, SEAL).adapted)
    changes = bool(outgoing(trail_of(kind, said, route), endpoint, SEAL).adapted)
    try:
        outgoing(trail_of(kind, said, route, strict=True), endpoint, SEAL)
        refused = False
    except GatewayError as error:
        refused = "x-gateway-strict" in error.message

    assert refused == changes


@settings(max_examples=25, deadline=None)
@given(bodies, st.sampled_from(WIRES), rules(), rules())
def test_the_worst_case_is_that_of_the_body_that_is_sent(body, api, route, own):
    kind, said = body
    trail, endpoint = trail_of(kind, said, route), replace(ENDPOINT, api=api, parameters=own)
    sent = outgoing(trail, endpoint, SEAL).request
    bound = said.get(LIMIT[kind])
    for each in (route, own):
        adds = dict(each.add).get("max_tokens") if each is not None else None
        bound = int(adds) if bound is None and adds is not None else bound
    for each in (route, own):
        if each is not None and each.max_tokens is not None:
            bound = each.max_tokens if bound is None else min(bound, each.max_tokens)

    if bound is not None:
        assert sent.max_tokens == bound
        assert worst_case_usd(endpoint, trail) == (Decimal(10) * 2 + Decimal(bound) * 8) / 1_000_000
    else:
        assert worst_case_usd(endpoint, trail) == worst_case_usd(endpoint, trail_of(kind, said, None))

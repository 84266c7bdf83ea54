"""`canary:` a sticky share inside the guards, which stops by itself."""

from __future__ import annotations

from functools import cache
from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.estimates import PRIORS, Estimates, Snapshot
from gateway.policy.authoring.cases import signals_of
from gateway.policy.compiled import Compiled
from gateway.policy.decide import decide
from gateway.policy.decision import Decision
from gateway.policy.select.canary import obstacle, stands, stopped
from gateway.policy.select.exploration import draw_of
from gateway.policy.view import View
from gateway.signals.value import Value
from tests.unit.policy.small import AT, SETS, compiled, ids

STOPS = ", stop_if: {refusal_rate: {above: 0.05}, failure_rate: {above: 0.02}}"
READ = Estimates().snapshot()


@cache
def folder(*, tries: str = "[gpt@openai, qwen@self]", percent: float = 100, stops: str = "", guards: str = "[]"):
    canary = f"{{endpoint: glm@zai, percent: {percent}{stops}}}"
    route = f"routes: [{{name: rest, try: {tries}, order: listed, canary: {canary}}}]\n"
    return compiled(policy=b"version: 1\n" + SETS + f"guards: {guards}\n{route}".encode())


def decided(
    made: Compiled,
    *,
    draw: float | None = 0.5,
    conversation: str | None = None,
    estimates: Snapshot = READ,
    **given: Value,
) -> Decision:
    signals = signals_of(made.keyring.teams["research"], {"tokens": 100, **given}, made.policy)
    return decide(made.policy, signals, View(at=AT, draw=draw, conversation=conversation, estimates=estimates))


def counted(*, failed: int = 0, refused: int = 0, answered: int = 0, stops: str = STOPS) -> Snapshot:
    """What is known after so many attempts of the canary."""
    estimates = Estimates()
    share = folder(stops=stops).policy.routes[0].canary
    assert share is not None
    for kind, count in (("failed", failed), ("refused", refused), ("answered", answered)):
        for _ in range(count):
            estimates.add_trial("rest", share.name, failed=kind == "failed", refused=kind == "refused")
    return estimates.snapshot()


def test_a_canary_goes_first_whether_the_route_lists_it_or_not_and_the_others_follow():
    assert ids(decided(folder())) == ["glm@zai", "gpt@openai", "qwen@self"]
    assert ids(decided(folder(tries="[gpt@openai, glm@zai]"))) == ["glm@zai", "gpt@openai"]


def test_without_a_draw_there_is_no_canary():
    decision = decided(folder(), draw=None)

    assert ids(decision) == ["gpt@openai", "qwen@self"] and decision.canary is None


def test_a_drawn_conversation_tries_the_canary_before_the_endpoint_that_served_it():
    assert ids(decided(folder(), conversation="qwen@self")) == ["glm@zai", "qwen@self", "gpt@openai"]


@pytest.mark.parametrize("percent", [1, 5, 50])
def test_the_percentage_is_that_of_conversations_and_each_has_one_draw(percent):
    made, count = folder(percent=percent), 4000
    draws = [draw_of(n.to_bytes(4) * 4) for n in range(0, count * 1_000_003, 1_000_003)]
    drawn = [decided(made, draw=draw).canary is not None for draw in draws]
    share, off = percent / 100, 3.5 * sqrt(count * percent / 100 * (1 - percent / 100))

    assert abs(sum(drawn) - count * share) < off
    assert drawn == [decided(made, draw=draw).canary is not None for draw in draws]


@given(st.floats(0, 1, exclude_max=True), st.floats(0, 100), st.floats(0, 100))
@pytest.mark.thorough
def test_raising_the_percentage_moves_no_conversation_away_from_the_canary(draw, one, other):
    low, high = sorted((one, other))
    if decided(folder(percent=low), draw=draw).canary is not None:
        assert decided(folder(percent=high), draw=draw).canary is not None


@given(st.floats(0, 1, exclude_max=True))
def test_a_canary_is_inside_the_guards(draw):
    guarded = decided(folder(guards="[{name: g, never: {exposure: china}}]"), draw=draw)

    assert ids(guarded) == ["gpt@openai", "qwen@self"] and not stands(guarded)


def test_a_canary_serves_nothing_where_nothing_is_left_of_the_route():
    assert ids(decided(folder(guards="[{name: g, only: {operator: zai}}]"))) == []


def test_who_names_a_model_gets_it():
    made = folder(tries="[requested]")

    assert ids(decided(made, model="gpt", model_known=True)) == ["gpt@openai"]
    assert ids(decided(made, model="glm@together", model_known=True)) == ["glm@together"]
    assert ids(decided(made, model="glm", model_known=True))[0] == "glm@zai"
    assert obstacle(decided(made, model="gpt", model_known=True)) == "the caller gets the model that it names"


def test_rates_of_less_than_thirty_stop_nothing():
    made = folder(stops=STOPS)

    assert decided(made, estimates=counted(refused=29)).canary is not None
    assert decided(made, estimates=counted(refused=30)).canary is None
    assert decided(made, estimates=counted(refused=2, failed=0, answered=38)).canary is not None  # 0.05 is not above


@pytest.mark.parametrize(
    ("counts", "rate_name"),
    [({"failed": 1, "answered": 40}, "failure_rate"), ({"refused": 3, "answered": 40}, "refusal_rate")],
)
def test_a_canary_stops_above_its_bound_and_says_why(counts, rate_name):
    made, known = folder(stops=STOPS), counted(**counts)
    stop = stopped(made.policy.routes[0], known)

    assert stop is not None and stop.rate_name == rate_name
    assert obstacle(decided(made, estimates=known)) == f"stopped: {stop}"
    assert ids(decided(made, estimates=known)) == ["gpt@openai", "qwen@self"]


def test_a_canary_that_was_changed_begins_anew():
    known = counted(refused=40)

    assert decided(folder(stops=STOPS, percent=99), estimates=known).canary is not None


def test_a_canary_that_may_have_stopped_waits_for_the_ledger_to_be_read():
    assert decided(folder(stops=STOPS), estimates=PRIORS).canary is None
    assert decided(folder(), estimates=PRIORS).canary is not None

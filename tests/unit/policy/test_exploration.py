"""`exploration: thompson`: doubt is tried out, certainty is not, and a conversation is drawn once."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from gateway.estimates import PRIORS, Estimates, Observation, Snapshot
from gateway.estimates.priors import expected_tokens
from gateway.policy.authoring.cases import signals_of
from gateway.policy.decide import decide
from gateway.policy.select.exploration import draw_of, seed
from gateway.policy.view import View
from tests.unit.policy.small import AT, SETS, compiled

REST = b"routes: [{name: rest, try: [{any: {}}], order: cost_per_answer, exploration: thompson}]\n"
FOLDER = compiled(policy=SETS + b"version: 1\n" + REST)
GUARDED = compiled(policy=SETS + b"version: 1\nguards: [{name: g, never: {lineage: china}}]\n" + REST)
SIGNALS = signals_of(FOLDER.keyring.teams["research"], {"tokens": 100, "language": "en"}, FOLDER.policy)


def first(draw: float | None, snapshot: Snapshot = PRIORS) -> str:
    return decide(FOLDER.policy, SIGNALS, View(at=AT, draw=draw, estimates=snapshot)).endpoints[0].id


def sure() -> Snapshot:
    """Every endpoint is known well."""
    estimates = Estimates()
    for endpoint in FOLDER.policy.endpoints:
        tokens = expected_tokens(endpoint.model, "default")
        for n in range(3000):
            estimates.add(
                Observation(
                    AT, f"k{n % 50}", endpoint.model.id, endpoint.id, "default", "none", "en", tokens,
                    n % 50 != 0, round(tokens), 0.5, 1.0,
                )
            )  # fmt: skip
    return estimates.snapshot()


def draws(count: int) -> list[float]:
    return [(n + 0.5) / count for n in range(count)]


def test_without_a_draw_nothing_is_explored():
    assert first(None) == first(None) == "glm@zai"


def test_what_is_uncertain_is_tried_out_and_the_likely_best_most_often():
    tried = Counter(first(draw) for draw in draws(400))

    assert tried.most_common(1)[0][0] == "glm@zai"
    assert len(tried) > 1 and tried.most_common(1)[0][1] < 390


def test_what_is_certain_is_not():
    snapshot = sure()

    assert {first(draw, snapshot) for draw in draws(200)} == {first(None, snapshot)}


@given(st.binary(min_size=1, max_size=40))
def test_a_conversation_is_drawn_once(name):
    assert 0 <= draw_of(name) < 1
    assert first(draw_of(name)) == first(draw_of(name))


@given(st.floats(0, 1, exclude_max=True))
def test_exploration_reaches_nothing_that_a_guard_removed(draw):
    explored = decide(GUARDED.policy, SIGNALS, View(at=AT, draw=draw))
    plain = decide(GUARDED.policy, SIGNALS, View(at=AT))

    assert sorted(e.id for e in explored.endpoints) == sorted(e.id for e in plain.endpoints) == ["gpt@openai"]


def test_each_use_of_a_draw_has_a_number_of_its_own():
    assert seed(0.5, "exploration") != seed(0.5, "canary")

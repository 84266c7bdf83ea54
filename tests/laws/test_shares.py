"""`order: weighted`: shares come to be what the weights say, conversations stay, and guards hold whatever is drawn."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.policy.decide import decide
from gateway.policy.view import View
from tests.laws.policies import AT, world
from tests.unit.policy.small import SETS, compiled, decision

IDS = ("gpt@openai", "glm@zai", "glm@together", "qwen@self")
DRAWS = 1000
draws = st.floats(0, 1, exclude_max=True)
weights = st.lists(st.sampled_from((0, 1, 2, 5, 0.25)), min_size=4, max_size=4)


FOLDER = compiled(policy=SETS + b"version: 1\nroutes: [{name: r, try: [{any: {}}], order: weighted}]\n")
SIGNALS = decision(FOLDER).signals


def decided(weights, draw, *, without=(), served=None):
    """The ids in the order to try, with these endpoints stopped, in a conversation that this one served."""
    policy = FOLDER.policy
    weighed = dict(zip(IDS, weights, strict=True))
    by_index = tuple(float(weighed[endpoint.id]) for endpoint in policy.endpoints)
    policy = replace(policy, routes=(replace(policy.routes[0], weights=by_index),))
    view = View(at=AT, draw=draw, frozen=tuple(("endpoint", id) for id in without), conversation=served)
    return [endpoint.id for endpoint in decide(policy, SIGNALS, view).endpoints]


@settings(max_examples=8, deadline=None)
@given(weights, st.sets(st.sampled_from(IDS), max_size=2), st.integers(0, 10**6))
def test_the_shares_of_who_is_left_come_to_be_what_the_weights_say(weights, without, seed):
    chance = Random(seed)
    firsts = Counter(decided(weights, chance.random(), without=without)[0] for _ in range(DRAWS))
    left = {id: weight for id, weight in zip(IDS, weights, strict=True) if id not in without}
    total = sum(left.values())

    assert not firsts.keys() & without
    for id, weight in left.items() if total else ():
        assert abs(firsts[id] / DRAWS - weight / total) < 0.08  # five standard errors
        assert weight or not firsts[id]


@settings(max_examples=60, deadline=None)
@given(weights, draws, st.sampled_from(IDS))
def test_who_leaves_moves_only_the_conversations_that_were_its_own(weights, draw, gone):
    before, after = decided(weights, draw), decided(weights, draw, without=(gone,))

    assert decided(weights, draw) == before  # the same conversation, the same order
    assert after == [id for id in before if id != gone]


@given(weights, draws)
@settings(max_examples=60, deadline=None)
def test_what_weighs_nothing_is_asked_after_all_others_and_still_asked(weights, draw):
    ids = decided(weights, draw)
    weighed = dict(zip(IDS, weights, strict=True))

    assert set(ids) == set(IDS)
    assert [id for id in ids if not weighed[id]] == ids[len([id for id in ids if weighed[id]]) :]


@given(draws, st.sampled_from(IDS))
@settings(max_examples=30, deadline=None)
def test_a_conversation_stays_with_who_served_it(draw, served):
    assert decided((5, 1, 1, 0), draw, served=served)[0] == served


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 10**9), draws)
def test_a_draw_orders_and_never_adds_or_removes(seed, draw):
    made = world(seed)
    policy = made.policy()
    for signals in made.requests:
        drawn = decide(policy, signals, View(at=AT, draw=draw))
        plain = decide(policy, signals, View(at=AT))

        assert sorted(e.id for e in drawn.endpoints) == sorted(e.id for e in plain.endpoints)
        assert drawn.route.order == "weighted" or drawn.endpoints == plain.endpoints
        assert all(drawn.permits(endpoint) for endpoint in drawn.endpoints)

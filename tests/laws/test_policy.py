"""Laws of deciding, for thousands of random catalogues, policies and requests."""

from __future__ import annotations

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.policy.decide import decide
from gateway.policy.decision import Decision
from gateway.policy.explain import explanation
from gateway.policy.view import View
from gateway.signals.table import SIGNALS
from gateway.signals.value import UNKNOWN
from tests.laws.policies import AT, FORGETTABLE, World, endpoint, forgotten, guard, policy_of, world

VIEW = View(at=AT)
seeds = st.integers(0, 2**32 - 1)
many = settings(max_examples=300, deadline=None)


def decisions(world: World) -> list[Decision]:
    """One for each request of the world."""
    policy = world.policy()
    return [decide(policy, signals, VIEW) for signals in world.requests]


@many
@given(seeds)
def test_adding_a_guard_never_adds_an_endpoint(seed):
    free, chance = world(seed), Random(seed)
    place = chance.randint(0, len(free.guards))
    added = [*free.guards[:place], guard(chance), *free.guards[place:]]

    guarded = World(free.rows, added, free.routes, free.requests)

    for one, other in zip(decisions(free), decisions(guarded), strict=True):
        assert other.permitted & ~one.permitted == 0


@many
@given(seeds)
def test_the_order_of_guards_never_matters(seed):
    straight = world(seed)
    shuffled = Random(seed).sample(straight.guards, len(straight.guards))

    other_way = World(straight.rows, shuffled, straight.routes, straight.requests)

    for one, other in zip(decisions(straight), decisions(other_way), strict=True):
        assert [e.id for e in one.endpoints] == [e.id for e in other.endpoints]
        assert one.permitted == other.permitted


@many
@given(seeds)
def test_a_signal_that_becomes_unknown_never_adds_an_endpoint(seed):
    made = world(seed)
    policy = made.policy()

    for signals in made.requests:
        known = decide(policy, signals, VIEW)
        for name in SIGNALS:
            unknown = decide(policy, {**signals, name: UNKNOWN}, VIEW)
            assert unknown.permitted & ~known.permitted == 0, name


@many
@given(seeds)
def test_a_signal_that_is_missing_is_unknown(seed):
    made = world(seed)
    policy, name = made.policy(), Random(seed).choice(sorted(SIGNALS))

    for signals in made.requests:
        without = {key: value for key, value in signals.items() if key != name}
        missing, unknown = decide(policy, without, VIEW), decide(policy, {**signals, name: UNKNOWN}, VIEW)
        assert (missing.endpoints, missing.permitted) == (unknown.endpoints, unknown.permitted)


@many
@given(seeds, st.sampled_from(FORGETTABLE))
def test_a_fact_that_becomes_unknown_never_adds_an_endpoint(seed, fact):
    known = world(seed)
    place = Random(seed).randrange(len(known.rows))
    changed = [*known.rows[:place], forgotten(known.rows[place], fact), *known.rows[place + 1 :]]

    unknown = World(changed, known.guards, known.routes, known.requests)

    for one, other in zip(decisions(known), decisions(unknown), strict=True):
        assert other.permitted & ~one.permitted == 0


@settings(max_examples=100, deadline=None)
@given(seeds)
def test_no_guard_spares_an_endpoint_for_what_is_not_known_of_it(seed):
    chance = Random(seed)
    known = endpoint(chance)
    rows = [known, *(forgotten(known, fact) for fact in FORGETTABLE)]
    guards = [guard(chance) for _ in range(20)]

    for each in policy_of(rows, guards, [{"try": [{"any": {}}]}]).guards:
        if each.removes & 1:
            assert each.removes == (1 << len(rows)) - 1


@many
@given(seeds, st.floats(0, 4e9), st.text(max_size=5))
def test_deciding_is_total_and_deterministic_and_stays_within_what_is_permitted(seed, at, conversation):
    made = world(seed)
    policy = made.policy()
    frozen = (("operator", "op-a"), ("lineage", "CN"), ("list", "ofac"))
    view = View(at=at, frozen=frozen, conversation=conversation)

    for signals in made.requests:
        one, other = decide(policy, signals, view), decide(policy, dict(signals), view)
        assert (one.endpoints, explanation.sentences(one)) == (other.endpoints, explanation.sentences(other))
        assert all(one.permits(endpoint) for endpoint in one.endpoints)
        assert len({endpoint.id for endpoint in one.endpoints}) == len(one.endpoints)
        assert not {endpoint.id for endpoint in one.endpoints} & (
            explanation.removed(one).keys() | explanation.unable(one).keys()
        )
        if not one.endpoints:
            assert explanation.denial(one).status in (400, 403, 503)


@many
@given(seeds)
def test_the_guard_to_blame_is_the_only_one_whose_lifting_helps(seed):
    made = world(seed)
    rows, guards, routes = made.rows, made.guards, made.routes
    policies = [policy_of(rows, guards[:place] + guards[place + 1 :], routes) for place in range(len(guards))]
    policy, unguarded = made.policy(), policy_of(rows, [], routes)

    for signals in made.requests:
        refused = decide(policy, signals, VIEW)
        helpful = [f"g{place}" for place, other in enumerate(policies) if decide(other, signals, VIEW).endpoints]
        freed = bool(decide(unguarded, signals, VIEW).endpoints)
        blamed = helpful[0] if len(helpful) == 1 else "several" if freed else None
        assert explanation.denied_by(refused) == (None if refused.endpoints else blamed)

"""Laws of diff and lint: what they say, random requests confirm; what they leave out does not happen."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from hypothesis import example, given, settings
from hypothesis import strategies as st

from gateway.identity import DATA_CLASSES
from gateway.policy.analysis.diff import compare
from gateway.policy.analysis.lint import rules_of, unreachable
from gateway.policy.analysis.request_space import space_of
from gateway.policy.authoring.cases import signals_of
from gateway.policy.authoring.signal_literals import given_from_words
from gateway.policy.compiled import Compiled
from gateway.policy.decide import applying, decide
from gateway.policy.view import View
from gateway.signals.table import SIGNALS
from gateway.signals.value import UNKNOWN, Signals
from tests.laws.policies import (
    AT,
    FORGETTABLE,
    KEYRING,
    TEAMS,
    World,
    compiled_of,
    forgotten,
    guard,
    route,
    signal,
    world,
)

seeds = st.integers(0, 2**32 - 1)
many = settings(max_examples=200, deadline=None)


def changed(old: World, chance: Random) -> World:
    """The same folder after an edit or two."""
    guards, routes, rows = list(old.guards), list(old.routes), list(old.rows)
    for _ in range(chance.randint(1, 2)):
        edit = chance.choice(("add", "drop", "fact", "route", "reorder"))
        if edit == "add":
            guards.insert(chance.randint(0, len(guards)), guard(chance))
        elif edit == "drop" and guards:
            del guards[chance.randrange(len(guards))]
        elif edit == "fact":
            place = chance.randrange(len(rows))
            rows[place] = forgotten(rows[place], chance.choice(FORGETTABLE))
        elif edit == "route":
            routes[-1] = route(chance, last=True)
        else:
            guards = chance.sample(guards, len(guards))
    return World(rows, guards, routes, old.requests)


def real_requests(chance: Random, folder: Compiled, count: int) -> list[Signals]:
    """Requests that a caller of the folder could send."""
    return [_real_request(chance, folder) for _ in range(count)]


def _real_request(chance: Random, folder: Compiled) -> Signals:
    caller = chance.choice(list(KEYRING.callers.values()))
    if chance.random() < 0.5:  # a key that was issued, or a token: of any team, for any app
        caller = replace(
            caller, team=chance.choice(list(TEAMS.values())), app=chance.choice(["bot", "crm", "x-9", None])
        )
    known = [name for name in SIGNALS if name not in ("team", "app", "residency", "data_class", "model_known")]
    values = {name: signal(chance, name) for name in known}
    for name in ("topic", "pii", "language"):
        if chance.random() < 0.2:
            values[name] = UNKNOWN
    values |= {"app": caller.app, "data_class": chance.choice(DATA_CLASSES)}
    values["model"] = chance.choice(["auto", *folder.policy.named])
    return signals_of(caller.team, values, folder.policy)


def spared(folder: Compiled, signals: Signals) -> set[str]:
    """Endpoints that no guard removes."""
    _, removed = applying(folder.policy, signals)
    return {endpoint.id for endpoint in folder.policy.endpoints if not removed >> endpoint.index & 1}


@many
@given(seeds)
def test_what_diff_calls_unchanged_is_unchanged(seed):
    chance, before = Random(seed), world(seed)
    old, new = compiled_of(before), compiled_of(changed(before, chance))
    found = compare(old, new)
    widened = {id for change in found.widened for id in change.endpoints}
    narrowed = {id for change in found.narrowed for id in change.endpoints}

    for signals in real_requests(chance, new, 40):
        assert spared(new, signals) - spared(old, signals) <= widened
        assert spared(old, signals) - spared(new, signals) <= narrowed


@many
@given(seeds)
def test_every_change_that_diff_tells_shows_in_its_witness(seed):
    before = world(seed)
    old, new = compiled_of(before), compiled_of(changed(before, Random(seed)))
    found = compare(old, new)

    for change in found.widened:
        signals = asked(new, change.witness)
        assert set(change.endpoints) <= spared(new, signals) - spared(old, signals)
    for change in found.narrowed:
        signals = asked(new, change.witness)
        assert set(change.endpoints) <= spared(old, signals) - spared(new, signals)


def asked(folder: Compiled, witness: dict[str, object]) -> Signals:
    """The request that `--given` makes of a witness."""
    words = [f"{name}={_word(value)}" for name, value in witness.items()]
    given = given_from_words(words, folder)
    return signals_of(TEAMS.get(given.team or ""), given.signals, folder.policy)


def _word(value: object) -> str:
    if isinstance(value, list):
        return ",".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


@many
@given(seeds)
def test_a_folder_does_not_differ_from_itself(seed):
    folder = compiled_of(world(seed))

    found = compare(folder, folder)

    assert (found.widened, found.narrowed, found.stranded) == ((), (), ())


@many
@given(seeds)
def test_a_moved_key_is_a_change_of_reach(seed):
    made = world(seed)
    old = compiled_of(made)
    moved = {key: replace(caller, team=TEAMS["sales"]) for key, caller in KEYRING.callers.items()}
    new = Compiled(made.policy(), replace(KEYRING, callers=moved), (), (), {})
    widened = {id for change in compare(old, new).widened for id in change.endpoints}

    was = signals_of(TEAMS["research"], {}, old.policy)
    now = signals_of(TEAMS["sales"], {}, new.policy)

    assert spared(new, now) - spared(old, was) <= widened


@many
@example(1252001451)  # two endpoints behind the same guards, one listed, one only reached by name
@given(seeds)
def test_an_endpoint_that_lint_calls_unreachable_is_never_chosen(seed):
    folder = compiled_of(world(seed))
    lost = {endpoint.id for endpoint in unreachable(rules_of(folder, space_of(folder)))}

    for signals in real_requests(Random(seed), folder, 40):
        chosen = decide(folder.policy, signals, View(at=AT)).endpoints
        assert not lost & {endpoint.id for endpoint in chosen}

"""Folds observations into tallies, each part at its own key; a Snapshot of them is what decisions read. Pure."""

from __future__ import annotations

from collections.abc import Callable
from math import log

import msgspec

from gateway.estimates.snapshot import NO_PRIOR, WORTH, Key, Snapshot
from gateway.estimates.tally import Tally
from gateway.estimates.trial import NOT_TRIED, Trial

DAY_S = 86_400
REMEMBERED_S = 60.0 * DAY_S  # twice the half-life of what is learned
MOST_AT_START = 100_000  # requests that are learned from at a start, the newest
LONGEST_S = 120.0  # of a wait that is learned from: one hung connection says little of the next


class Observation(msgspec.Struct, frozen=True):
    """How one attempt ended."""

    at: float  # seconds since the epoch
    key: str  # the API key whose request it was
    model: str
    endpoint: str
    effort: str
    topic: str
    language: str
    expected_tokens: float  # of this model at this effort, before anything was learned
    answered: bool | None  # None: it failed
    output_tokens: int | None  # None: not reported, or cut short
    first_byte_s: float | None
    total_s: float | None


class Feedback(msgspec.Struct, frozen=True):
    """What a caller says of a reply; it moves nobody's estimates but its team's."""

    at: float
    key: str
    team: str
    endpoint: str
    topic: str
    language: str
    answered: bool


class Pair(msgspec.Struct, frozen=True):
    """Two models' answers to the same request, the models in alphabetical order."""

    at: float
    key: str
    models: tuple[str, str]
    input_tokens: tuple[int, int]
    output_tokens: tuple[int, int]


class Arm(msgspec.Struct, frozen=True):
    """An answer of one arm of a comparison that chance assigned."""

    at: float
    key: str
    model: str
    canary: bool
    stratum: tuple[str, str]  # route and topic
    output_tokens: int


class Estimates:
    """A fold over observations, in the order of the ledger."""

    def __init__(self) -> None:
        self._tallies: dict[Key, Tally] = {}
        self._places: dict[tuple[str, str, str, str, str], _Here] = {}
        self._trials: dict[tuple[str, str], Trial] = {}
        self._count = 0

    def add(self, seen: Observation) -> None:
        """Takes in one attempt."""
        day, who = int(seen.at // DAY_S), seen.key
        here = self._here(seen)
        self._count += 1
        here["failed"].add(day, who, float(seen.answered is None))
        if seen.answered is not None:
            here["answered"].add(day, who, float(seen.answered))
            here["answered_at"].add(day, who, float(seen.answered))
        if seen.output_tokens is not None and seen.expected_tokens:
            ratio = seen.output_tokens / seen.expected_tokens
            for part in _TOKENS:
                here[part].add(day, who, ratio)
        if seen.first_byte_s is not None:
            _add_times(here, seen, day)

    def add_feedback(self, said: Feedback) -> None:
        """Takes in what a caller says."""
        self._count += 1
        key = ("answered_by", said.team, said.endpoint, said.topic, said.language)
        self._add(key, int(said.at // DAY_S), said.key, float(said.answered))

    def add_pair(self, seen: Pair) -> None:
        """Takes in a request that two models answered."""
        day, (one, other) = int(seen.at // DAY_S), seen.output_tokens
        self._add(("pair_first", *seen.models), day, seen.key, one)
        self._add(("pair_second", *seen.models), day, seen.key, other)
        self._add(("pair_difference", *seen.models), day, seen.key, one - other)
        self._add(("pair_log", *seen.models), day, seen.key, log(one / other))
        if all(seen.input_tokens):
            self._add(("tokenizer", *seen.models), day, seen.key, seen.input_tokens[0] / seen.input_tokens[1])

    def add_arm(self, seen: Arm) -> None:
        """Takes in an answer that chance assigned to its model."""
        day, kind = int(seen.at // DAY_S), "canary" if seen.canary else "control"
        self._add((kind, seen.model, *seen.stratum), day, seen.key, seen.output_tokens)
        self._add((f"{kind}_log", seen.model, *seen.stratum), day, seen.key, log(max(seen.output_tokens, 1)))

    def add_trial(self, route: str, canary: str, *, failed: bool, refused: bool) -> None:
        """Takes in how one attempt of a canary ended."""
        key = (route, canary)
        self._trials[key] = self._trials.get(key, NOT_TRIED).with_one(failed=failed, refused=refused)

    def snapshot(self) -> Snapshot:
        """What is known by now."""
        tallies = {key: tally.sums for key, tally in self._tallies.items()}
        canaries = tuple(key for key in tallies if key[0] == "canary")
        teams = frozenset(key[1] for key in tallies if key[0] == "answered_by")
        return Snapshot(self._count, tallies, canaries, teams, dict(self._trials))

    def _here(self, seen: Observation) -> _Here:
        place = seen.model, seen.endpoint, seen.effort, seen.topic, seen.language
        here = self._places.get(place)
        if here is None:
            here = self._places[place] = _Here(self._tally, place)
        return here

    def _add(self, key: Key, day: int, who: str, value: float) -> None:
        self._tally(key).add(day, who, value)

    def _tally(self, key: Key) -> Tally:
        tally = self._tallies.get(key)
        if tally is None:
            tally = self._tallies[key] = Tally(WORTH.get((key[0], len(key)), NO_PRIOR))
        return tally


_TOKENS = ("tokens", "tokens_of_model", "tokens_of_topic")


class _Here(dict[str, Tally]):
    """The tallies that observations of one place add to, by a short name; each begins when it is first asked for.

    To build the ten keys of an observation takes longer than to add up what it says.
    """

    def __init__(self, begin: Callable[[Key], Tally], place: tuple[str, str, str, str, str]):
        """`place`: model, endpoint, effort, topic and language."""
        model, endpoint, effort, topic, language = place
        self._begin = begin
        self._keys: dict[str, Key] = {
            "failed": ("failed", endpoint),
            "answered": ("answered", model, topic, language),
            "answered_at": ("answered_at", endpoint, topic, language),
            "tokens": ("tokens",),
            "tokens_of_model": ("tokens", model, effort),
            "tokens_of_topic": ("tokens", model, effort, topic),
            "first_byte_s": ("first_byte_s",),
            "first_byte_s_here": ("first_byte_s", endpoint),
            "token_s": ("token_s",),
            "token_s_here": ("token_s", endpoint),
        }

    def __missing__(self, name: str) -> Tally:
        tally = self[name] = self._begin(self._keys[name])
        return tally


def _add_times(here: _Here, seen: Observation, day: int) -> None:
    first = min(seen.first_byte_s or 0.0, LONGEST_S)
    here["first_byte_s"].add(day, seen.key, first)
    here["first_byte_s_here"].add(day, seen.key, first)
    if seen.output_tokens and seen.total_s is not None:
        pace = min(max(seen.total_s - first, 0.0), LONGEST_S) / seen.output_tokens
        here["token_s"].add(day, seen.key, pace)
        here["token_s_here"].add(day, seen.key, pace)

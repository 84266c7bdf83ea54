"""What is known by now of every model and endpoint, with intervals; immutable, and complete without any data. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from gateway.catalog.facts import Endpoint, Model
from gateway.estimates import priors
from gateway.estimates.estimate import NO_DATA, Estimate, Sums, shrunk_mean, shrunk_rate
from gateway.estimates.trial import Trial

Key = tuple[str, ...]
# How many observations outweigh what was believed before, by estimate and by how narrow it is.
WORTH: Mapping[tuple[str, int], float] = {
    ("tokens", 1): 1.0,  # benchmark counts say nothing of absolute numbers
    ("tokens", 3): 4.0,
    ("tokens", 4): 8.0,
    ("answered", 4): 20.0,
    ("answered_at", 4): 10.0,
    ("answered_by", 5): 10.0,
    ("failed", 2): 50.0,
    ("first_byte_s", 1): 2.0,
    ("first_byte_s", 2): 4.0,
    ("token_s", 1): 2.0,
    ("token_s", 2): 4.0,
}
NO_PRIOR = 10.0  # of sums that are compared with each other; it only bounds what one key adds in a day
VARIATION = 1.0  # of tokens and times, as a part of their mean


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """Estimates as of some moment."""

    version: int = 0  # observations so far; 0: priors alone
    tallies: Mapping[Key, Sums] = field(default_factory=dict)
    canaries: tuple[Key, ...] = ()  # of the tallies: the arms that a canary ran in
    teams: frozenset[str] = frozenset()  # that gave feedback
    trials: Mapping[tuple[str, str], Trial] | None = None  # by route and canary; None: the ledger is not read yet

    def token_ratio(self, model: str, effort: str, topic: str) -> Estimate:
        """Output tokens as a multiple of what the catalogue lets one expect."""
        found = Estimate(1.0, 1.0, 0.0)
        for data, worth in self._levels(_token_keys(model, effort, topic)):
            found = shrunk_mean(data, found, worth=worth, variation=VARIATION)
        return found

    def output_tokens(self, model: Model, effort: str, topic: str) -> Estimate:
        """Of one answer, reasoning included."""
        expected = priors.expected_tokens(model, effort)
        ratio = self.token_ratio(model.id, effort, topic)
        return Estimate(ratio.mean * expected, ratio.error * expected, ratio.weight)

    def output_tokens_mean(self, model: Model, effort: str, topic: str) -> float:
        """The mean of `output_tokens`, without what its interval takes."""
        return self._drawn(_token_keys(model.id, effort, topic), 1.0) * priors.expected_tokens(model, effort)

    def answered(self, endpoint: Endpoint, topic: str, language: str, *, team: str = "") -> Estimate:
        """Share of its replies that answer, as `team` sees it; what failed on the way is no reply."""
        found = Estimate(priors.answered_rate(endpoint.model, topic, language), 0.0, 0.0, is_rate=True)
        for data, worth in self._levels(_answer_keys(endpoint, topic, language)):
            found = shrunk_rate(data, found, worth=worth)
        said = self._said(team, endpoint, topic, language)
        return shrunk_rate(said, found, worth=WORTH["answered_by", 5]) if said.weight else found

    def answered_mean(self, endpoint: Endpoint, topic: str, language: str, *, team: str = "") -> float:
        """The mean of `answered`, without what its interval takes."""
        believed = priors.answered_rate(endpoint.model, topic, language)
        believed = self._drawn(_answer_keys(endpoint, topic, language), believed)
        said, worth = self._said(team, endpoint, topic, language), WORTH["answered_by", 5]
        return (worth * believed + said.total) / (worth + said.weight)

    def _said(self, team: str, endpoint: Endpoint, topic: str, language: str) -> Sums:
        """What this team's callers said of it."""
        if team not in self.teams:
            return NO_DATA
        return self.tallies.get(("answered_by", team, endpoint.id, topic, language), NO_DATA)

    def failed(self, endpoint: Endpoint) -> Estimate:
        """Share of its attempts that fail."""
        believed = Estimate(priors.FAILED, 0.0, 0.0, is_rate=True)
        return shrunk_rate(self.tallies.get(("failed", endpoint.id), NO_DATA), believed, worth=WORTH["failed", 2])

    def first_byte_s(self, endpoint: Endpoint) -> Estimate:
        """Seconds from sending to the first byte."""
        return self._time("first_byte_s", endpoint, priors.FIRST_BYTE_S)

    def token_s(self, endpoint: Endpoint) -> Estimate:
        """Seconds per output token after the first byte."""
        return self._time("token_s", endpoint, priors.SECONDS_PER_TOKEN)

    def _time(self, name: str, endpoint: Endpoint, believed: float) -> Estimate:
        found = Estimate(believed, 0.0, 0.0)
        for data, worth in self._levels(((name,), (name, endpoint.id))):
            found = shrunk_mean(data, found, worth=worth, variation=VARIATION)
        return found

    def _levels(self, keys: Sequence[Key]) -> Iterator[tuple[Sums, float]]:
        """From the widest to the narrowest; what the next one holds counts there alone."""
        held = [self.tallies.get(key, NO_DATA) for key in keys]
        for place, (key, data) in enumerate(zip(keys, held, strict=True)):
            narrower = held[place + 1] if place + 1 < len(held) else NO_DATA
            yield data.without(narrower) if narrower.weight else data, WORTH[key[0], len(key)]

    def _drawn(self, keys: Sequence[Key], believed: float) -> float:
        """The mean alone: what decisions read, of hundreds of endpoints at once."""
        tallies = self.tallies
        if keys[0] not in tallies:
            return believed  # nothing narrower can be there
        for data, worth in self._levels(keys):
            believed = (worth * believed + data.total) / (worth + data.weight)
        return believed


def _token_keys(model: str, effort: str, topic: str) -> tuple[Key, ...]:
    return ("tokens",), ("tokens", model, effort), ("tokens", model, effort, topic)


def _answer_keys(endpoint: Endpoint, topic: str, language: str) -> tuple[Key, ...]:
    return ("answered", endpoint.model.id, topic, language), ("answered_at", endpoint.id, topic, language)


PRIORS = Snapshot()

"""What is known by now of every model and endpoint, with intervals; immutable, and complete without any data. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.catalog.facts import Endpoint, Model
from gateway.estimates import priors
from gateway.estimates.estimate import NO_DATA, Estimate, Sums, positive, rate, shrunk_mean, shrunk_rate

Key = tuple[str, ...]
# How many observations outweigh what was believed before, by estimate and by how narrow it is.
WORTH: Mapping[tuple[str, int], float] = {
    ("tokens", 1): 1.0,  # benchmark counts say nothing of absolute numbers
    ("tokens", 3): 4.0,
    ("tokens", 4): 8.0,
    ("answered", 4): 20.0,
    ("answered_at", 4): 10.0,
    ("failed", 2): 50.0,
    ("first_byte_s", 1): 2.0,
    ("first_byte_s", 2): 4.0,
    ("token_s", 1): 2.0,
    ("token_s", 2): 4.0,
}
NO_PRIOR = 10.0  # of sums that are compared with each other; it only bounds what one key adds in a day
_VARIATION = 1.0  # of tokens and times, as a part of their mean


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """Estimates as of some moment."""

    version: int = 0  # observations so far; 0: priors alone
    tallies: Mapping[Key, Sums] = field(default_factory=dict)

    def token_ratio(self, model: str, effort: str, topic: str) -> Estimate:
        """Output tokens as a multiple of what the catalogue lets one expect."""
        scale = self._mean(("tokens",), positive(1.0, 1.0, 0.0))
        wide = self._mean(("tokens", model, effort), Estimate(scale.mean, 0.0, 0.0, scale.low, scale.high))
        return self._mean(("tokens", model, effort, topic), wide)

    def output_tokens(self, model: Model, effort: str, topic: str) -> Estimate:
        """Of one answer, reasoning included."""
        expected = priors.expected_tokens(model, effort)
        ratio = self.token_ratio(model.id, effort, topic)
        return positive(ratio.mean * expected, ratio.error * expected, ratio.weight)

    def answered(self, endpoint: Endpoint, topic: str, language: str) -> Estimate:
        """Share of its replies that answer; what failed on the way is no reply."""
        model = endpoint.model
        believed = rate(priors.answered_rate(model, topic, language), 0.0, 0.0)
        weights = self._rate(("answered", model.id, topic, language), believed)
        return self._rate(("answered_at", endpoint.id, topic, language), weights)

    def output_tokens_mean(self, model: Model, effort: str, topic: str) -> float:
        """The mean of `output_tokens`, without what its interval takes."""
        ratio = 1.0
        for key in (("tokens",), ("tokens", model.id, effort), ("tokens", model.id, effort, topic)):
            ratio = self._drawn(key, ratio)
        return ratio * priors.expected_tokens(model, effort)

    def answered_mean(self, endpoint: Endpoint, topic: str, language: str) -> float:
        """The mean of `answered`, without what its interval takes."""
        believed = priors.answered_rate(endpoint.model, topic, language)
        weights = self._drawn(("answered", endpoint.model.id, topic, language), believed)
        return self._drawn(("answered_at", endpoint.id, topic, language), weights)

    def failed(self, endpoint: Endpoint) -> Estimate:
        """Share of its attempts that fail."""
        return self._rate(("failed", endpoint.id), rate(priors.FAILED, 0.0, 0.0))

    def first_byte_s(self, endpoint: Endpoint) -> Estimate:
        """Seconds from sending to the first byte."""
        usual = self._mean(("first_byte_s",), positive(priors.FIRST_BYTE_S, 0.0, 0.0))
        return self._mean(("first_byte_s", endpoint.id), usual)

    def token_s(self, endpoint: Endpoint) -> Estimate:
        """Seconds per output token after the first byte."""
        usual = self._mean(("token_s",), positive(priors.SECONDS_PER_TOKEN, 0.0, 0.0))
        return self._mean(("token_s", endpoint.id), usual)

    def _drawn(self, key: Key, before: float) -> float:
        data = self.tallies.get(key)
        if data is None:
            return before
        worth = WORTH[key[0], len(key)]
        return (worth * before + data.total) / (worth + data.weight)

    def _mean(self, key: Key, before: Estimate) -> Estimate:
        data = self.tallies.get(key, NO_DATA)
        return shrunk_mean(data, before, worth=WORTH[key[0], len(key)], variation=_VARIATION)

    def _rate(self, key: Key, before: Estimate) -> Estimate:
        return shrunk_rate(self.tallies.get(key, NO_DATA), before, worth=WORTH[key[0], len(key)])


PRIORS = Snapshot()

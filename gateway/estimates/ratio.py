"""How many tokens one model needs for what another said: from pairs, from arms, else from the catalogue. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import exp, expm1, log

from gateway.catalog.facts import Model
from gateway.estimates.estimate import NO_DATA, Sums, Z
from gateway.estimates.snapshot import Snapshot

BENCHMARKED = 0.5  # standard error of the logarithm of a ratio of two benchmark counts, of other work than ours
GUESSED = 0.9  # where a model has no benchmark count
TOKENIZERS = 0.1  # of the same text's lengths in two labs' tokens
LEAST = 2.0  # observations of an arm
VARIATION = 0.7  # of the logarithm of a single ratio, before there are many
WORTH = 10.0  # observations that outweigh what is believed of variation; that of an arm's lengths is their mean


@dataclass(frozen=True, slots=True)
class Ratio:
    """A ratio by its logarithm."""

    log: float
    error: float  # standard error of the logarithm
    weight: float = 0.0  # observations behind it

    @property
    def mean(self) -> float:
        return exp(self.log)

    @property
    def interval(self) -> tuple[float, float]:
        return exp(self.log - Z * self.error), exp(self.log + Z * self.error)


SAME = Ratio(0.0, 0.0)


def output_ratio(snapshot: Snapshot, model: Model, of: Model) -> Ratio:
    """Output tokens of `model` for every output token of `of`."""
    if model is of or model.id == of.id:
        return SAME
    known = [_catalogued(model, of), *_paired(snapshot, model.id, of.id), *_arms(snapshot, model.id, of.id)]
    return _combined(known)


def tokenizer_ratio(snapshot: Snapshot, model: Model, of: Model) -> Ratio:
    """Input tokens of `model` for every input token of `of`, of the same text."""
    if model.lab is of.lab:
        return SAME
    first, second = sorted((model.id, of.id))
    data = snapshot.tallies.get(("tokenizer", first, second))
    guess = Ratio(0.0, TOKENIZERS)
    if data is None or data.weight < LEAST:
        return guess
    sign = 1 if model.id == first else -1
    spread = (data.spread / data.weight) ** 0.5 / data.mean
    return _combined([guess, Ratio(sign * log(data.mean), max(spread, 0.01) / data.weight**0.5, data.weight)])


def _catalogued(model: Model, of: Model) -> Ratio:
    both = bool(model.benchmark_tokens) and bool(of.benchmark_tokens)
    return Ratio(log(max(model.output_tokens, 1) / max(of.output_tokens, 1)), BENCHMARKED if both else GUESSED)


def _paired(snapshot: Snapshot, model: str, of: str) -> list[Ratio]:
    first, second = sorted((model, of))
    names = ("pair_first", "pair_second", "pair_difference", "pair_log")
    one, other, difference, single = [snapshot.tallies.get((name, first, second), NO_DATA) for name in names]
    n = one.weight
    if n < LEAST or not one.total * other.total:
        return []
    one_square, other_square = one.squares / one.total**2, other.squares / other.total**2
    together = (one.squares + other.squares - difference.squares) / 2  # the sum of the products
    variance = one_square + other_square - 2 * together / (one.total * other.total)
    # Few long answers make most of the sums, so what the sums show of their own variance jumps; single ratios do not.
    steady = expm1((single.spread + WORTH * VARIATION**2) / (n + WORTH)) * (one_square + other_square) / 2
    sign = 1 if model == first else -1
    return [Ratio(sign * log(one.total / other.total), max(variance, steady) ** 0.5, n)]


def _arms(snapshot: Snapshot, model: str, of: str) -> list[Ratio]:
    """Within each stratum, whichever of the two is the canary; single lengths vary alike in all."""
    strata = list(_strata(snapshot, model, of))
    arms = [arm for stratum in strata for arm in (stratum.one, stratum.other)]
    variance = _single_variance(arms)
    found = []
    for stratum in strata:
        one, other = stratum.one.lengths, stratum.other.lengths
        error = (variance / one.weight + variance / other.weight) ** 0.5
        weight = min(one.weight, other.weight)
        found.append(Ratio(log(one.mean / other.mean), max(error, 0.01), weight))
    return found


@dataclass(frozen=True, slots=True)
class _Arm:
    """Lengths of one model's answers in one stratum."""

    lengths: Sums
    logs: Sums


@dataclass(frozen=True, slots=True)
class _Stratum:
    one: _Arm
    other: _Arm


def _strata(snapshot: Snapshot, model: str, of: str) -> Iterator[_Stratum]:
    for _, canary, *stratum in snapshot.canaries:
        if canary in (model, of):
            kinds = ("canary", "control") if canary == model else ("control", "canary")
            arms = [
                _Arm(*(snapshot.tallies.get((name, each, *stratum), NO_DATA) for name in (kind, f"{kind}_log")))
                for kind, each in zip(kinds, (model, of), strict=True)
            ]
            if all(arm.lengths.weight >= LEAST and arm.lengths.total for arm in arms):
                yield _Stratum(*arms)


def _single_variance(arms: Sequence[_Arm]) -> float:
    """Of one length, as a part of its mean squared; pooled, for few long answers make most of any one arm's spread."""
    n = sum(arm.lengths.weight for arm in arms)
    seen = sum(arm.lengths.spread / arm.lengths.mean**2 for arm in arms)
    logs = sum(arm.logs.spread for arm in arms)
    return max((seen + WORTH) / (n + WORTH), expm1((logs + WORTH * VARIATION**2) / (n + WORTH)))


def _combined(known: list[Ratio]) -> Ratio:
    """Weighted by how sure each is."""
    precision = sum(each.error**-2 for each in known)
    centre = sum(each.log * each.error**-2 for each in known) / precision
    return Ratio(centre, precision**-0.5, sum(each.weight for each in known))

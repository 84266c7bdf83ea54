"""How many tokens one model needs for what another said: from pairs, from arms, else from the catalogue. Pure."""

from __future__ import annotations

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
    """Within each stratum, whichever of the two is the canary."""
    found = []
    for key in snapshot.canaries:
        data = snapshot.tallies[key]
        if key[1] in (model, of):
            rival = of if key[1] == model else model
            control = snapshot.tallies.get(("control", rival, *key[2:]))
            if control is not None and min(control.weight, data.weight) >= LEAST and control.total and data.total:
                sign = 1 if key[1] == model else -1
                error = (_relative_variance(data) + _relative_variance(control)) ** 0.5
                weight = min(data.weight, control.weight)
                found.append(Ratio(sign * log(data.mean / control.mean), max(error, 0.01), weight))
    return found


def _relative_variance(data: Sums) -> float:
    """Of the mean, as a part of it."""
    single: float = (data.spread / data.mean**2 + WORTH) / (data.weight + WORTH)
    return single / data.weight


def _combined(known: list[Ratio]) -> Ratio:
    """Weighted by how sure each is."""
    precision = sum(each.error**-2 for each in known)
    centre = sum(each.log * each.error**-2 for each in known) / precision
    return Ratio(centre, precision**-0.5, sum(each.weight for each in known))

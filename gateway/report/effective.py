"""The interval of effective savings: everything that is not known exactly, drawn again and again. Pure: seeded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from gateway.estimates import Estimate
from gateway.outcome.savings import VARIATION, Credit, Effective, Usual

DRAWS = 4000
SEED = 20261120
Drawn = NDArray[np.float64]
Key = tuple[str, str, str, str, bool]  # baseline, its rival's model, topic, language, answered


@dataclass(slots=True)
class Group:
    """Requests that the baseline would have answered alike."""

    usual: Usual
    answered: bool
    list_usd: Decimal = Decimal(0)
    input_usd: float = 0.0
    output_usd: float = 0.0
    output_squares: float = 0.0

    def add(self, credit: Credit) -> None:
        self.list_usd += credit.list_usd
        self.input_usd += credit.input_usd
        self.output_usd += credit.output_usd
        self.output_squares += credit.output_usd**2

    @property
    def effective_usd(self) -> float:
        credit = Credit(self.list_usd, self.input_usd, self.output_usd)
        return self.usual.effective_usd(credit, answered=self.answered)


@dataclass(slots=True)
class Groups:
    """By (baseline, its rival's model, topic, language, answered)."""

    kept: dict[Key, Group] = field(default_factory=dict)

    def add(self, key: Key, usual: Usual, credit: Credit) -> None:
        group = self.kept.get(key)
        if group is None:
            group = self.kept[key] = Group(usual, answered=key[-1])
        group.add(credit)

    def renew(self, usual: Callable[[Key], Usual]) -> None:
        """More is known of how a baseline would have answered."""
        for key, group in self.kept.items():
            group.usual = usual(key)

    @property
    def credit_usd(self) -> float:
        return sum(group.effective_usd for group in self.kept.values())

    def drawn(self) -> Drawn:
        """The credit. What two groups have in common is drawn once for both."""
        chance = np.random.default_rng(SEED)
        common: dict[tuple[str, ...], Drawn] = {}
        total = np.zeros(DRAWS)
        for (baseline, model, topic, language, answered), group in self.kept.items():
            usual = group.usual
            read = _once(common, ("read", baseline, model), lambda u=usual: _lognormal(chance, u.tokenizer))
            said = _once(common, ("said", baseline, model), lambda u=usual: _lognormal(chance, u.tokens))
            spent = group.input_usd * read + group.output_usd * said
            spent += chance.normal(size=DRAWS) * VARIATION * np.sqrt(group.output_squares) * said
            if answered:
                spent /= _once(common, ("answers", baseline, topic, language), lambda u=usual: _beta(chance, u.answers))
            total += spent
        return total


@dataclass(slots=True)
class Recorded:
    """What rows recorded when they were priced. Errors that go the same way in several rows add up, others do not."""

    usd: float = 0.0
    tokens: dict[tuple[str, ...], float] = field(default_factory=dict)  # error, by baseline and its rival's model
    answers: dict[tuple[str, ...], float] = field(default_factory=dict)  # the same by baseline, topic and language
    own: float = 0.0  # squares of what rows have for themselves

    def add(self, key: Key, effective: Effective) -> None:
        baseline, model, topic, language, _ = key
        self.usd += effective.usd
        self.tokens[baseline, model] = self.tokens.get((baseline, model), 0.0) + effective.tokens_error
        place = baseline, topic, language
        self.answers[place] = self.answers.get(place, 0.0) + effective.answers_error
        self.own += effective.own_error**2

    def drawn(self) -> Drawn:
        """The sum, which is positive: even in logarithms."""
        if not self.usd:
            return np.zeros(DRAWS)
        error = sqrt(sum(each**2 for each in (*self.tokens.values(), *self.answers.values())) + self.own)
        return self.usd * np.exp(np.random.default_rng(SEED + 1).normal(size=DRAWS) * error / self.usd)


def interval(*sums: Groups | Recorded) -> tuple[float, float]:
    """Of their credit together, 95 %."""
    low, high = np.quantile(sum([each.drawn() for each in sums], np.zeros(DRAWS)), (0.025, 0.975))
    return float(low), float(high)


def _once(kept: dict[tuple[str, ...], Drawn], key: tuple[str, ...], draw: object) -> Drawn:
    if key not in kept:
        kept[key] = draw()  # type: ignore[operator]
    return kept[key]


def _lognormal(chance: np.random.Generator, ratio: object) -> Drawn:
    return np.exp(chance.normal(ratio.log, ratio.error, DRAWS))  # type: ignore[attr-defined]


def _beta(chance: np.random.Generator, rate: Estimate) -> Drawn:
    worth = max(rate.mean * (1 - rate.mean) / rate.error**2, 2.0)
    return np.maximum(chance.beta(max(rate.mean * worth, 1e-3), max((1 - rate.mean) * worth, 1e-3), DRAWS), 0.01)

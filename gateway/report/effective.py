"""The interval of effective savings: everything that is not known exactly, drawn again and again. Pure: seeded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from gateway.estimates import Estimate
from gateway.outcome.savings import Credit, Usual

DRAWS = 4000
SEED = 20261120
VARIATION = 0.7  # of a baseline's answer's length about what the other's length lets one expect
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

    def interval(self) -> tuple[float, float]:
        """Of the credit, 95 %. What two groups have in common is drawn once for both."""
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
        low, high = np.quantile(total, (0.025, 0.975))
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

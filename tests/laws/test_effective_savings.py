"""Effective savings against a known truth: what the baseline would have cost had it been asked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from gateway.catalog.prices import Usage
from gateway.outcome.observe import learned
from gateway.outcome.row import Row, Tried
from gateway.report.savings import savings
from tests.unit.policy.small import SETS, compiled

POLICY = compiled(policy=SETS + b"version: 1\nbaseline: gpt@openai\nroutes: [{name: rest, try: [{any: {}}]}]\n").policy
REQUESTS = 600
SIGNALS = {"topic": [], "language": "en", "kind": "chat", "tokens": 1, "model": "auto"}


def usd(prices: tuple[float, float], read: float, said: float) -> float:
    return (prices[0] * read + prices[1] * said) / 1e6


def ledger(seed: int, *, ratio: float, answers: float, shadows: float) -> tuple[list[Row], float]:
    """Requests that qwen answered, some of them shadowed by the baseline; and what is truly saved."""
    chance = np.random.default_rng(seed)
    rows, saved = [], 0.0
    for number in range(REQUESTS):
        read, said = int(chance.integers(50, 3000)), int(chance.lognormal(5.5, 0.8)) + 1
        longer = max(1, round(said * ratio * chance.lognormal(-0.125, 0.5)))
        paid = usd((0.2, 0.6), read, said)
        saved += usd((2, 8), read, longer) * chance.geometric(answers) - paid
        attempts = [tried("qwen@self", "serve", read, said, paid)]
        if chance.random() < shadows:
            outcome = "answered" if chance.random() < answers else "declined"
            attempts.append(tried("gpt@openai", "shadow", read, longer, usd((2, 8), read, longer), outcome))
        at = datetime(2026, 11, 20, tzinfo=UTC) + timedelta(seconds=number)
        signals = SIGNALS | {"tokens": read}
        rows.append(
            Row(str(number), at, "answered", key_id=f"k{number % 40}", signals=signals, attempts=tuple(attempts))
        )
    return rows, saved


def tried(endpoint: str, purpose: str, read: int, said: int, paid: float, outcome: str = "answered") -> Tried:
    return Tried(endpoint, outcome, purpose, Decimal(f"{paid:.9f}"), Usage(read, 0, 0, said), 0.4, 0.9)


def interval(rows: list[Row]) -> tuple[float, float]:
    report: Any = savings(rows, POLICY, learned(rows, POLICY).snapshot())
    low, high = map(float, report["effective_interval_usd"])
    return low, high


@pytest.mark.parametrize("shadows", [0.0, 0.05, 0.3])
def test_the_truth_lies_in_the_interval_about_as_often_as_it_says(shadows):
    held = 0
    for seed in range(30):
        rows, saved = ledger(seed, ratio=[0.5, 1.0, 1.8][seed % 3], answers=0.93, shadows=shadows)
        low, high = interval(rows)
        held += low <= saved <= high

    assert held >= 27


def test_pairs_make_the_interval_narrow():
    alone, _ = ledger(1, ratio=1.8, answers=0.93, shadows=0.0)
    beside, _ = ledger(1, ratio=1.8, answers=0.93, shadows=0.3)
    widths = [high - low for low, high in (interval(alone), interval(beside))]

    assert widths[1] < widths[0] / 4

"""Ratios of tokens against a known truth: shadows' own rows and canary arms find it, and say how sure they are."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from gateway.catalog.prices import Usage
from gateway.estimates import Estimates
from gateway.estimates.fold import Arm, Pair
from gateway.estimates.ratio import Ratio, output_ratio, tokenizer_ratio
from gateway.outcome.observe import learned
from gateway.outcome.row import Row, Tried
from tests.unit.policy.small import AT, SETS, compiled

POLICY = compiled(policy=SETS + b"version: 1\nroutes: [{name: rest, try: [{any: {}}]}]\n").policy
MODELS = POLICY.catalog.models
TRIAL = "gpt@openai 20%"
LONGER = {"code": 4.0, "medical": 1.0}  # answers of one topic are longer than those of another
Ledger = Callable[[np.random.Generator, int, float], list[Row]]


def row(number: int, topic: str, attempt: Tried, *, view: dict[str, Any] | None = None, **signals: Any) -> Row:
    at = datetime(2026, 11, 20, tzinfo=UTC) + timedelta(seconds=number)
    return Row(
        str(number), at, attempt.outcome, key_id=f"k{number % 40}", route="rest",
        signals={"topic": [topic], "language": "en", **signals}, attempts=(attempt,), view=view or {},
    )  # fmt: skip


def tried(endpoint: str, purpose: str, read: int, said: float, outcome: str = "answered") -> Tried:
    return Tried(endpoint, outcome, purpose, Decimal("0.001"), Usage(read, 0, 0, max(1, round(said))), 0.4, 0.9)


def shadows(chance: np.random.Generator, count: int, ratio: float) -> list[Row]:
    """qwen served; a copy of each request went to gpt, whose tokenizer makes 1.2 times as many of the same text."""
    rows = []
    for number in range(count):
        topic = str(chance.choice(list(LONGER)))
        read, said = int(chance.integers(50, 3000)), LONGER[topic] * chance.lognormal(5.0, 0.8) + 1
        length = said * ratio * chance.lognormal(-0.125, 0.5)
        outcome = "answered" if chance.random() < 0.9 else "declined"
        beside: dict[str, Any] = {
            "shadow_of": f"req_{number}", "shadow_of_endpoint": "qwen@self", "shadow_of_outcome": "answered",
            "shadow_of_input_tokens": read, "shadow_of_output_tokens": round(said),
        }  # fmt: skip
        rows.append(row(number, topic, tried("gpt@openai", "shadow", round(read * 1.2), length, outcome), **beside))
    return rows


def arms(chance: np.random.Generator, count: int, ratio: float) -> list[Row]:
    """A fifth of the eligible requests went to gpt; what was not eligible is four times as long, and not compared."""
    rows = []
    for number in range(count):
        topic = str(chance.choice(list(LONGER)))
        said = LONGER[topic] * chance.lognormal(5.0, 0.8)
        if chance.random() < 0.3:
            rows.append(row(number, topic, tried("qwen@self", "serve", 500, 4 * said)))
            continue
        drawn = bool(chance.random() < 0.2)
        attempt = tried("gpt@openai", "canary", 500, said * ratio) if drawn else tried("qwen@self", "serve", 500, said)
        rows.append(row(number, topic, attempt, view={"canary": {"trial": TRIAL, "drawn": drawn}}))
    return rows


def found(ledger: Ledger, seed: int, count: int, ratio: float) -> Ratio:
    rows = ledger(np.random.default_rng(seed), count, ratio)
    return output_ratio(learned(rows, POLICY).snapshot(), MODELS["gpt"], MODELS["qwen"])


@pytest.mark.parametrize(("ledger", "count"), [(shadows, 150), (arms, 600)], ids=["shadows", "arms"])
def test_intervals_hold_the_truth_as_often_by_the_ledger(ledger, count):
    runs, held = 60, 0
    for seed in range(runs):
        truth = [0.5, 1.0, 1.8][seed % 3]
        low, high = found(ledger, seed, count, truth).interval
        held += low <= truth <= high

    assert 0.9 <= held / runs <= 1.0


def paired(chance: np.random.Generator, count: int, ratio: float) -> Estimates:
    """What `shadows` teaches, without the way through the ledger."""
    estimates = Estimates()
    means = chance.choice(list(LONGER.values()), count)
    said = means * chance.lognormal(5.0, 0.8, count)
    longer = said * ratio * chance.lognormal(-0.125, 0.5, count)
    for number, (one, other) in enumerate(zip(longer, said, strict=True)):
        lengths = max(1, round(one)), max(1, round(other))
        estimates.add_pair(Pair(AT, f"k{number % 40}", ("gpt", "qwen"), (100, 100), lengths))
    return estimates


def apart(chance: np.random.Generator, count: int, ratio: float) -> Estimates:
    """What `arms` teaches, without the way through the ledger."""
    estimates = Estimates()
    topics, drawn = chance.choice(list(LONGER), count), chance.random(count) < 0.2
    said = chance.lognormal(5.0, 0.8, count)
    for number in range(count):
        model, longer = ("gpt", ratio) if drawn[number] else ("qwen", 1.0)
        length = round(LONGER[topics[number]] * said[number] * longer)
        stratum = ("rest", str(topics[number]))
        estimates.add_arm(Arm(AT, f"k{number % 40}", model, bool(drawn[number]), stratum, length))
    return estimates


@pytest.mark.parametrize("count", [150, 600])
@pytest.mark.parametrize("lengths", [paired, apart], ids=["pairs", "arms"])
def test_ninety_five_per_cent_intervals_hold_the_truth_that_often(lengths, count):
    held = []
    for seed in range(400):
        truth = [0.5, 1.0, 1.8][seed % 3]
        estimates = lengths(np.random.default_rng(seed), count, truth)
        low, high = output_ratio(estimates.snapshot(), MODELS["gpt"], MODELS["qwen"]).interval
        held.append(low <= truth <= high)

    assert 0.93 <= np.mean(held) <= 0.97


@pytest.mark.parametrize("ledger", [shadows, arms], ids=["shadows", "arms"])
def test_more_of_them_come_nearer_and_say_so(ledger):
    few, many = found(ledger, 1, 100, 1.8), found(ledger, 1, 3000, 1.8)

    assert many.mean == pytest.approx(1.8, rel=0.1)
    assert many.error < few.error / 2
    assert many.interval[1] / many.interval[0] < 1.3


def test_tokenizers_are_learned_from_shadows():
    rows = shadows(np.random.default_rng(2), 200, 1.0)
    learned_ratio = tokenizer_ratio(learned(rows, POLICY).snapshot(), MODELS["gpt"], MODELS["qwen"])

    assert learned_ratio.mean == pytest.approx(1.2, rel=0.02) and learned_ratio.error < 0.01


def test_the_other_way_round_it_is_the_inverse():
    rows = shadows(np.random.default_rng(3), 400, 1.8)
    snapshot = learned(rows, POLICY).snapshot()
    one = output_ratio(snapshot, MODELS["gpt"], MODELS["qwen"])
    other = output_ratio(snapshot, MODELS["qwen"], MODELS["gpt"])

    assert one.mean * other.mean == pytest.approx(1.0)

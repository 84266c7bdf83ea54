"""What a request's trail becomes."""

from __future__ import annotations

from decimal import Decimal

from gateway.catalog.prices import Usage
from gateway.outcome.make_outcome import settle
from gateway.outcome.outcome import Outcome
from gateway.outcome.request_state import RequestState
from tests.unit.record.build import QWEN, attempt, caller, decision, request

NOON = 1_795_176_000.0  # after all prices of the catalogue began


def settled(data_class: str = "internal") -> Outcome:
    usage = Usage(input_tokens=1_000_000, output_tokens=500_000)
    trail = RequestState(
        request(),
        caller(),
        decision(data_class=data_class),
        attempts=[attempt(QWEN, usage=usage, cost_usd=Decimal("0.5"))],
    )
    return settle(trail, None, ended=1.0, ended_at=NOON)


def test_the_policys_baseline_prices_the_tokens_of_the_answer():
    outcome = settled()

    assert (outcome.baseline_list_usd, outcome.baseline_permitted) == (Decimal(6), True)


def test_a_baseline_that_a_guard_removed_is_not_permitted():
    outcome = settled("regulated")

    assert (outcome.baseline_list_usd, outcome.baseline_permitted) == (Decimal(6), False)


def test_what_is_measured_after_the_decision_is_recorded_and_changes_no_decision():
    decided = decision()
    before = dict(decided.signals)
    trail = RequestState(request(), caller(), decided, attempts=[attempt(QWEN)])
    trail.late_signals = {"topic": frozenset({"prc_political"}), "language": "zh"}
    outcome = settle(trail, None, ended=1.0, ended_at=1_763_800_001.0)

    assert decided.signals == before
    assert outcome.decision is not None and outcome.decision.signals == before | trail.late_signals

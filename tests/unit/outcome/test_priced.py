"""What an Outcome is worth beside its cost."""

from __future__ import annotations

from decimal import Decimal
from math import log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.estimates.estimate import Estimate
from gateway.estimates.ratio import Ratio
from gateway.outcome.outcome import Outcome
from gateway.outcome.priced import Priced, Pricing, Settled, has_price
from gateway.outcome.savings import NOTHING, Credit, Usual
from gateway.policy.decide import decide
from gateway.policy.explain.rule_cost import RulePrices
from gateway.policy.view import View
from gateway.record.counting import Count
from tests.unit.record.build import FILES, GPT, QWEN, attempt, decision, entries, outcome, policy

AT = 1_795_000_000.0  # after the prices begin
WITHOUT_BASELINE = policy(FILES | {"policy.yaml": FILES["policy.yaml"].replace("baseline: gpt-6@openai", "")})


def priced(settled: Outcome) -> Priced | None:
    served = settled.served_by
    if settled.decision is None:
        return None
    last = (served.endpoint, served.usage) if served else None
    return Pricing().priced(settled.decision, Settled(settled.result, last, settled.ended_at))


def test_the_baseline_is_credited_for_its_own_answer_at_its_own_price():
    settled = outcome(attempt(GPT), ended_at=AT)
    worth = priced(settled)

    usage = settled.attempts[0].usage
    list_usd = (usage.input_tokens * 2 + usage.output_tokens * 8) / 1e6
    assert worth and worth.baseline.usd == pytest.approx(list_usd / 0.97)


@pytest.mark.parametrize("result", ["declined", "failed", "filtered"])
def test_what_was_not_answered_earns_nothing(result):
    worth = priced(outcome(attempt(QWEN, outcome=result), ended_at=AT))

    assert worth and worth.baseline.usd == 0


def test_a_caller_who_left_earns_what_came_and_no_more():
    left = priced(outcome(attempt(GPT, outcome="left"), ended_at=AT))
    answered = priced(outcome(attempt(GPT), ended_at=AT))

    assert left and answered and left.baseline.usd == pytest.approx(answered.baseline.usd * 0.97)


def test_a_request_that_was_stopped_before_a_decision_has_no_price():
    stopped = outcome(decision=None, attempts=(), cost_usd=Decimal(0))

    assert priced(stopped) is None and not has_price(stopped.decision)


def test_prices_are_counted_beside_the_list_price():
    settled = outcome(attempt(QWEN), decision=decision(data_class="confidential"), ended_at=AT)
    worth = priced(settled)
    (entry,) = entries(settled)
    count = Count()
    count.add(entry)
    assert worth
    count.price(entry, worth)

    found = count.counts["gateway_baseline_cost_usd_total"]
    assert sorted("effective" in labels for labels in found) == [False, True]


def test_the_errors_of_a_credit_are_those_of_its_parts():
    usual = Usual(Ratio(0.0, 0.1), Ratio(log(2.0), 0.3), Estimate(0.8, 0.04, 10.0, is_rate=True))
    credit = Credit(Decimal(5), 1.0, 4.0)
    worth = usual.effective(credit, answered=True)
    left = usual.effective(credit, answered=False)

    assert worth.usd == usual.effective_usd(credit, answered=True) == pytest.approx(9 / 0.8)
    assert worth.tokens_error == pytest.approx((0.1**2 + 2.4**2) ** 0.5 / 0.8)
    assert worth.answers_error == pytest.approx(worth.usd * 0.04 / 0.8)
    assert left.usd == pytest.approx(9) and not left.answers_error


@pytest.mark.thorough
@given(
    st.sampled_from(["public", "internal", "confidential", "regulated"]),
    st.sets(st.sampled_from(["tools", "vision"])),
    st.integers(1, 200_000),
)
def test_what_has_no_price_would_have_cost_nothing(data_class, needs, tokens):
    decided = decide(
        WITHOUT_BASELINE,
        {"kind": "chat", "data_class": data_class, "needs": frozenset(needs), "tokens": tokens},
        View(at=AT),
    )
    settled = outcome(decision=decided, baseline_list_usd=None, ended_at=AT)

    assert has_price(settled.decision) or priced(settled) == Priced(NOTHING, RulePrices())


def test_a_guard_that_took_nothing_away_has_no_price():
    decided = decide(
        WITHOUT_BASELINE,
        {"kind": "embedding", "data_class": "regulated", "needs": frozenset(), "tokens": 5},
        View(at=AT),
    )

    assert decided.removed_by and not has_price(decided)

"""What an Outcome is worth beside its cost: the baseline's effective price, and the price of each rule. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.estimates import PRIORS
from gateway.outcome.answering import is_answer
from gateway.outcome.outcome import Outcome
from gateway.outcome.savings import Baselines, credit
from gateway.policy.decide import Decision
from gateway.policy.price_of_rules import RulePrices, biting, price_of_rules
from gateway.signals.kind import language_of, topic_of


@dataclass(frozen=True, slots=True)
class Priced:
    """In US dollars."""

    baseline_effective_usd: float  # 0: the baseline would have answered nothing, or there is none
    rules: RulePrices


def has_price(outcome: Outcome) -> bool:
    """False if there is nothing to work out: no guard took anything away, and there is no baseline."""
    decision = outcome.decision
    return decision is not None and bool(
        decision.route.baseline or decision.policy.baseline or (decision.removed_by and biting(decision))
    )


class Pricing:
    """Keeps what one snapshot says of baselines as long as it serves."""

    def __init__(self) -> None:
        self._baselines = Baselines(PRIORS)

    def priced(self, outcome: Outcome) -> Priced | None:
        """None if the request was stopped before a decision."""
        decision = outcome.decision
        if decision is None:
            return None
        return Priced(self._effective_usd(outcome, decision), price_of_rules(decision))

    def _effective_usd(self, outcome: Outcome, decision: Decision) -> float:
        baseline = decision.route.baseline or decision.policy.baseline
        served, answered = outcome.served_by, answers(outcome.result, decision)
        if baseline is None or served is None or not (answered or outcome.result == "left"):
            return 0.0
        credited = credit(baseline, served.usage, at=outcome.ended_at)
        if credited is None:
            return 0.0
        snapshot = decision.view.estimates or PRIORS
        if self._baselines.snapshot is not snapshot:
            self._baselines = Baselines(snapshot)
        topic, language = topic_of(decision.signals), language_of(decision.signals)
        usual = self._baselines.usual(baseline, served.endpoint, topic, language)
        return usual.effective_usd(credited, answered=answered)


def answers(result: str, decision: Decision) -> bool:
    """True if this counts as an answer to what was asked."""
    topics = decision.signals.get("topic")
    rules = decision.on_refusal
    return is_answer(
        result, topics if isinstance(topics, frozenset) else None, rules.except_topics if rules else frozenset()
    )

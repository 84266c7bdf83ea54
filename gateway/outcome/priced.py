"""What an Outcome is worth beside its cost: the baseline's effective price, and the price of each rule. Pure."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from gateway.catalog.facts import Endpoint
from gateway.catalog.prices import Usage
from gateway.estimates import PRIORS
from gateway.outcome.answering import is_answer
from gateway.outcome.savings import NOTHING, Baselines, Effective, credit
from gateway.policy.decision import Decision
from gateway.policy.explain.rule_cost import RuleCosts, RulePrices, biting, rule_costs
from gateway.policy.ranking import tokens_of
from gateway.signals.kind import language_of, topic_of


class Priced(msgspec.Struct, frozen=True, array_like=True):
    """In US dollars."""

    baseline: Effective  # NOTHING: it would have answered nothing, or there is none
    rules: RulePrices


class Settled(msgspec.Struct, frozen=True):
    """What a price depends on beside the decision."""

    result: str
    served: tuple[Endpoint, Usage] | None  # the last serving attempt
    ended_at: float
    list_usd: Decimal | None = None  # the baseline's price of the same tokens, where it was reckoned before


def has_price(decision: Decision | None) -> bool:
    """False if there is nothing to work out: no guard took anything away, and there is no baseline."""
    return decision is not None and bool(
        decision.route.baseline or decision.policy.baseline or (decision.removed_by and biting(decision))
    )


class Pricing:
    """Keeps what one snapshot says of baselines as long as it serves."""

    def __init__(self) -> None:
        self._baselines = Baselines(PRIORS)

    def priced(
        self, decision: Decision, settled: Settled, *, costs: RuleCosts | None = None, tokens: float = 0.0
    ) -> Priced:
        """By the estimates of the decision's view.

        `costs` and `tokens`: the decision is that of another request, which differs from this one in its length alone.
        """
        if costs is None:
            costs, tokens = rule_costs(decision), tokens_of(decision.signals)
        return Priced(self._effective(decision, settled), costs.prices(tokens))

    def _effective(self, decision: Decision, settled: Settled) -> Effective:
        baseline = decision.route.baseline or decision.policy.baseline
        answered = answers(settled.result, decision)
        if baseline is None or settled.served is None or not (answered or settled.result == "left"):
            return NOTHING
        endpoint, usage = settled.served
        credited = credit(baseline, usage, at=settled.ended_at, list_usd=settled.list_usd)
        if credited is None:
            return NOTHING
        snapshot = decision.view.estimates or PRIORS
        if self._baselines.snapshot is not snapshot:
            self._baselines = Baselines(snapshot)
        topic, language = topic_of(decision.signals), language_of(decision.signals)
        usual = self._baselines.usual(baseline, endpoint, topic, language)
        return usual.effective(credited, answered=answered)


def answers(result: str, decision: Decision) -> bool:
    """True if this counts as an answer to what was asked."""
    topics = decision.signals.get("topic")
    rules = decision.on_refusal
    return is_answer(
        result, topics if isinstance(topics, frozenset) else None, rules.except_topics if rules else frozenset()
    )

"""What several sinks read from an Outcome: topic, language, what the guards removed."""

from __future__ import annotations

from gateway.outcome.answering import is_answer
from gateway.outcome.outcome import Attempt, Outcome
from gateway.outcome.row import REFUSALS
from gateway.policy.decide import Decision
from gateway.signals.topic import TOPICS


def first_topic(outcome: Outcome) -> str:
    """The first in declared order, `none`, or `unknown`."""
    topics = outcome.decision.signals.get("topic") if outcome.decision else None
    if not topics:
        return "none"
    if not isinstance(topics, frozenset):
        return "unknown"
    return next((topic for topic in TOPICS if topic in topics), "none")


def is_fault(outcome: Outcome, attempt: Attempt) -> bool:
    """True for a refusal, unless the model declined what the policy wants to be declined."""
    if attempt.outcome not in REFUSALS:
        return False
    decision = outcome.decision
    if decision is None or decision.on_refusal is None:
        return True
    topics = decision.signals.get("topic")
    known = topics if isinstance(topics, frozenset) else None
    return not is_answer(attempt.outcome, known, decision.on_refusal.except_topics)


def language(outcome: Outcome) -> str:
    """ISO 639-1, or `other` where it is not known."""
    known = outcome.decision.signals.get("language") if outcome.decision else None
    return known if isinstance(known, str) else "other"


def removed_origins(decision: Decision) -> tuple[tuple[str, str], ...]:
    """Each guard or freeze that removed an endpoint, with each origin of what it removed."""
    endpoints = decision.policy.catalog.endpoints
    pairs = (
        (guard, endpoints[removed].model.origin or "unknown")
        for removed, guards in decision.removed.items()
        for guard in guards
    )
    return tuple(dict.fromkeys(pairs))

"""Makes the one Outcome of a request, when its reply ended, the caller left, or it was stopped here."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from gateway.catalog.facts import Endpoint
from gateway.catalog.prices import cost
from gateway.errors import GatewayError
from gateway.outcome.outcome import Attempt, Outcome, Result
from gateway.outcome.priced import answers
from gateway.outcome.request_state import RequestState
from gateway.outcome.row import SERVING
from gateway.outcome.savings import comparable
from gateway.policy.explain import explanation

_NOTHING = Decimal(0)
_STOPPED_HERE = frozenset(
    {
        "no_permitted_endpoint",
        "unsupported_request",
        "context_length_exceeded",
        "budget_exceeded",
        "rate_limit_exceeded",
        "frozen",
    }
)


def settle(trail: RequestState, error: BaseException | None, *, ended: float, ended_at: float) -> Outcome:
    """`ended` in monotonic seconds, `ended_at` in seconds since the epoch."""
    result = _result(trail, error)
    decision = trail.recorded
    baseline = decision.route.baseline or decision.policy.baseline
    return Outcome(
        request=trail.request,
        caller=trail.caller,
        decision=decision,
        result=result,
        attempts=tuple(trail.attempts),
        cost_usd=_cost_usd(trail.attempts),
        baseline_list_usd=_list_credit(baseline, trail, result, ended_at) if baseline is not None else None,
        baseline_permitted=baseline is not None and not _removed(trail, baseline),
        denied_by=(trail.refused_by or explanation.denied_by(decision)) if result == "denied" else None,
        rerouted=tuple(trail.rerouted),
        overhead_s=_overhead(trail, ended),
        total_s=ended - trail.request.arrival.started,
        ended_at=ended_at,
        passed_over=tuple(trail.passed_over.items()),
        cache=trail.cache,
        kept=trail.kept,
    )


def _result(trail: RequestState, error: BaseException | None) -> Result:
    if error is None:
        if trail.kept is not None:
            return "answered"
        return trail.attempts[-1].outcome if trail.attempts else "failed"
    if isinstance(error, GatewayError):
        if (error.code in _STOPPED_HERE or trail.refused_by == "queue") and not trail.attempts:
            return "denied"
        return "filtered" if error.code == "content_filtered" else "failed"
    cancelled = not isinstance(error, Exception)
    return "left" if cancelled or isinstance(error, ConnectionError) else "failed"


def _cost_usd(attempts: Sequence[Attempt]) -> Decimal:
    """Of the serving ones."""
    total = _NOTHING
    for attempt in attempts:
        if attempt.purpose in SERVING:
            total = total + attempt.cost_usd if total else attempt.cost_usd
    return total


def _list_credit(baseline: Endpoint, trail: RequestState, result: Result, ended_at: float) -> Decimal | None:
    """The baseline's price of the answering attempt's own tokens: what vendors call the saving's other side."""
    served = _answering(trail, result)
    if served is None:
        return _NOTHING
    priced = cost(baseline.prices, served.usage, at=ended_at) if comparable(baseline, served.usage) else None
    return priced[0] if priced is not None else None


def _removed(trail: RequestState, endpoint: Endpoint) -> bool:
    """By a guard or a freeze; an endpoint that merely lacks a capability was not removed."""
    decision, bit = trail.decision, 1 << endpoint.index
    return bool(decision.frozen & bit) or any(
        decision.policy.guards[index].removes & bit for index in decision.removed_by
    )


def _answering(trail: RequestState, result: Result) -> Attempt | None:
    credited = result == "left" or answers(result, trail.recorded)
    return trail.attempts[-1] if trail.attempts and credited else None


def _overhead(trail: RequestState, ended: float) -> float:
    """Before the first upstream was asked, and after the last byte of the last one."""
    started = trail.request.arrival.started
    if trail.asked_at is None or trail.heard_at is None:
        return ended - started
    return (trail.asked_at - started) + max(0.0, ended - trail.heard_at)

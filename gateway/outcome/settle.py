"""Makes the one Outcome of a request, when its reply ended, the caller left, or it was stopped here."""

from __future__ import annotations

from decimal import Decimal

from gateway.catalog.facts import Endpoint
from gateway.catalog.prices import cost
from gateway.errors import GatewayError
from gateway.outcome.outcome import Attempt, Outcome, Result
from gateway.outcome.priced import answers
from gateway.outcome.row import SERVING
from gateway.outcome.trail import Trail

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


def settle(trail: Trail, error: BaseException | None, *, ended: float, ended_at: float) -> Outcome:
    """`ended` in monotonic seconds, `ended_at` in seconds since the epoch."""
    result = _result(trail, error)
    baseline = _baseline(trail)
    started = trail.request.arrival.started
    return Outcome(
        request=trail.request,
        caller=trail.caller,
        decision=trail.decision,
        result=result,
        attempts=tuple(trail.attempts),
        cost_usd=sum((attempt.cost_usd for attempt in trail.attempts if attempt.purpose in SERVING), Decimal(0)),
        baseline_list_usd=_list_credit(trail, result, ended_at),
        baseline_permitted=baseline is not None and not _removed(trail, baseline),
        denied_by=(trail.refused_by or trail.decision.denied_by()) if result == "denied" else None,
        rerouted=tuple(trail.rerouted),
        overhead_s=_overhead(trail, ended),
        total_s=ended - started,
        ended_at=ended_at,
    )


def _result(trail: Trail, error: BaseException | None) -> Result:
    if error is None:
        return trail.attempts[-1].outcome if trail.attempts else "failed"
    if isinstance(error, GatewayError):
        if error.code in _STOPPED_HERE and not trail.attempts:
            return "denied"
        return "filtered" if error.code == "content_filtered" else "failed"
    cancelled = not isinstance(error, Exception)
    return "left" if cancelled or isinstance(error, ConnectionError) else "failed"


def _list_credit(trail: Trail, result: Result, ended_at: float) -> Decimal | None:
    """The baseline's price of the answering attempt's own tokens: what vendors call the saving's other side."""
    baseline = _baseline(trail)
    served = _answering(trail, result)
    if baseline is None:
        return None
    if served is None:
        return Decimal(0)
    priced = cost(baseline, served.usage, at=ended_at)
    return priced[0] if priced is not None else None


def _baseline(trail: Trail) -> Endpoint | None:
    return trail.decision.route.baseline or trail.decision.policy.baseline


def _removed(trail: Trail, endpoint: Endpoint) -> bool:
    """By a guard or a freeze; an endpoint that merely lacks a capability was not removed."""
    decision = trail.decision
    guards = (decision.policy.guards[index].removes for index in decision.removed_by)
    return any(bits >> endpoint.index & 1 for bits in (decision.frozen, *guards))


def _answering(trail: Trail, result: Result) -> Attempt | None:
    credited = result == "left" or answers(result, trail.decision)
    return trail.attempts[-1] if trail.attempts and credited else None


def _overhead(trail: Trail, ended: float) -> float:
    """Before the first upstream was asked, and after the last byte of the last one."""
    started = trail.request.arrival.started
    if trail.asked_at is None or trail.heard_at is None:
        return ended - started
    return (trail.asked_at - started) + max(0.0, ended - trail.heard_at)

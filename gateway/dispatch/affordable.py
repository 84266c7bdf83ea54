"""Whether an endpoint's worst case fits under the route's limit per request."""

from __future__ import annotations

from decimal import Decimal

from gateway.catalog.facts import Endpoint
from gateway.catalog.prices import cost, usage_of
from gateway.dispatch.parameters import tuned
from gateway.outcome.request_state import RequestState
from gateway.request import Request

LONG_OUTPUT = 4  # times the expected output: about the 95th percentile of a skewed distribution


def affordable(endpoint: Endpoint, trail: RequestState) -> bool:
    """True without a limit, or if input + longest output, added to what was spent, stays within it."""
    limit = trail.decision.limits_at(endpoint).usd
    if limit is None:
        return True
    spent = sum((attempt.cost_usd for attempt in trail.attempts), trail.held_usd)
    worst = worst_case_usd(endpoint, trail)
    return worst is not None and spent + worst <= limit


def worst_case_usd(endpoint: Endpoint, trail: RequestState) -> Decimal | None:
    """Input and `max_tokens`, else a long output of the model, of every answer, at the price now; None if unknown."""
    request = tuned(trail, endpoint).request
    return _cost(endpoint, trail, request, request.max_tokens or LONG_OUTPUT * _usual_output(endpoint, trail))


def expected_usd(endpoint: Endpoint, trail: RequestState) -> Decimal | None:
    """The same with the expected output of the model: what an attempt costs that nobody knows the end of."""
    request, usual = tuned(trail, endpoint).request, _usual_output(endpoint, trail)
    return _cost(endpoint, trail, request, min(request.max_tokens or usual, usual))


def _usual_output(endpoint: Endpoint, trail: RequestState) -> int:
    """Tokens of one answer; of a reply that is no text, what was asked for says it."""
    return endpoint.model.output_tokens if trail.request.interface.writes else 0


def _cost(endpoint: Endpoint, trail: RequestState, request: Request, output_tokens: int) -> Decimal | None:
    """`request`: as its parameters change it."""
    tokens = trail.decision.signals.get("tokens")
    usage = usage_of(
        request.units,
        input_tokens=tokens if isinstance(tokens, int) else request.body_bytes,
        output_tokens=request.generated * output_tokens,
    )
    priced = cost(endpoint.prices, usage, at=request.arrival.received_at)
    return priced[0] if priced is not None else None

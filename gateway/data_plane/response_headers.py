"""The `x-gateway-*` headers: what answered, under which rule, after how many attempts, at what cost."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from gateway.catalog.facts import Endpoint
from gateway.data_plane.cache_headers import of_cache
from gateway.data_plane.problem import rate_headers
from gateway.dispatch.reply import Reply
from gateway.outcome.outcome import Outcome
from gateway.outcome.request_state import RequestState
from gateway.pipeline import Served
from gateway.request import Arrival

MOST_ADAPTED = 4_000  # bytes


def of_every(arrival: Arrival) -> list[tuple[bytes, bytes]]:
    """Those of every reply, errors too."""
    lines = [(b"x-request-id", arrival.id.encode())]
    if arrival.client_request_id is not None:
        lines.append((b"x-client-request-id", arrival.client_request_id.encode("latin-1", "replace")))
    return lines


def of_stream(served: Served) -> bytes:
    """Known when the first byte goes out; outcome and cost are not."""
    reply, trail = served.reply, served.trail
    assert reply is not None
    return b"content-type: %b\r\ncache-control: no-store\r\n%b%bx-gateway-attempts: %d\r\n%b%b%b" % (
        reply.content_type,
        _named(trail.request.arrival),
        _decided(reply.endpoint, trail.decision.route.name, trail.decision.policy.version),
        len(trail.attempts) + (trail.kept is None),
        of_cache(trail.cache, trail.kept),
        of_adapted(trail.adapted),
        of_rates(trail),
    )


def of_rates(trail: RequestState) -> bytes:
    """How much of its team's rates is left, once this request was counted, by the names that the caller's SDK knows."""
    if not trail.rates:
        return b""
    request = trail.request
    lines = rate_headers(trail.rates, request.arrival.received_at, request.interface.dialect)
    return b"".join(b"%b: %b\r\n" % line for line in lines)


def of_adapted(names: tuple[str, ...]) -> bytes:
    """What of the request was put in another form for its upstream: names, never values."""
    if not names:
        return b""
    told = ", ".join(names).replace("→", "->").encode("ascii", "replace")[:MOST_ADAPTED]
    return b"x-gateway-adapted: %b\r\n" % told


def of_whole(outcome: Outcome, reply: Reply) -> bytes:
    """Everything."""
    attempts, decision = outcome.attempts, outcome.decision
    assert decision is not None
    return (
        b"content-type: %b\r\n%b%bx-gateway-attempts: %d\r\nx-gateway-outcome: %b\r\nx-gateway-cost-usd: %b\r\n%b"
    ) % (
        reply.content_type,
        _named(outcome.request.arrival),
        _decided(reply.endpoint, decision.route.name, decision.policy.version),
        len(attempts),
        outcome.result.encode(),
        format(outcome.cost_usd, "f").encode(),
        of_cache(outcome.cache, outcome.kept),
    )


def of_error(outcome: Outcome, trail: RequestState) -> list[tuple[bytes, bytes]]:
    """Everything, of the last endpoint that was asked if one was."""
    decision, attempts = outcome.decision, outcome.attempts
    assert decision is not None
    lines = _facts(attempts[-1].endpoint) if attempts else {}
    lines |= {"route": decision.route.name, "policy": decision.policy.version, "attempts": str(len(attempts))}
    lines |= {"outcome": outcome.result, "cost-usd": format(outcome.cost_usd, "f")}
    rates = rate_headers(trail.rates, trail.request.arrival.received_at, trail.request.interface.dialect)
    return [*of_every(outcome.request.arrival), *_as_headers(lines), *rates]


def _named(arrival: Arrival) -> bytes:
    if arrival.client_request_id is None:
        return b"x-request-id: %b\r\n" % arrival.id.encode()
    return b"".join(b"%b: %b\r\n" % line for line in of_every(arrival))


@lru_cache(maxsize=4096)
def _decided(endpoint: Endpoint, route: str, policy_version: str) -> bytes:
    lines = _as_headers(_facts(endpoint) | {"route": route, "policy": policy_version})
    return b"".join(b"%b: %b\r\n" % line for line in lines)


def _as_headers(lines: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    for name, value in lines.items():
        if not value.isprintable():
            raise ValueError(f"{name} holds a character that no header may hold")
    return [(f"x-gateway-{name}".encode(), value.encode()) for name, value in lines.items()]


def _facts(endpoint: Endpoint) -> dict[str, str]:
    exposure = sorted(endpoint.exposure.known) + ([] if endpoint.exposure.complete else ["unknown"])
    return {
        "endpoint": endpoint.id,
        "model": endpoint.model.id,
        "origin": endpoint.model.origin or "unknown",
        "exposure": ",".join(exposure),
    }

"""The `x-gateway-*` headers: what answered, under which rule, after how many attempts, at what cost."""

from __future__ import annotations

from functools import lru_cache

from gateway.catalog.facts import Endpoint
from gateway.outcome.outcome import Outcome
from gateway.pipeline import Served
from gateway.policy.decide import Decision
from gateway.request import Arrival

Lines = list[tuple[bytes, bytes]]


@lru_cache(maxsize=4096)
def _of_endpoint(endpoint: Endpoint) -> tuple[tuple[bytes, bytes], ...]:
    exposure = sorted(endpoint.exposure.known) + ([] if endpoint.exposure.complete else ["unknown"])
    return (
        (b"x-gateway-endpoint", endpoint.id.encode()),
        (b"x-gateway-model", endpoint.model.id.encode()),
        (b"x-gateway-origin", (endpoint.model.origin or "unknown").encode()),
        (b"x-gateway-exposure", ",".join(exposure).encode()),
    )


class Story:
    """The headers of one request's reply."""

    __slots__ = ("_lines",)

    def __init__(self, arrival: Arrival):
        self._lines: Lines = [(b"x-request-id", arrival.id.encode())]
        if arrival.client_request_id is not None:
            self._lines.append((b"x-client-request-id", arrival.client_request_id.encode("latin-1", "replace")))

    def headers(self) -> Lines:
        """Those of every reply."""
        return self._lines

    def of_stream(self, served: Served) -> Lines:
        """Known when the first byte goes out; outcome and cost are not."""
        reply, trail = served.reply, served.trail
        assert reply is not None
        return [
            (b"content-type", reply.content_type),
            (b"cache-control", b"no-store"),
            *self._lines,
            *_of_endpoint(reply.endpoint),
            *_of_decision(trail.decision),
            (b"x-gateway-attempts", b"%d" % (len(trail.attempts) + 1)),
        ]

    def of_whole(self, outcome: Outcome) -> Lines:
        """Everything."""
        assert outcome.decision is not None
        return [
            (b"content-type", b"application/json"),
            *self._lines,
            *_of_endpoint(outcome.attempts[-1].endpoint),
            *_of_decision(outcome.decision),
            (b"x-gateway-attempts", b"%d" % len(outcome.attempts)),
            (b"x-gateway-outcome", outcome.result.encode()),
            (b"x-gateway-cost-usd", format(outcome.cost_usd, "f").encode()),
        ]


def _of_decision(decision: Decision) -> Lines:
    return [(b"x-gateway-route", decision.route.name.encode()), (b"x-gateway-policy", decision.policy_version.encode())]

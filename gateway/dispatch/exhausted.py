"""What the caller is told when no endpoint answered."""

from __future__ import annotations

from collections.abc import Sequence
from time import monotonic

from gateway.catalog.facts import Endpoint
from gateway.dispatch.breaker import Breakers
from gateway.errors import GatewayError
from gateway.outcome.trail import Trail
from gateway.upstreams.failures import Failure
from gateway.upstreams.fleet import Fleet


def nothing_usable(trail: Trail, fleet: Fleet, breakers: Breakers) -> GatewayError:
    """The policy permits endpoints, but none can be asked now: no key, or every breaker is open, or too dear."""
    now = monotonic()
    reached = [endpoint for endpoint in trail.decision.endpoints if fleet.reaches(endpoint)]
    if not reached:
        names = ", ".join(endpoint.id for endpoint in trail.decision.endpoints)
        return GatewayError("overloaded", f"no key is set for {names}; `gateway check` names the variables")
    rests = [breakers.of(endpoint.id).rest_left_s(now) for endpoint in reached]
    if all(rests):
        names = ", ".join(endpoint.id for endpoint in reached)
        return GatewayError("overloaded", f"resting after failures: {names}", retry_after_s=min(rests))
    usd = trail.decision.limits.usd
    return GatewayError("unsupported_request", f"every permitted endpoint could cost more than the route's {usd} USD")


def exhausted(failures: Sequence[tuple[Endpoint, Failure]]) -> GatewayError:
    """Every permitted endpoint failed: one line each. A fault of the request itself is passed on as it came."""
    last = failures[-1][1]
    if last.passes_through:
        return last.as_error()
    kinds = {failure.kind for _, failure in failures}
    lines = "\n".join(f"{endpoint.id}: {failure.detail}" for endpoint, failure in failures)
    if last.outcome != "failed":
        return GatewayError("content_filtered", f"the content filter of the last permitted endpoint said no\n{lines}")
    if kinds == {"rate_limited"}:
        waits = [failure.retry_after_s for _, failure in failures if failure.retry_after_s is not None]
        said = f"every permitted endpoint is at its rate limit\n{lines}"
        return GatewayError("rate_limit_exceeded", said, retry_after_s=min(waits, default=1.0))
    if kinds == {"timeout"}:
        return GatewayError("upstream_timeout", f"no permitted endpoint answered in time\n{lines}")
    if kinds == {"context"}:
        return GatewayError("context_length_exceeded", f"no permitted endpoint takes a request of this length\n{lines}")
    if kinds <= {"context", "unsupported"}:
        return GatewayError("unsupported_request", f"no permitted endpoint supports what the request needs\n{lines}")
    return GatewayError("upstreams_exhausted", f"every permitted endpoint failed\n{lines}")

"""What the caller is told when no endpoint answered."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from time import monotonic

from gateway.catalog.facts import Endpoint
from gateway.dispatch.affordable import affordable
from gateway.dispatch.breaker import Breakers
from gateway.dispatch.ceilings import Full
from gateway.dispatch.replicas import are_limited
from gateway.dispatch.replicas import wait_s as wait_of
from gateway.errors import GatewayError
from gateway.outcome.request_state import RequestState
from gateway.policy.decision import Decision
from gateway.upstreams.failures import OURS, REQUEST_AT_FAULT, WITHDRAWN, Failure
from gateway.upstreams.fleet import Fleet

ADAPTER_S = 5.0  # until an adapter process that has ended may answer again
MOST_NAMES = 8  # in one line of a message
_NEVER_PASSES = REQUEST_AT_FAULT | OURS | WITHDRAWN | {"tls", "pin"}
_PASSING = frozenset({200, 408, 409, 425, 429})  # 200: an error inside a reply


@dataclass(frozen=True, slots=True)
class Standing:
    """Which permitted endpoints cannot be asked now, and why. Waits are seconds."""

    keyless: Sequence[Endpoint]
    resting: Sequence[tuple[Endpoint, float]]
    too_dear: Sequence[Endpoint]
    unspoken: Sequence[Endpoint] = ()  # the adapter process does not run
    full: Sequence[tuple[Endpoint, Full]] = ()  # at a ceiling of theirs
    left: Sequence[Endpoint] = ()  # none of these: attempts, time, money or the policy ended before their turn
    limited: bool = False  # those that rest do so because of their rate limits
    usd: Decimal | None = None  # what the route allows a request
    wayless: Sequence[Endpoint] = ()  # their proxy or certificates cannot be used
    not_enabled: Sequence[Endpoint] = ()  # permitted by no decision, though the route proposes them and no guard minds

    @classmethod
    def of(
        cls,
        trail: RequestState,
        fleet: Fleet,
        breakers: Breakers,
        full: Callable[[Endpoint], Full | None],
        besides: Sequence[Endpoint] = (),
    ) -> Standing:
        """`full`: which ceiling an endpoint has reached; `besides`: endpoints that were asked."""
        now = monotonic()
        left = [endpoint for endpoint in trail.decision.endpoints if endpoint not in besides]
        reached = [endpoint for endpoint in left if fleet.reaches(endpoint)]
        waits = [(endpoint, wait_of(endpoint, fleet, breakers, now)) for endpoint in reached]
        reasons = {endpoint: full(endpoint) for endpoint, wait_s in waits if not wait_s}
        awake = [endpoint for endpoint, reason in reasons.items() if reason is None]
        return cls(
            keyless=[e for e in left if e not in reached and not fleet.awaits_adapter(e) and not fleet.lacks_way(e)],
            wayless=[endpoint for endpoint in left if fleet.lacks_way(endpoint)],
            resting=[(endpoint, wait_s) for endpoint, wait_s in waits if wait_s],
            too_dear=[endpoint for endpoint in awake if not affordable(endpoint, trail)],
            unspoken=[endpoint for endpoint in left if fleet.awaits_adapter(endpoint)],
            full=[(endpoint, reason) for endpoint, reason in reasons.items() if reason is not None],
            left=[endpoint for endpoint in awake if affordable(endpoint, trail)],
            limited=all(are_limited(endpoint, fleet, breakers) for endpoint, wait_s in waits if wait_s),
            usd=trail.decision.limits.usd,
            not_enabled=_not_enabled(trail.decision),
        )

    def full_waits(self) -> list[float]:
        """Seconds until those that are full have room; of those that ever will for this request."""
        return [reason.wait_s for _, reason in self.full if not reason.never]

    def reasons(self) -> Iterator[str]:
        """One line for each kind."""
        if self.resting:
            why = "at their rate limits" if self.limited else "after failures"
            yield f"resting {why}: {_names(endpoint for endpoint, _ in self.resting)}"
        if self.full:
            yield _full(self.full)
        if self.too_dear:
            yield f"could cost more than the route allows: {_names(self.too_dear)}"
        if self.keyless:
            yield f"no key is set for {_names(self.keyless)}"
        if self.wayless:
            yield f"the proxy or the certificates of {_names(self.wayless)} cannot be used"
        if self.unspoken:
            yield f"the adapter process does not run: {_names(self.unspoken)}"
        if self.left:
            yield f"not asked any more: {_names(self.left)}"
        if self.not_enabled:
            yield f"not enabled in the catalogue: {_names(self.not_enabled)}"


def _not_enabled(decision: Decision) -> list[Endpoint]:
    bits = decision.proposed & ~decision.guarded
    return [endpoint for endpoint in decision.policy.endpoints if not endpoint.enabled and bits >> endpoint.index & 1]


def nothing_usable(standing: Standing) -> GatewayError:
    """The policy permits endpoints, but none can be asked now: no key, every one rests or is full, or too dear."""
    if standing.full and not standing.resting:
        return too_full(standing.full, [*standing.reasons()])
    if standing.too_dear and not standing.resting:
        usd = f"route's {standing.usd} USD" if standing.usd is not None else "endpoint's own limit"
        return GatewayError("unsupported_request", f"could cost more than the {usd}: {_names(standing.too_dear)}")
    waits = [wait_s for _, wait_s in standing.resting] + standing.full_waits()
    wait_s = min(waits, default=ADAPTER_S if standing.unspoken else None)
    help_ = "; `gateway check` names the variables" if standing.keyless and not standing.resting else ""
    code = "rate_limit_exceeded" if standing.resting and standing.limited else "overloaded"
    return GatewayError(code, "; ".join(standing.reasons()) + help_, retry_after_s=wait_s)


def too_full(found: Sequence[tuple[Endpoint, Full]], reasons: Sequence[str] = ()) -> GatewayError:
    """Nobody else could be asked: come back when the first of these has room again, or with a shorter request."""
    waits = [reason.wait_s for _, reason in found if not reason.never]
    if not waits:
        words = "the request alone is longer than what may be asked in a minute, by the ceilings of the catalogue"
        return GatewayError("request_too_large", f"{words}: {_cut(_ceilings(found))}; send less at once")
    wait_s = min(waits)
    return GatewayError("rate_limit_exceeded", "; ".join(reasons or [_full(found)]), retry_after_s=wait_s)


def _full(found: Sequence[tuple[Endpoint, Full]]) -> str:
    return f"full, by the ceilings of the catalogue: {_cut(_ceilings(found))}"


def _ceilings(found: Sequence[tuple[Endpoint, Full]]) -> list[str]:
    return [f"{endpoint.id} ({reason.ceiling} {reason.most})" for endpoint, reason in found]


def exhausted(failures: Sequence[tuple[Endpoint, Failure]], permitted: int, standing: Standing) -> GatewayError:
    """No permitted endpoint answered: one line each. A fault of the request itself is passed on as it came.

    `permitted`: how many the policy permits; `standing`: of those that were not asked.
    """
    last = failures[-1][1]
    if last.passes_through:
        return last.as_error()
    kinds = {failure.kind for _, failure in failures}
    asked = len({endpoint.id for endpoint, _ in failures})
    who = "every permitted endpoint"
    if asked < permitted:
        who = f"asked {asked} of {permitted} permitted endpoints: each"
    lines = "\n".join([*(f"{endpoint.id}: {failure.detail}" for endpoint, failure in failures), *standing.reasons()])
    if last.outcome != "failed":
        return GatewayError("content_filtered", f"the content filter of the last endpoint asked said no\n{lines}")
    if kinds == {"rate_limited"}:
        waits = [failure.retry_after_s for _, failure in failures if failure.retry_after_s is not None]
        return GatewayError(
            "rate_limit_exceeded", f"{who} is at its rate limit\n{lines}", retry_after_s=min(waits, default=1.0)
        )
    for code, of_kinds, words in _IN_COMMON:
        if kinds <= of_kinds:
            return GatewayError(code, f"{who} {words}\n{lines}", retry_after_s=last.retry_after_s)
    return GatewayError(
        "upstreams_exhausted",
        f"{who} failed\n{lines}",
        retry_after_s=min(_waits(last, standing), default=None),
        may_pass=may_pass(last) or bool(standing.full_waits()),
    )


def _waits(last: Failure, standing: Standing) -> list[float]:
    """Seconds until the vendor asked last, or an endpoint that was full, may be asked again."""
    asked = [last.retry_after_s] if last.retry_after_s is not None else []
    return asked + standing.full_waits()


_IN_COMMON = (
    ("no_permitted_endpoint", {"forbidden"}, "is forbidden by what is in force now: the policy has just changed"),
    ("frozen", WITHDRAWN, "has just been stopped by an administrator"),
    ("upstream_timeout", {"timeout"}, "did not answer in time"),
    ("overloaded", {"overloaded"}, "is overloaded"),
    ("context_length_exceeded", {"context"}, "takes no request of this length"),
    ("unsupported_request", {"context", "unsupported"}, "lacks what the request needs"),
)


def may_pass(failure: Failure) -> bool:
    """The same request may find an answer later: a connection fault, a status that says so, or a time to come back."""
    if failure.retry_after_s is not None:
        return True
    if failure.kind in _NEVER_PASSES:
        return False
    return failure.status is None or failure.status >= 500 or failure.status in _PASSING


def _names(endpoints: Iterable[Endpoint]) -> str:
    return _cut([endpoint.id for endpoint in endpoints])


def _cut(names: Sequence[str]) -> str:
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return ", ".join(names[:MOST_NAMES]) + more

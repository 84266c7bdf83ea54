"""What was decided about one request, as data. `explain/explanation.py` says it in words."""

from __future__ import annotations

from gateway.catalog.facts import Endpoint
from gateway.frozen import frozen
from gateway.policy.compiled import Policy
from gateway.policy.rules import Limits, OnRefusal, Route, tightened
from gateway.policy.view import View
from gateway.signals.value import Signals


@frozen
class Decision:
    """Where a request may go, in the order to try, and what shaped that."""

    policy: Policy
    signals: Signals
    view: View
    route: Route
    endpoints: tuple[Endpoint, ...]  # empty: refused
    permitted: int  # mask of endpoints that no guard or freeze removed and that can serve the request
    removed_by: tuple[int, ...]  # indexes of the guards that applied
    frozen: int  # mask of endpoints that a freeze removed
    incapable: int  # mask of endpoints that cannot serve the request
    proposed: int  # mask of endpoints that the route names for this request
    canary: Endpoint | None  # the first of `endpoints`, if the draw put it there

    @property
    def guarded(self) -> int:
        """Mask of endpoints that a guard removed."""
        bits = 0
        for index in self.removed_by:
            bits |= self.policy.guards[index].removes
        return bits

    @property
    def policy_version(self) -> str:
        return self.policy.version

    @property
    def limits(self) -> Limits:
        return self.route.limits

    def limits_at(self, endpoint: Endpoint) -> Limits:
        """The route's, and the endpoint's own where they are tighter."""
        limits, own = self.route.limits, endpoint.limits
        return limits if own is None else tightened(limits, own)

    @property
    def on_refusal(self) -> OnRefusal | None:
        return self.route.on_refusal

    def permits(self, endpoint: Endpoint) -> bool:
        """True if no guard removed `endpoint` and it can serve the request."""
        return bool(self.permitted >> endpoint.index & 1)

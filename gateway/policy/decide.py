"""`decide(policy, signals, view)`: pure and total. Guards are masks over the catalogue's endpoints; routes only order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.catalog.facts import Endpoint
from gateway.signals.value import Value

if TYPE_CHECKING:
    from gateway.policy.compiled import Limits, OnRefusal, Policy, Route

Signals = dict[str, Value]


@dataclass(frozen=True, slots=True)
class View:
    """Everything outside policy and request that a decision may depend on."""

    at: float  # seconds since the epoch
    draw: float = 0.0  # in [0, 1)
    frozen: tuple[tuple[str, str], ...] = ()  # (selector, value), e.g. ("operator", "zai")
    conversation: str | None = None  # endpoint id that served this conversation
    estimates: object | None = None  # a snapshot of gateway.estimates


@dataclass(frozen=True, slots=True)
class Decision:
    """Where a request may go, in the order to try, and what shaped that."""

    policy: Policy
    signals: Signals
    view: View
    route: Route
    endpoints: tuple[Endpoint, ...]  # empty: refused
    permitted: int  # mask of endpoints that no guard or freeze removed and that can serve the request
    removed_by: tuple[int, ...]  # indexes of the guards that applied
    unable: int  # mask of endpoints that cannot serve the request
    limits: Limits
    on_refusal: OnRefusal | None

    @property
    def policy_version(self) -> str:
        return self.policy.version

    def permits(self, endpoint: Endpoint) -> bool:
        """True if no guard removed `endpoint` and it can serve the request."""
        return bool(self.permitted >> endpoint.index & 1)

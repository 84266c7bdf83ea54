"""The only maker of permits: no byte leaves for an endpoint without one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from gateway.catalog.facts import Endpoint
from gateway.policy.decision import Decision

Purpose = Literal["serve", "canary", "shadow", "judge", "probe"]
_SEAL = object()


@dataclass(slots=True)
class Permit:
    """One request, one endpoint, one purpose, used once. Made by `permit` alone."""

    request_id: str
    endpoint: Endpoint
    purpose: Purpose
    decision: Decision  # that it was made from; what is in force when it is used is asked again
    used: bool = False
    _seal: object = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if self._seal is not _SEAL:
            raise PermissionError("a Permit is made from a Decision by policy.permit.permit, never by hand")

    def use(self) -> Endpoint:
        """The endpoint, once."""
        if self.used:
            raise PermissionError(f"this permit for {self.endpoint.id} was used before")
        self.used = True
        return self.endpoint


def permit(request_id: str, decision: Decision, endpoint: Endpoint, *, purpose: Purpose) -> Permit:
    """Raises PermissionError if the decision's guards removed `endpoint`, or it cannot serve the request."""
    if not decision.permits(endpoint):
        raise PermissionError(f"the decision does not permit {endpoint.id}")
    return Permit(request_id, endpoint, purpose, decision, _seal=_SEAL)

"""Admission: a permit for an endpoint of the decision, with its reservation attached."""

from __future__ import annotations

from gateway.catalog.facts import Endpoint
from gateway.outcome.trail import Trail
from gateway.policy.permit import Permit, permit


def admit(trail: Trail, endpoint: Endpoint) -> Permit:
    """Raises PermissionError for what the decision does not permit."""
    return permit(trail.request.id, trail.decision, endpoint, purpose="serve")

"""What `GET /api/policy` says of the policy that serves."""

from __future__ import annotations

from datetime import date

from gateway.control.shapes import Shape


class RuleShown(Shape):
    """A guard or a route by name."""

    name: str
    why: str | None = None


class WaiverShown(Shape):
    """A guard that is lifted for a team until the end of a day, UTC. `days_left`: today included; 0: it has ended."""

    guard: str
    team: str
    until: date
    approved_by: str
    reason: str
    days_left: int


class PolicyShown(Shape):
    """The policy that serves. `reload`: why the last change of the folder was refused.

    `canaries_stopped`: by route, which bound of its `stop_if` its canary has passed.
    """

    policy_version: str
    reload: str | None
    canaries_stopped: dict[str, str]
    guards: list[RuleShown]
    routes: list[RuleShown]
    aliases: list[str]
    teams: list[str]
    endpoints: int
    waivers: list[WaiverShown]

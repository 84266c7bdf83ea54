"""What decides in this worker now, and whether a permit of a moment ago still stands by it.

A reload or a freeze swaps it whole while requests are under way. What such a request has not sent yet goes only where
the guards of now let it. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.catalog.facts import Endpoint
from gateway.identity import DATA_CLASSES, Team
from gateway.policy.compiled import Policy
from gateway.policy.decide import decide
from gateway.policy.decision import Decision
from gateway.policy.freeze import Frozen, named
from gateway.policy.permit import Permit
from gateway.policy.select.shadow_eligibility import kept_from
from gateway.policy.view import View
from gateway.signals.value import UNKNOWN, Value


@dataclass(slots=True)
class InForce:
    """One a worker, changed between requests."""

    policy: Policy | None = None  # None: what decided serves still
    teams: Mapping[str, Team] = field(default_factory=dict)
    frozen: Frozen = ()


@dataclass(frozen=True, slots=True)
class Objection:
    """Why nothing may be sent after all."""

    words: str
    by_freeze: bool = False  # and by no rule of the policy


def objection(permit: Permit, now: InForce, at: float) -> Objection | None:
    """Why what is in force now forbids what was permitted; None if it does not. `at`: seconds since the epoch."""
    decided, policy = permit.decision, now.policy
    if policy is None or (policy is decided.policy and now.frozen == decided.view.frozen and not _ended(decided, at)):
        return None
    endpoint = policy.catalog.endpoints.get(permit.endpoint.id)
    if endpoint is None or _door(endpoint) != _door(permit.endpoint):
        return Objection("the policy that serves now knows no such endpoint, or another by this name")
    team_id = decided.signals.get("team", UNKNOWN)
    team = now.teams.get(str(team_id))
    if team is None and team_id is not UNKNOWN:
        return Objection("the policy that serves now knows no such team")
    signals = signals_now(decided.signals, team)
    decision = decide(policy, signals, View(at=at, frozen=now.frozen))
    return _forbidden(permit, decision, endpoint, team)


def _ended(decided: Decision, at: float) -> bool:
    """True if a waiver that may have counted has ended since."""
    return any(decided.view.at < waiver.ends <= at for waiver in decided.policy.waivers)


def _forbidden(permit: Permit, decision: Decision, endpoint: Endpoint, team: Team | None) -> Objection | None:
    if not decision.permits(endpoint):
        frozen = named(decision.policy, decision.view.frozen, endpoint)
        if frozen and not decision.guarded >> endpoint.index & 1:
            return Objection(f"it is stopped: {', '.join(frozen)}", by_freeze=True)
        return Objection("the policy that serves now forbids it")
    if permit.purpose in ("shadow", "judge"):
        why = kept_from(decision, endpoint, permit.purpose, team.allow if team is not None else ())
        return Objection(why) if why is not None else None
    return None


def signals_now(signals: Mapping[str, Value], team: Team | None) -> dict[str, Value]:
    """What the team is now; its data class is only ever raised."""
    if team is None:
        return dict(signals)
    known = [each for each in (signals.get("data_class"), team.data_class) if each in DATA_CLASSES]
    highest = DATA_CLASSES[max(DATA_CLASSES.index(str(each)) for each in known)]
    return {**signals, "residency": team.residency, "data_class": highest}


def _door(endpoint: Endpoint) -> tuple[object, ...]:
    """Where the bytes go, and as what."""
    e = endpoint
    ways = frozenset((each.base_url, each.key) for each in e.replicas)
    login = frozenset(e.credentials)
    return (ways, e.api, login, e.pin, e.upstream_model, e.hosting, e.operator.id, e.model.id, e.proxy, e.tls)

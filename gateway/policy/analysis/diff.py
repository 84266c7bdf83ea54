"""Who may reach what under one folder and not under another, solved for each endpoint over the cells of `cells`.

Reach is what guards allow, whatever the routes propose: (class of a caller, endpoint, purpose). An endpoint whose door
changed (address, interface, key) is another endpoint.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from gateway.catalog.facts import Endpoint
from gateway.identity import DATA_CLASSES, Team
from gateway.policy.analysis import passing
from gateway.policy.analysis.class_words import request_class
from gateway.policy.analysis.classes import largest, removers, widest
from gateway.policy.analysis.dead_ends import stranded
from gateway.policy.analysis.diff_bounds import bounds_changed
from gateway.policy.analysis.example_request import plain_witness, witness
from gateway.policy.analysis.lint import Rules, rules_of
from gateway.policy.analysis.request_space import Box, Space, callers_of, space_of
from gateway.policy.analysis.satisfiability import failing, meet, solve
from gateway.policy.compiled import Compiled, Policy
from gateway.policy.rules import Waiver

_MOST_STRANDED = 20
_MOST_VALUES = 12  # of a signal, in a sentence
_COPIED = DATA_CLASSES[: DATA_CLASSES.index("internal") + 1]  # classes of which shadow and judge may see prompts


@dataclass(frozen=True, slots=True)
class Change:
    """A class of requests, one request out of it, and the endpoints that this concerns."""

    request_class: dict[str, Any]
    witness: dict[str, Any]
    endpoints: tuple[str, ...]
    purpose: str = "serve"


@dataclass(frozen=True, slots=True)
class Difference:
    """What the new folder changes for requests of its callers."""

    widened: tuple[Change, ...]  # may now reach what they could not
    narrowed: tuple[Change, ...]  # no longer reach what they could
    stranded: tuple[Change, ...]  # have nothing left, and had something
    bounds: tuple[str, ...] = ()  # budgets, ceilings and limits of endpoints that changed, in words


def compare(old: Compiled, new: Compiled) -> Difference:
    """From old to new."""
    space = space_of(old, new)
    before, after = rules_of(old, space, 0), rules_of(new, space, 1)
    shorter = rules_of(old, space, 0, _lasting(old, new))
    cut = rules_of(new, space, 1, _lasting(new, old))
    return Difference(
        widened=(*_gains(shorter, after), *_copies(old, new)),
        narrowed=(*_gains(cut, before), *_copies(new, old)),
        stranded=tuple(_stranded(before, after)),
        bounds=bounds_changed(old.policy, new.policy),
    )


def _lasting(folder: Compiled, other: Compiled) -> list[Waiver]:
    """The folder's waivers that last as long as the other's of the same guard and team: a later day is new reach."""
    days = {(waiver.guard, waiver.team): waiver.until for waiver in other.policy.waivers}
    return [
        waiver
        for waiver in folder.policy.waivers
        if waiver.until >= days.get((waiver.guard, waiver.team), waiver.until)
    ]


def widening(old: Compiled, new: Compiled) -> tuple[Change, ...]:
    """What the new folder widens without saying so: empty if its `allow_widening` names the version it replaces."""
    if new.policy.allow_widening == old.policy.version:
        return ()
    return compare(old, new).widened


def plain(difference: Difference) -> dict[str, Any]:
    """What `diff --json` prints."""
    reach = {
        name: [_row(change) for change in getattr(difference, name)] for name in ("widened", "narrowed", "stranded")
    }
    return {**reach, "bounds": list(difference.bounds)}


def difference_text(difference: Difference) -> str:
    """The same in sentences."""
    lines = []
    parts = (("may now reach", difference.widened), ("no longer reach", difference.narrowed))
    for verb, changes in parts:
        lines += [f"{_requests(change)} {verb} {_few(change)}\n  e.g. {_example(change)}" for change in changes]
    lines += [f"{_requests(change)} have nothing left\n  e.g. {_example(change)}" for change in difference.stranded]
    return "\n".join([*lines, *difference.bounds]) or "nothing changes for any caller"


def _requests(change: Change) -> str:
    shared = ", ".join(f"{name} {_words(value)}" for name, value in change.request_class.items())
    purpose = f" (as {change.purpose})" if change.purpose != "serve" else ""
    return (f"requests with {shared}" if shared else "all requests") + purpose


def _words(value: Any) -> str:
    values = value if isinstance(value, list) and value else [value]
    shown = " or ".join(_given(each) or "none" for each in values[:_MOST_VALUES])
    return shown + (f" or {len(values) - _MOST_VALUES} more" if len(values) > _MOST_VALUES else "")


def _few(change: Change) -> str:
    ids = change.endpoints
    return ", ".join(ids[:8]) + (f" and {len(ids) - 8} more" if len(ids) > 8 else "")


def _example(change: Change) -> str:
    return " ".join(f"--given {name}={_given(value)}" for name, value in change.witness.items()) or "a plain request"


def _given(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(map(str, value))
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _row(change: Change) -> dict[str, Any]:
    purpose = {"purpose": change.purpose} if change.purpose != "serve" else {}
    return {"class": change.request_class | purpose, "endpoints": list(change.endpoints), "witness": change.witness}


def _gains(before: Rules, after: Rules) -> Iterable[Change]:
    """Requests that may reach an endpoint under `after` and not under `before`."""
    last = after.policy
    classes: dict[tuple[tuple[int, ...] | None, tuple[int, ...]], list[tuple[Box, dict[str, Any]]]] = {}
    told: dict[str, Change] = {}
    for endpoint in filter(lambda each: each.enabled, last.endpoints):
        was = same_door(endpoint, before.policy)
        key = (removers(before, was) if was else None, removers(after, endpoint))
        if endpoint.passes:
            classes[key] = list(passing.gained(before, after, was, endpoint))
        elif key not in classes:
            classes[key] = list(_gained(before, after, was, endpoint))
        for box, shared in classes[key]:
            example = plain_witness(witness(box, after.space))
            change = told.get(repr((shared, example)), Change(shared, example, ()))
            told[repr((shared, example))] = replace(change, endpoints=(*change.endpoints, endpoint.id))
    return list(told.values())


def same_door(endpoint: Endpoint, policy: Policy) -> Endpoint | None:
    """The endpoint of the same id, unless its door changed, or nobody could reach it yet."""
    other = policy.catalog.endpoints.get(endpoint.id)
    if other is None or not other.enabled:
        return None
    if _door(other) != _door(endpoint):
        return None
    before, now = ({(each.base_url, each.key) for each in e.replicas} for e in (other, endpoint))
    return other if now <= before else None


def _door(endpoint: Endpoint) -> tuple[object, ...]:
    """All but its addresses, each with its key."""
    return endpoint.api, endpoint.pin, endpoint.proxy, endpoint.tls, set(endpoint.credentials)


def _gained(
    before: Rules, after: Rules, was: Endpoint | None, endpoint: Endpoint
) -> Iterable[tuple[Box, dict[str, Any]]]:
    """One maximal class for each guard that stood in the way."""
    space = after.space
    blockers: Sequence[Box] = [before.guards[place] for place in removers(before, was)] if was else [{}]
    spared = after.spared(endpoint)
    boxes = [box for blocker in blockers if (box := widest(meet(space.everything, blocker), spared)) is not None]
    for box in largest(boxes):
        yield box, request_class(box, space)


def _copies(old: Compiled, new: Compiled) -> Iterable[Change]:
    """Teams and keys whose prompts may now also be copied to an endpoint: shadow and judge."""
    for purpose in ("shadow", "judge"):
        found: dict[tuple[str, tuple[str, ...]], Change] = {}
        for was, now in callers_of(old, new):
            gained = tuple(sorted(_copied_to(new, now.team, purpose) - _copied_to(old, was.team, purpose)))
            if gained:
                who = {"team": now.team.id} | ({"app": now.app} if now.app and was.team.id != now.team.id else {})
                found.setdefault((now.team.id, gained), Change(who, who, gained, purpose))
        yield from found.values()


def _copied_to(folder: Compiled, team: Team, purpose: str) -> frozenset[str]:
    policy = folder.policy
    shares = [policy.judge] if purpose == "judge" else [route.shadow for route in policy.routes]
    allowed = purpose in team.allow and team.data_class in _COPIED
    return frozenset(share.endpoint.id for share in shares if share) if allowed else frozenset()


def _stranded(before: Rules, after: Rules) -> Iterable[Change]:
    """Requests that had an endpoint and have none; guards alone are to blame, not capabilities."""
    space = after.space
    found = stranded(after.policy, space, after.guards, after.routes, most=_MOST_STRANDED)
    for _, box, _ in found:
        served = _was_served(before, box, space)
        if served is not None:
            yield Change(request_class(box, space), plain_witness(witness(served, space)), ())


def _was_served(before: Rules, box: Box, space: Space) -> Box | None:
    """A request of the box that an endpoint of the old policy could serve."""
    for place, route in enumerate(before.policy.routes):
        start = meet(box, before.routes[place])
        if start is None:
            continue
        earlier = [failing(other, space) for other in before.routes[:place]]
        items = [item for item in route.items if not item.passes]
        proposed = [e for e in before.policy.endpoints if any(item.mask >> e.index & 1 for item in items)]
        for choices in {removers(before, e): before.spared(e) for e in proposed}.values():
            served = solve(start, [*earlier, *choices])
            if served is not None:
                return served
    return None

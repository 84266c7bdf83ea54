"""Reach of endpoints that stand for any model: what guards allow, of requests whose route passes names on to them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from gateway.catalog.facts import Endpoint
from gateway.policy.analysis.class_words import request_class
from gateway.policy.analysis.classes import largest, removers, widest
from gateway.policy.analysis.lint import Rules
from gateway.policy.analysis.request_space import NAME, Box
from gateway.policy.analysis.satisfiability import Choice, meet
from gateway.policy.rules import Route

Blocker = tuple[Box, Sequence[Choice]]  # requests that did not get there, of those that meet the choices


def gained(
    before: Rules, after: Rules, was: Endpoint | None, endpoint: Endpoint
) -> Iterable[tuple[Box, dict[str, Any]]]:
    """Maximal classes of requests that get there by a route of `after`, and did not under `before`."""
    space, spared = after.space, after.spared(endpoint)
    named = meet(space.everything, space.passed(after.policy))
    boxes = []
    for place, route in enumerate(after.policy.routes):
        if named is None or not _passes(route, endpoint):
            continue
        for blocker, choices in _blockers(before, was):
            start = meet(named, after.routes[place])
            start = meet(start, blocker) if start is not None else None
            box = widest(start, [*after.before(place), *spared, *choices])
            boxes += [box] if box is not None else []
    for box in largest(boxes):
        yield box, request_class(box, space)


def _blockers(before: Rules, was: Endpoint | None) -> list[Blocker]:
    """What kept requests away: a guard, or a route that passed nothing on."""
    if was is None:
        return [({}, [])]
    elsewhere = ~before.space.passed(before.policy)[NAME] & before.space.full(NAME)  # it was a name of something
    routes = [place for place, route in enumerate(before.policy.routes) if not _passes(route, was)]
    return [
        ({NAME: elsewhere}, []),
        *((before.guards[place], []) for place in removers(before, was)),
        *((before.routes[place], before.before(place)) for place in routes),
    ]


def _passes(route: Route, endpoint: Endpoint) -> bool:
    return any(item.passes and item.mask >> endpoint.index & 1 for item in route.items)

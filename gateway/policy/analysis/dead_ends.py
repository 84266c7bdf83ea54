"""Classes of request for which guards leave a route nothing: few guards that together remove all it proposes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gateway.policy.analysis.request_space import Box, Space
from gateway.policy.analysis.satisfiability import failing, meet, solve
from gateway.policy.compiled import Policy
from gateway.policy.rules import Guard, Route

_EFFORT = 4000  # boxes looked at for one route
Stranded = tuple[Route, Box, tuple[Guard, ...]]


def stranded(
    policy: Policy, space: Space, guards: Sequence[Box], routes: Sequence[Box], *, most: int
) -> list[Stranded]:
    """Up to `most` classes, each with the fewest guards that make it; capability is left out of it."""
    found: list[Stranded] = []
    seen: list[frozenset[int]] = []
    for place, route in enumerate(policy.routes):
        proposed = _proposed(route)
        start = meet(space.everything, routes[place])
        if start is None or not proposed:
            continue
        before = [failing(earlier, space) for earlier in routes[:place]]
        for chosen, box in _covers(policy, guards, start, proposed):
            if any(smaller <= chosen for smaller in seen):
                continue
            solved = solve(box, before)
            if solved is not None:
                seen.append(chosen)
                found.append((route, solved, tuple(policy.guards[index] for index in sorted(chosen))))
            if len(found) >= most:
                return found
        seen.clear()
    return found


def _proposed(route: Route) -> int:
    bits = 0
    for item in route.items:
        bits |= 0 if item.passes else item.mask  # that is proposed for other names alone
    return bits


def _covers(policy: Policy, guards: Sequence[Box], start: Box, proposed: int) -> Iterator[tuple[frozenset[int], Box]]:
    """Sets of guards that can apply together and remove all that is proposed, the smallest first."""
    useful = [index for index, guard in enumerate(policy.guards) if guard.removes & proposed]
    useful.sort(key=lambda index: -(policy.guards[index].removes & proposed).bit_count())
    layer: list[tuple[tuple[int, ...], Box, int]] = [((), start, proposed)]
    effort = 0
    while layer:
        deeper = []
        for chosen, box, left in layer:
            for place in range(chosen[-1] + 1 if chosen else 0, len(useful)):
                removed = policy.guards[useful[place]].removes & left
                effort += 1
                if effort > _EFFORT:
                    return
                met = meet(box, guards[useful[place]]) if removed else None
                if met is None:
                    continue
                if removed == left:
                    yield frozenset(useful[index] for index in (*chosen, place)), met
                else:
                    deeper.append(((*chosen, place), met, left & ~removed))
        layer = deeper

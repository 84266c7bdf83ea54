"""Classes of requests as large as they can be told."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.catalog.facts import Endpoint
from gateway.policy.analysis.lint import Rules
from gateway.policy.analysis.request_space import Box
from gateway.policy.analysis.satisfiability import Choice, solve


def removers(rules: Rules, endpoint: Endpoint) -> tuple[int, ...]:
    """Places of the guards that remove it."""
    bit = endpoint.index
    return tuple(place for place, guard in enumerate(rules.policy.guards) if guard.removes >> bit & 1)


def widest(start: Box | None, choices: Sequence[Choice]) -> Box | None:
    """As much of `start` as meets every choice in one way; None if nothing does."""
    found = solve(start, choices) if start is not None else None
    if start is None or found is None:
        return None
    box = dict(start)
    for choice in choices:
        if any(not box[variable] & ~mask for variable, mask in choice):
            continue
        variable, mask = next((v, m) for v, m in choice if not found[v] & ~m)
        box[variable] &= mask
    return box


def largest(boxes: Sequence[Box]) -> list[Box]:
    """Without those that lie inside another."""
    kept: list[Box] = []
    for box in boxes:
        if not any(_within(box, other) for other in kept):
            kept = [other for other in kept if not _within(other, box)] + [box]
    return kept


def _within(box: Box, other: Box) -> bool:
    return all(not mask & ~other[variable] for variable, mask in box.items())

"""Is there a request inside this box that satisfies one of each of these choices? Small and exact."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.policy.analysis.request_space import Box, Space

Choice = Sequence[tuple[str, int]]  # at least one of these masks must hold, each on its variable


def failing(rule: Box, space: Space) -> Choice:
    """The ways in which a rule does not apply; none if it always does."""
    return [(variable, space.full(variable) & ~mask) for variable, mask in rule.items()]


def meet(one: Box, other: Box) -> Box | None:
    """What two boxes have in common; None if nothing."""
    met = dict(one)
    for variable, mask in other.items():
        met[variable] = met.get(variable, -1) & mask
        if not met[variable]:
            return None
    return met


def solve(box: Box, choices: Sequence[Choice]) -> Box | None:
    """A box inside `box` in which every choice is met; None if there is none."""
    if not all(box.values()):
        return None
    open_choices = []
    for choice in choices:
        possible = [(variable, mask & box.get(variable, -1)) for variable, mask in choice]
        possible = [(variable, mask) for variable, mask in possible if mask]
        if not possible:
            return None
        if not any(mask == box.get(variable) for variable, mask in possible):
            open_choices.append(possible)
    if not open_choices:
        return box
    tightest = min(open_choices, key=len)
    rest = [choice for choice in open_choices if choice is not tightest]
    for variable, mask in tightest:
        found = solve(box | {variable: mask}, rest)
        if found is not None:
            return found
    return None

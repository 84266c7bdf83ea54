"""Freezing: selectors that remove endpoints from every decision, like a guard named `freeze:<selector>`."""

from __future__ import annotations

from functools import lru_cache

from gateway.policy.compiled import Policy
from gateway.policy.evaluate import removal
from gateway.policy.rules import FactTest, Term

Frozen = tuple[tuple[str, str], ...]


def freeze_mask(policy: Policy, frozen: Frozen) -> int:
    """What all of them remove."""
    bits = 0
    for selector, value in frozen:
        bits |= removed_by_freeze(policy, selector, value)
    return bits


@lru_cache(maxsize=256)
def removed_by_freeze(policy: Policy, selector: str, value: str) -> int:
    """As `never: {<selector>: value}` would; an endpoint of which the fact is not known goes too."""
    fact = "lists" if selector == "list" else selector
    return removal((), [FactTest(fact, Term(frozenset({value})))], policy.endpoints)


def freeze_name(selector: str, value: str) -> str:
    """How a freeze is called where guards are named."""
    return f"freeze:{selector}={value}"

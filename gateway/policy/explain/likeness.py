"""Which requests a policy cannot tell apart but by their length: the same guards, route and candidates. Pure."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Hashable, Mapping
from itertools import chain
from typing import Any

from gateway.policy.compiled import Policy
from gateway.policy.rules import Clause
from gateway.signals.table import SIGNALS

# What is read beside the clauses: to see who can serve, whom a route names, and by what is learned of endpoints.
_ALWAYS = frozenset({"kind", "needs", "model", "topic", "language", "effort", "team", "tokens"})
_NUMBERS = frozenset({name for name, signal in SIGNALS.items() if signal.form == "number"})
_OF_CALLER = frozenset({"team", "app"})  # a record keeps these apart from its signals


class Likeness:
    """Of one policy."""

    __slots__ = ("_bounds", "_words")

    def __init__(self, policy: Policy):
        clauses = [
            *chain.from_iterable([guard.when for guard in policy.guards] + [route.when for route in policy.routes])
        ]
        read = {clause.signal for clause in clauses} | _ALWAYS
        self._words = tuple(sorted(read - _NUMBERS - _OF_CALLER))
        self._bounds = tuple([(name, _bounds(name, clauses, policy)) for name in sorted(read & _NUMBERS)])

    def of(self, signals: Mapping[str, Any]) -> Hashable:
        """The same for all signals of a record that every rule reads alike; lists stand for sets."""
        get = signals.get
        words = [tuple(value) if type(value) is list else value for value in map(get, self._words)]
        return tuple(words), tuple([_place(get(name), bounds) for name, bounds in self._bounds])


def _bounds(name: str, clauses: list[Clause], policy: Policy) -> tuple[float, ...]:
    terms = [clause.term for clause in clauses if clause.signal == name]
    found = {float(bound) for term in terms for _, bound in term.bounds}
    found |= {float(value) for term in terms for value in term.values if isinstance(value, (int, float))}
    return tuple(sorted(found | (set(map(float, policy.capability.contexts)) if name == "tokens" else set())))


def _place(value: object, bounds: tuple[float, ...]) -> Hashable:
    """Below, at or above each of the bounds."""
    if type(value) in (int, float):
        number = float(value)  # type: ignore[arg-type]
        return bisect_left(bounds, number), bisect_right(bounds, number)
    return value

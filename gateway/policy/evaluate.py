"""Tests on facts: true, false or unknown (None) of each endpoint, folded into masks; unknown never helps."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Literal

from gateway.catalog.facts import Endpoint, Members
from gateway.catalog.table import Known, fact
from gateway.policy.rules import FactTest, Term, glob, path_glob
from gateway.signals.value import Value

Truth = bool | None
Mode = Literal["only", "never"]
_OPERATORS: dict[str, Callable[[float, float], bool]] = {
    "below": float.__lt__,
    "above": float.__gt__,
    "at_least": float.__ge__,
    "at_most": float.__le__,
}


def truth(term: Term, known: Known, mode: Mode) -> Truth:
    """One test on one fact; `mode` matters for sets: every member must pass in `only`, one is enough in `never`."""
    if isinstance(known, Members):
        return _of_set(term, known, mode)
    if known is None:
        return None
    if term.bounds:
        return within(float(known), term.bounds)
    return (known in term.values) is not term.negated


def within(number: float, bounds: Iterable[tuple[str, float]]) -> bool:
    """True if the number is inside all bounds."""
    return all(_OPERATORS[name](number, bound) for name, bound in bounds)


def _of_set(term: Term, known: Members, mode: Mode) -> Truth:
    unknown = False if known.complete else None
    if term.has:
        return True if term.values <= known.known else unknown
    passing = known.known - term.values if term.negated else known.known & term.values
    if mode == "never":
        return True if passing else unknown
    if len(passing) < len(known.known):
        return False
    return True if known.complete else None


def keeps(tests: Sequence[FactTest], endpoint: Endpoint) -> bool:
    """`only`: true if every test is true."""
    return all(truth(test.term, fact(endpoint, test.fact), "only") is True for test in tests)


def strikes(tests: Sequence[FactTest], endpoint: Endpoint) -> bool:
    """`never`: true unless at least one test is false."""
    return not any(truth(test.term, fact(endpoint, test.fact), "never") is False for test in tests)


def mask(endpoints: Iterable[Endpoint]) -> int:
    """One bit an endpoint."""
    bits = 0
    for endpoint in endpoints:
        bits |= 1 << endpoint.index
    return bits


def removal(only: Sequence[FactTest], never: Sequence[FactTest], endpoints: Sequence[Endpoint]) -> int:
    """What a guard with these parts removes; an absent part removes nothing."""
    gone = [e for e in endpoints if (only and not keeps(only, e)) or (never and strikes(never, e))]
    return mask(gone)


def holds(term: Term) -> Callable[[Value], bool]:
    """The test on a signal, as fast as it can be asked; for any known value it answers true or false."""
    positive = _positive(term)
    return (lambda value: not positive(value)) if term.negated else positive


def _positive(term: Term) -> Callable[[Value], bool]:
    if term.bounds:
        return _bounded(term.bounds)
    if term.globs:
        return _matching(term)
    values = term.values

    def among(value: Value) -> bool:
        return not values.isdisjoint(value) if isinstance(value, frozenset) else value in values

    return among


def _bounded(bounds: Sequence[tuple[str, float]]) -> Callable[[Value], bool]:
    if len(bounds) > 1:
        return lambda value: isinstance(value, (int, float)) and within(float(value), bounds)
    operator, bound = _OPERATORS[bounds[0][0]], bounds[0][1]
    return lambda value: isinstance(value, (int, float)) and operator(float(value), bound)


def _matching(term: Term) -> Callable[[Value], bool]:
    patterns = tuple((path_glob if term.paths else glob)(pattern) for pattern in term.globs)
    values = term.values

    def matches(value: Value) -> bool:
        if isinstance(value, frozenset):
            return any(matches(member) for member in value)
        return value in values or (isinstance(value, str) and any(pattern.match(value) for pattern in patterns))

    return matches

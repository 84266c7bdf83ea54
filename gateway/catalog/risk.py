"""From facts to low, medium or high by the factors of risk.yaml: a factor counts unless it is known not to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import cast

from gateway.catalog.facts import Endpoint, Members, Risk
from gateway.catalog.rows import Factor
from gateway.catalog.table import FACTS, Known

_BOUNDS = frozenset({"above", "below"})
_OPERATIONS = frozenset({"has", "has_none", "not_has", "not"})
Truth = bool | None  # None is unknown

READ: Mapping[str, Callable[[Endpoint], Known]] = {
    **{name: row.read for name, row in FACTS.items() if row.read is not None and name != "risk"},
    "operator_lists": lambda endpoint: endpoint.operator.lists,
    "weights_lists": lambda endpoint: endpoint.model.lab_lists,
}


def assess(endpoint: Endpoint, factors: Sequence[Factor]) -> tuple[Risk, tuple[str, ...]]:
    """The level, and the ids of the factors that count; `?` after those that count for want of a fact."""
    counted = [(factor, truth) for factor in factors if (truth := holds(endpoint, factor)) is not False]
    levels = {factor.level for factor, _ in counted}
    level: Risk = "high" if "high" in levels else "medium" if "medium" in levels else "low"
    return level, tuple(factor.id if truth else f"{factor.id}?" for factor, truth in counted)


def holds(endpoint: Endpoint, factor: Factor) -> Truth:
    """All its tests together: false if one is, unknown if one is and none is false."""
    truths = [test(READ[name](endpoint), wanted) for name, wanted in factor.when.items()]
    return False if False in truths else None if None in truths else True


def testable(wanted: object) -> bool:
    """True for what `test` understands."""
    if isinstance(wanted, dict):
        bounds = [argument for name, argument in wanted.items() if name in _BOUNDS]
        others = [argument for name, argument in wanted.items() if name not in _BOUNDS]
        known = bool(wanted) and wanted.keys() <= _BOUNDS | _OPERATIONS
        return known and all(map(_is_number, bounds)) and all(map(_is_plain, others))
    return _is_plain(wanted)


def _is_plain(value: object) -> bool:
    return all(isinstance(each, str | int | float) for each in (value if isinstance(value, list) else [value]))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def test(value: Known, wanted: object) -> Truth:
    """One test of a factor: a value, a list (any of), or {has, has_none, above, below, not_has: …}."""
    if isinstance(wanted, dict):
        return _all([_operation(value, name, argument) for name, argument in wanted.items()])
    words = wanted if isinstance(wanted, list) else [wanted]
    if isinstance(value, Members):
        return _any_member(value, frozenset(map(str, words)))
    return None if value is None else value in words


def _operation(value: Known, name: str, argument: object) -> Truth:
    if isinstance(value, Members):
        words = frozenset(map(str, argument if isinstance(argument, list) else [argument]))
        found = _any_member(value, words)
        return found if name == "has" else None if found is None else not found
    if value is None:
        return None
    if name == "not":
        return value != argument
    if not _is_number(value):
        return None
    number, bound = float(cast(float, value)), float(cast(float, argument))
    return number > bound if name == "above" else number < bound


def _any_member(value: Members, words: frozenset[str]) -> Truth:
    if value.known & words:
        return True
    return False if value.complete else None


def _all(truths: Sequence[Truth]) -> Truth:
    return False if False in truths else None if None in truths else True

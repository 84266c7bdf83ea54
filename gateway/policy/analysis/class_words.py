"""What the requests of a box have in common, by signal, so that no value stands silently for others. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gateway.policy.analysis.request_space import NAME, SOMEBODYS, WHO, Box, Space
from gateway.policy.explain.serialize import plain_signal
from gateway.signals.table import SIGNALS
from gateway.signals.value import UNKNOWN, Value

OTHERS = "any other"


def request_class(box: Box, space: Space, policy: int = -1) -> dict[str, Any]:
    """By signal, its values there: one as it is, several as a list; absent if it can be anything.

    Of numbers ranges, of sets what must be in them or must not, of words also `any other`.
    """
    found: dict[str, Any] = {}
    for variable, cells in space.cells.items():
        mask = box.get(variable, -1) & space.full(variable)
        if mask == space.full(variable):
            continue
        inside = [cell[policy] for place, cell in enumerate(cells) if mask >> place & 1]
        if variable in (WHO, NAME):
            found |= _shared(inside, [cell[policy] for cell in cells], space)
        else:
            found[variable] = _told(variable, mask, [cell[policy][variable] for cell in cells], space)
    if "model" in found:
        names = [name for name, place in space.names.items() if box[NAME] >> place & 1]
        found["model"] = _one([name for name in names if name != SOMEBODYS] + ([OTHERS] if SOMEBODYS in names else []))
    return found


def _shared(
    inside: Sequence[Mapping[str, Value]], everywhere: Sequence[Mapping[str, Value]], space: Space
) -> dict[str, Any]:
    found = {}
    for name in inside[0]:
        here = list(dict.fromkeys(signals[name] for signals in inside))
        if len(here) < len({signals[name] for signals in everywhere}):
            found[name] = _words(name, here, space)
    return found


def _told(name: str, mask: int, values: Sequence[Value], space: Space) -> Any:
    inside = [value for place, value in enumerate(values) if mask >> place & 1]
    form = SIGNALS[name].form
    if form == "number":
        known = [value for value in values if isinstance(value, int | float)]
        ranges: list[Any] = list(_ranges(mask, known))
        return _one(ranges + (["unknown"] if UNKNOWN in inside else []))
    if form == "set":
        return _sets([value for value in inside if isinstance(value, frozenset)], values) + (
            ["unknown"] if UNKNOWN in inside else []
        )
    return _words(name, inside, space)


def _words(name: str, values: Sequence[Value], space: Space) -> Any:
    other = space.others.get(name)
    named = [plain_signal(name, value) for value in values if other is None or value != other]
    return _one(named + ([OTHERS] if len(named) < len(values) else []))


def _one(values: list[Any]) -> Any:
    return values[0] if len(values) == 1 else values


def _ranges(mask: int, values: Sequence[float]) -> Iterator[str]:
    """`values`: every constant, and between each two and beyond the last a number that stands for all there."""
    place = 0
    while place < len(values):
        if not mask >> place & 1:
            place += 1
            continue
        first = place
        while place < len(values) and mask >> place & 1:
            place += 1
        yield _range(first, place - 1, values)


def _range(first: int, last: int, values: Sequence[float]) -> str:
    """Those of even places are constants."""
    if first == last and first % 2 == 0:
        return f"{values[first]}"
    low = "" if first == 0 else f"above {values[first - 1]}" if first % 2 else f"at least {values[first]}"
    if last == len(values) - 1 and last % 2:
        return low or "any"
    high = f"below {values[last + 1]}" if last % 2 else f"at most {values[last]}"
    return f"{low} and {high}" if low else high


def _sets(inside: Sequence[frozenset[str]], everywhere: Sequence[Value]) -> list[str]:
    """The least that is in them; where that is nothing, what is in none of them."""
    least = [each for each in inside if not any(other < each for other in inside)]
    if frozenset() not in least:
        return [" and ".join(sorted(each)) for each in least]
    named = frozenset().union(*(value for value in everywhere if isinstance(value, frozenset)))
    absent = sorted(named - frozenset().union(*inside))
    return [f"none of {', '.join(absent)}"] if absent else [" and ".join(sorted(each)) or "none" for each in inside]

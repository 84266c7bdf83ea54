"""One request out of a box, and a box in words: only what differs from an empty request is told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.policy.analysis.request_space import NAME, WHO, Box, Space
from gateway.policy.explain.serialize import plain_signal
from gateway.signals.table import SIGNALS, empty_signals
from gateway.signals.value import Value

Signals = dict[str, Value]


def witness(box: Box, space: Space, policy: int = -1) -> Signals:
    """The plainest request inside the box, as the given policy sees it."""
    signals = dict(empty_signals())
    for variable, cells in space.cells.items():
        signals |= cells[_first(box.get(variable, -1))][policy]
    return signals


def _first(mask: int) -> int:
    return (mask & -mask).bit_length() - 1


def request_class(box: Box, space: Space, policy: int = -1) -> dict[str, Any]:
    """What the requests of the box have in common: by signal, its values there; absent if it can be anything."""
    found: dict[str, Any] = {}
    for variable, cells in space.cells.items():
        mask = box.get(variable, -1) & space.full(variable)
        if mask == space.full(variable):
            continue
        inside = [cell[policy] for place, cell in enumerate(cells) if mask >> place & 1]
        if variable in (WHO, NAME):
            found |= _shared(inside, [cell[policy] for cell in cells])
        else:
            found[variable] = _values(variable, [signals[variable] for signals in inside])
    return found


def _shared(inside: list[Mapping[str, Value]], everywhere: list[Mapping[str, Value]]) -> dict[str, Any]:
    found = {}
    for name in inside[0]:
        here = list(dict.fromkeys(signals[name] for signals in inside))
        if len(here) < len({signals[name] for signals in everywhere}):
            found[name] = _values(name, here)
    return found


def _values(name: str, values: list[Value]) -> Any:
    """One value as it is, several as a list; of a set signal the plainest stands for all."""
    shown = [plain_signal(name, value) for value in (values[:1] if SIGNALS[name].form == "set" else values)]
    return shown[0] if len(shown) == 1 else shown


def plain_witness(signals: Signals) -> dict[str, Any]:
    """Without what an empty request has anyway."""
    return {name: plain_signal(name, value) for name, value in signals.items() if value != empty_signals()[name]}


def described(box: Box, space: Space, policy: int = -1) -> str:
    """The plainest request of the box, in a sentence."""
    told = plain_witness(witness(box, space, policy))
    if not told:
        return "a plain request"
    return "a request with " + ", ".join(f"{name} {_word(value)}" for name, value in told.items())


def _word(value: Any) -> str:
    if isinstance(value, list):
        return " and ".join(map(str, value)) or "empty"
    return str(value).lower() if isinstance(value, bool) else str(value)

"""One request out of a box; only what differs from an empty request is told."""

from __future__ import annotations

from typing import Any

from gateway.policy.analysis.request_space import Box, Space
from gateway.policy.explain.serialize import plain_signal
from gateway.signals.table import empty_signals
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

"""Does a reply match one of the ways in which vendors say no? Pure; the ways themselves are data."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from gateway.catalog.paths import values_at
from gateway.catalog.rows import Condition, ModerationSignal


def classify(
    signals: Sequence[ModerationSignal], *, operator: str, status: int, body: object, text: str
) -> ModerationSignal | None:
    """The first signal of this operator, then of any, that the reply matches.

    `body` is the parsed JSON (None if it is none), `text` the body as text; a stream's chunks may be given one by one.
    """
    own = (signal for signal in signals if operator in signal.operators)
    others = (signal for signal in signals if not signal.operators)
    for signal in (*own, *others):
        if matches(signal, status=status, body=body, text=text):
            return signal
    return None


def matches(signal: ModerationSignal, *, status: int, body: object, text: str) -> bool:
    """True if status and every condition fit; a signal without conditions is told by its status alone."""
    if signal.confidence == "unknown" or not (signal.conditions or signal.statuses):
        return False
    if signal.statuses and status not in signal.statuses:
        return False
    return all(_shows(condition, body, text) for condition in signal.conditions)


def _shows(condition: Condition, body: object, text: str) -> bool:
    if condition.path == "text":
        return _fits(condition, [text])
    return _fits(condition, values_at(body, condition.path.split(".")))


def _fits(condition: Condition, values: Iterable[object]) -> bool:
    if condition.present:
        return any(value is not None for value in values)
    if condition.pattern is not None:
        return any(isinstance(value, str) and condition.pattern.search(value) for value in values)
    return any(_spelled(value) in condition.values for value in values if value is not None)


def _spelled(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def condition(path: str, wanted: str | Sequence[str]) -> Condition:
    """From a row: `*` is anything but null, `~…` a regular expression, else the value or one of the values."""
    if wanted == "*":
        return Condition(path, present=True)
    if isinstance(wanted, str) and wanted.startswith("~"):
        return Condition(path, pattern=re.compile(wanted[1:]))
    return Condition(path, values=frozenset([wanted] if isinstance(wanted, str) else wanted))

"""What a signal may be worth; `UNKNOWN` never helps a request."""

from __future__ import annotations

from enum import Enum
from typing import Final


class Unknown(Enum):
    """A signal that could not be computed or read. Every test on it is true in a guard's `when`, false in a route's."""

    UNKNOWN = "unknown"

    def __repr__(self) -> str:
        return "unknown"


UNKNOWN: Final = Unknown.UNKNOWN

Value = str | int | float | bool | frozenset[str] | None | Unknown  # None: absent, equal to nothing (a tag, a language)
Signals = dict[str, Value]  # by name

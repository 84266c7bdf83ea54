"""Numbers and words of a decoded body, read as leniently as vendors do: what cannot be read counts as not said."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated

import msgspec

# Less would make what it may cost negative, more fits no database.
_COUNT = msgspec.json.Decoder(Annotated[int, msgspec.Meta(ge=0, le=2**53)] | None)
_WHOLE = msgspec.json.Decoder(Annotated[float, msgspec.Meta(ge=0, le=2**53)])
MOST = 2**40  # of anything that one request asks for


def number(fields: Mapping[str, object], name: str, usual: int = 1) -> int:
    """A whole number from 1 up, at most MOST; forms hold it as a text, which vendors read with blanks around it too."""
    value = fields.get(name)
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return usual
    if isinstance(value, int | float) and not isinstance(value, bool) and value >= 1:
        return int(min(value, MOST))
    return usual


def word(fields: Mapping[str, object], name: str) -> str:
    """Empty if it is not a short plain word."""
    value = fields.get(name)
    if isinstance(value, str) and len(value) <= 16 and value.isascii() and value.isalnum():
        return value.lower()
    return ""


def whole_number(written: msgspec.Raw) -> int | None:
    """A whole number, also one that is written with a point: `100.0`. Raises msgspec.DecodeError."""
    try:
        count: int | None = _COUNT.decode(written)
    except msgspec.DecodeError:
        number: float = _WHOLE.decode(written)
        if not number.is_integer():
            raise
        count = int(number)
    return count


def characters(value: object) -> int:
    """Of a text or a list of texts."""
    if isinstance(value, str):
        return len(value)
    return sum(map(characters, value)) if isinstance(value, Iterable) and not isinstance(value, dict) else 0


class Decoded(Mapping[str, object]):
    """The fields of a body, each decoded when it is asked for; None where that cannot be."""

    def __init__(self, fields: Mapping[str, msgspec.Raw]):
        self._fields = fields

    def __getitem__(self, name: str) -> object:
        try:
            return msgspec.json.decode(self._fields[name])
        except (msgspec.DecodeError, RecursionError):
            return None

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

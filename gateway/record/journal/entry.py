"""A record with its words looked up: what readers of the journal see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import cast

import msgspec

from gateway.record.journal.record import Order, Place, Record, Ref, Removal, Terms, Tried, Word

_json = msgspec.json.Encoder(order="deterministic").encode


class Removed:
    """What guards and freezes removed; the same object for all records of a segment that say the same."""

    def __init__(self, told: Removal, places: Mapping[Ref, object]):
        self._rows = [(cast(Place, places[ref]), names) for ref, names in told.removed]

    @cached_property
    def by_endpoint(self) -> dict[str, Sequence[str]]:
        """Endpoint id to the guards and freezes that removed it."""
        return {place.endpoint: names for place, names in self._rows}

    @cached_property
    def json(self) -> str:
        return _json(self.by_endpoint).decode()

    @cached_property
    def origins(self) -> tuple[tuple[str, str], ...]:
        """Each guard or freeze, with each origin of what it removed."""
        return tuple(dict.fromkeys((name, place.origin or "unknown") for place, names in self._rows for name in names))


class Ordered:
    """The endpoints that a decision named."""

    def __init__(self, told: Order, places: Mapping[Ref, object]):
        self._places = [cast(Place, places[ref]) for ref in told.endpoints]

    @cached_property
    def ids(self) -> tuple[str, ...]:
        return tuple([place.endpoint for place in self._places])

    @cached_property
    def json(self) -> str:
        return _json(self.ids).decode()


def resolved(word: Word, known: Mapping[Ref, object]) -> object:
    """What records refer to."""
    if isinstance(word, Removal):
        return Removed(word, known)
    return Ordered(word, known) if isinstance(word, Order) else word


@dataclass(slots=True, eq=False)
class Entry:
    """One record of a journal."""

    record: Record
    words: Mapping[Ref, object]
    journal: str = ""  # whose: its uuid

    def place(self, tried: Tried) -> Place:
        """Where that attempt went."""
        return cast(Place, self.words[tried.place])

    @property
    def terms(self) -> Terms | None:
        """The policy; None if it was stopped before a decision, as with all the others."""
        return cast(Terms, self.words[self.record.decided.terms]) if self.record.decided else None

    @property
    def removed(self) -> Removed | None:
        return cast(Removed, self.words[self.record.decided.removal]) if self.record.decided else None

    @property
    def order(self) -> Ordered | None:
        return cast(Ordered, self.words[self.record.decided.order]) if self.record.decided else None

    @property
    def served_by(self) -> Tried | None:
        """The last serving attempt, if any was made."""
        for attempt in reversed(self.record.attempts):
            if attempt.purpose in ("serve", "canary"):
                return attempt
        return None

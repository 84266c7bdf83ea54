"""A record with its words looked up: what readers of the journal see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import msgspec

from gateway.outcome.priced import Priced
from gateway.record.journal.record import Order, Place, Record, Ref, Removal, Terms, Tried, Word

Words = Mapping[Ref, Any]  # what records of a segment refer to: each reference says by its place what it is
_json = msgspec.json.Encoder(order="deterministic").encode


class Removed:
    """What guards and freezes removed; the same object for all records of a segment that say the same."""

    def __init__(self, told: Removal, places: Words):
        self._rows = [(places[ref], names) for ref, names in told.removed]

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

    def __init__(self, told: Order, places: Words):
        self._places = [places[ref] for ref in told.endpoints]

    @cached_property
    def ids(self) -> tuple[str, ...]:
        return tuple([place.endpoint for place in self._places])

    @cached_property
    def json(self) -> str:
        return _json(self.ids).decode()


def resolved(word: Word, known: Words) -> object:
    """What records refer to."""
    if isinstance(word, Removal):
        return Removed(word, known)
    return Ordered(word, known) if isinstance(word, Order) else word


@dataclass(slots=True, eq=False)
class Entry:
    """One record of a journal."""

    record: Record
    words: Words
    journal: str = ""  # whose: its uuid
    segment: int = 0  # of that journal
    offset: int = 0  # where it begins in the segment
    priced: Priced | None = None  # what it was worth; None: nothing is known, or `is_priced` is False
    is_priced: bool = False

    def place(self, tried: Tried) -> Place:
        """Where that attempt went."""
        place: Place = self.words[tried.place]
        return place

    @property
    def terms(self) -> Terms | None:
        """The policy; None if it was stopped before a decision, as with all the others."""
        decided = self.record.decided
        return self.words[decided.terms] if decided else None

    @property
    def removed(self) -> Removed | None:
        decided = self.record.decided
        return self.words[decided.removal] if decided else None

    @property
    def order(self) -> Ordered | None:
        decided = self.record.decided
        return self.words[decided.order] if decided else None

    @property
    def kept_place(self) -> str | None:
        """The endpoint whose answer was given again; None if none was."""
        kept = self.record.kept
        return None if kept is None else self.words[kept.place].endpoint

    @property
    def served_by(self) -> Tried | None:
        """The last serving attempt, if any was made."""
        for attempt in reversed(self.record.attempts):
            if attempt.purpose in ("serve", "canary"):
                return attempt
        return None

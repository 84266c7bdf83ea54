"""Reads all journals of a state folder in order, each from where this reader was; nothing twice, nothing half."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from gateway.record.journal.entry import Entry
from gateway.record.journal.layout import FOLDER, Unreadable, header_of, journals, segment_name, segment_numbers
from gateway.record.journal.tail import START, Position, Shared, Tail

MOST = 1_000  # records of a batch
Positions = dict[str, Position]  # by the journal's uuid


@dataclass(slots=True)
class Batch:
    """What was read at once."""

    entries: list[Entry] = field(default_factory=list)
    before: Positions = field(default_factory=dict)  # of the journals that were read on
    after: Positions = field(default_factory=dict)
    lost: dict[str, int] = field(
        default_factory=dict
    )  # by journal: records that a crash of the machine left unreadable


class Reader:
    """One reader's way through the journals."""

    def __init__(self, state_dir: Path, positions: Mapping[str, Position] | None = None, shared: Shared | None = None):
        """`shared`: by readers of one process."""
        self._shared = shared
        self._folder = state_dir / FOLDER
        self._positions: Positions = dict(positions or {})
        self._tails: dict[str, Tail] = {}

    @property
    def positions(self) -> Positions:
        """How far it has read; of journals that are there."""
        return {name: tail.position for name, tail in self._tails.items()}

    def read(self, most: int = MOST) -> Batch:
        """The next records, by journal in order; without any if there are none. Raises OSError."""
        batch = Batch()
        tails = self._look()
        share = max(1, most // max(1, len(tails)))
        for name, tail in tails.items():
            before = tail.position
            entries, lost = tail.read(share)
            if tail.position != before:
                batch.before[name], batch.after[name] = before, tail.position
                batch.entries += entries
            if lost:
                batch.lost[name] = lost
        return batch

    def behind(self) -> int:
        """How many frames wait to be read. Raises OSError."""
        return sum(tail.behind() for tail in self._look().values())

    def close(self) -> None:
        for tail in self._tails.values():
            tail.close()
        self._tails.clear()

    def finished(self) -> frozenset[str]:
        """Journals whose worker is gone and that are read to the end."""
        return frozenset(name for name, tail in self._tails.items() if tail.finished)

    def _look(self) -> dict[str, Tail]:
        there = {path.name: path for path in journals(self._folder)}
        for name in self._tails.keys() - there.keys():
            self._tails.pop(name).close()
        for name, path in there.items():
            if name not in self._tails:
                self._tails[name] = Tail(path, self._positions.get(name, START), self._shared)
        return self._tails


def dropped(state_dir: Path) -> dict[str, int]:
    """How many records each journal had no room for, as its newest segment says. Raises OSError."""
    found = {}
    for journal in journals(state_dir / FOLDER):
        numbers = segment_numbers(journal)
        with suppress(Unreadable, FileNotFoundError):
            if numbers:
                found[journal.name] = header_of(journal / segment_name(numbers[-1])).dropped
    return found

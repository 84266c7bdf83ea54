"""The rows that a report or a replay reads: of a JSONL file, of a database, or of this gateway's own ledger."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

import msgspec

from gateway.outcome.row import Row, read_line
from gateway.record.shape import Json
from gateway.record.store import SQLITE, LedgerUnusable, Store, open_store
from gateway.settings import Settings


def recorded(where: str | None, *, settings: Settings, since: float = 0.0) -> Iterable[Row]:
    """Requests received since then, each time anew. `where`: a file, a database URL, or None for our own ledger.

    Iterating raises LedgerUnusable.
    """
    if where is None or "://" in where:
        return _Stored(where or settings.database_url, settings.state_dir, since)
    return _Lines(Path(where), since)


class _Lines:
    """Of a file, one request a line."""

    def __init__(self, path: Path, since: float):
        self._path = path
        self._since = since

    def __iter__(self) -> Iterator[Row]:
        try:
            with open(self._path, "rb") as file:
                yield from self._read(file)
        except OSError as wrong:
            raise LedgerUnusable(f"the ledger {self._path} cannot be read: {wrong.strerror}") from None

    def _read(self, lines: Iterable[bytes]) -> Iterator[Row]:
        for number, line in enumerate(lines, 1):
            if line.isspace():
                continue
            try:
                row = read_line(line)
            except msgspec.DecodeError as wrong:
                raise LedgerUnusable(f"{self._path}:{number} is no ledger row: {wrong}") from None
            if row.received_at >= self._since:
                yield row


class _Stored:
    """Of a database."""

    def __init__(self, database_url: str | None, state_dir: Path, since: float):
        self._database_url = database_url
        self._state_dir = state_dir
        self._since = since

    def __iter__(self) -> Iterator[Row]:
        with closing(existing(self._database_url, self._state_dir)) as store:
            yield from store.read(since=self._since)


def stored(database_url: str | None, state_dir: Path, since: float) -> Iterator[Json]:
    """Everything that a database holds of requests received since then. Iterating raises LedgerUnusable."""
    with closing(existing(database_url, state_dir)) as store:
        yield from store.rows(since=since)


def existing(database_url: str | None, state_dir: Path) -> Store:
    """A ledger that a gateway has made. Raises LedgerUnusable."""
    if database_url is None and not (file := state_dir / SQLITE).is_file():
        way_out = "name a ledger with --ledger, or the gateway's folder with GATEWAY_STATE_DIR"
        raise LedgerUnusable(f"there is no ledger {file}; {way_out}")
    return open_store(database_url=database_url, state_dir=state_dir)

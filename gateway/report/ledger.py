"""The rows that a report or a replay reads: of a JSONL file, of a database, or of this gateway's own ledger."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from gateway.catalog.prices import Usage
from gateway.errors import LedgerUnusable, nearest
from gateway.estimates.fold import MOST_AT_START, REMEMBERED_S
from gateway.outcome.row import MEASURING, REFUSALS, SERVING, UNJUDGED, Row, read_line
from gateway.record.shape import Json
from gateway.record.store import SQLITE, Store, Teams, open_store
from gateway.report.wilson import ENOUGH
from gateway.settings import Settings

OUTCOMES = frozenset({"answered", "truncated", *REFUSALS, *UNJUDGED})
PURPOSES = SERVING | MEASURING


def recorded(where: str | None, *, settings: Settings, since: float = 0.0, teams: Teams = None) -> Iterable[Row]:
    """Requests received since then, each time anew. `where`: a file, a database URL, or None for our own ledger.

    `teams`: of a database, only theirs.

    Iterating raises LedgerUnusable.
    """
    if where is None or "://" in where:
        return _Stored(where or settings.database_url, settings.state_dir, since, teams)
    return _Lines(Path(where), since)


class Spanned:
    """The same rows, each time anew; afterwards it says from when to when they are."""

    def __init__(self, rows: Iterable[Row]):
        self._rows = rows
        self._first: float | None = None
        self._last = 0.0

    def __iter__(self) -> Iterator[Row]:
        for row in self._rows:
            at = row.received_at
            self._first = at if self._first is None else min(self._first, at)
            self._last = max(self._last, at)
            yield row

    def __str__(self) -> str:
        if self._first is None:
            return "no requests"
        return f"requests from {_minute(self._first)} to {_minute(self._last)} UTC"


def _minute(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M")


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
                _check(row)
            except (msgspec.DecodeError, ValueError, RecursionError) as wrong:
                raise LedgerUnusable(f"{self._path}:{number} is no ledger row: {wrong}") from None
            if row.received_at >= self._since:
                yield row


def _check(row: Row) -> None:
    """What no figure could be made from. Raises ValueError."""
    if row.outcome not in OUTCOMES:
        raise ValueError(f"`outcome` is never `{row.outcome}`; {nearest(row.outcome, OUTCOMES)}")
    for number, attempt in enumerate(row.attempts, 1):
        if attempt.outcome not in OUTCOMES:
            raise ValueError(f"attempt {number}: `outcome` is never `{attempt.outcome}`")
        if attempt.purpose not in PURPOSES:
            raise ValueError(f"attempt {number}: `purpose` is never `{attempt.purpose}`")
        if attempt.cost_usd is not None and not (attempt.cost_usd.is_finite() and attempt.cost_usd >= 0):
            raise ValueError(f"attempt {number}: `cost_usd` is {attempt.cost_usd}")
        if min(_counts(attempt.tokens)) < 0:
            raise ValueError(f"attempt {number}: a count of images, sound or tokens is below 0")


def _counts(tokens: Usage) -> tuple[int, ...]:
    return (
        tokens.input_tokens,
        tokens.cached_tokens,
        tokens.cache_write_tokens,
        tokens.output_tokens,
        tokens.reasoning_tokens,
        tokens.images,
        tokens.audio_ms,
        tokens.characters,
        tokens.searches,
    )


class _Stored:
    """Of a database."""

    def __init__(self, database_url: str | None, state_dir: Path, since: float, teams: Teams):
        self._database_url = database_url
        self._state_dir = state_dir
        self._since = since
        self._teams = teams

    def __iter__(self) -> Iterator[Row]:
        with closing(existing(self._database_url, self._state_dir)) as store:
            yield from store.read(since=self._since, teams=self._teams)


def stored(database_url: str | None, state_dir: Path, since: float) -> Iterator[Json]:
    """Everything that a database holds of requests received since then. Iterating raises LedgerUnusable."""
    with closing(existing(database_url, state_dir)) as store:
        yield from store.rows(since=since)


def well_known(settings: Settings, *, now: float) -> frozenset[str]:
    """The endpoints of which our own ledger, if there is one, holds enough replies. Raises LedgerUnusable."""
    if not _exists(settings.database_url, settings.state_dir):
        return frozenset()
    with closing(existing(settings.database_url, settings.state_dir)) as store:
        counts = store.replies(since=max(now - REMEMBERED_S, store.newest_since(MOST_AT_START)))
    return frozenset(id for id, count in counts.items() if count >= ENOUGH)


def existing(database_url: str | None, state_dir: Path) -> Store:
    """A ledger that a gateway has made. Raises LedgerUnusable."""
    if not _exists(database_url, state_dir):
        way_out = "name the gateway's folder with GATEWAY_STATE_DIR, or its database with GATEWAY_DATABASE_URL"
        raise LedgerUnusable(f"there is no ledger {state_dir / SQLITE}; {way_out}")
    return open_store(database_url=database_url, state_dir=state_dir)


def _exists(database_url: str | None, state_dir: Path) -> bool:
    """A database elsewhere is taken to be there: opening it tells."""
    return database_url is not None or (state_dir / SQLITE).is_file()

"""The ledger in SQLite or PostgreSQL: written in batches, read back as rows, made to forget people."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError

from gateway.outcome.outcome import Outcome
from gateway.outcome.row import UNJUDGED, Row
from gateway.record import rows
from gateway.record.schema import ATTEMPTS, REQUESTS, NewerSchema, migrate
from gateway.record.shape import Json, row_of, shaped

SQLITE = "ledger.sqlite"  # in the state folder
_ROWS = 50  # of one INSERT
_UNJUDGED = ", ".join(f"'{outcome}'" for outcome in sorted(UNJUDGED))
_CONNECT_S = "10"  # PostgreSQL, unless the address says otherwise: a silent host is not waited for
_BUSY_MS = 10_000  # SQLite: how long one worker waits while another writes

T = TypeVar("T")
Shape: TypeAlias = Callable[[Mapping[str, Any], Sequence[Mapping[str, Any]]], T]  # of a request and its attempts


class LedgerUnusable(Exception):
    """The ledger cannot be opened; the text says which, why and the way out."""


UNREADABLE = (LedgerUnusable, SQLAlchemyError, OSError)  # what reading a ledger may raise


class Store:
    """One connection pool to one ledger; its tables exist."""

    def __init__(self, engine: Engine):
        self._engine = engine
        # Raised by `write` for what it is given, never for a database that is away or full.
        self.unwritable = (ValueError, ArithmeticError, engine.dialect.loaded_dbapi.DataError)

    def write(self, outcomes: Sequence[Outcome], *, writer: str, written: int) -> None:
        """One transaction; an outcome written twice changes nothing. `written`: by `writer` so far, these included."""
        with self._engine.begin() as connection:
            for chunk in (outcomes[start : start + _ROWS] for start in range(0, len(outcomes), _ROWS)):
                _insert(connection, "requests", REQUESTS, [rows.request_row(outcome) for outcome in chunk])
                attempts = [row for outcome in chunk for row in rows.attempt_rows(outcome)]
                _insert(connection, "attempts", ATTEMPTS, attempts)
            connection.execute(
                text(
                    "INSERT INTO writers VALUES (:writer, :written)"
                    " ON CONFLICT (writer) DO UPDATE SET written = excluded.written"
                ),
                {"writer": writer, "written": written},
            )

    def rows(self, *, since: float = 0.0, until: float | None = None) -> Iterator[Json]:
        """Every request received in [since, until), oldest first, in the shape of `--ledger FILE.jsonl`."""
        where = "r.at >= :since" + (" AND r.at < :until" if until is not None else "")
        yield from self._read(shaped, where, {"since": since} | ({"until": until} if until is not None else {}))

    def read(self, *, since: float) -> Iterator[Row]:
        """Every request received since then, oldest first."""
        yield from self._read(row_of, "r.at >= :since", {"since": since})

    def ended(self, shape: Shape[T], *, since: float, received: float, most: int, seen: Container[str]) -> Iterator[T]:
        """Requests that ended since then, but not those seen, of the newest `most` received since `received`.

        Oldest first.
        """
        newest = "SELECT request_id FROM requests WHERE at >= :received ORDER BY at DESC LIMIT :most"
        given = {"received": received, "since": since, "most": most}
        yield from self._read(shape, f"r.request_id IN ({newest}) AND r.ended_at >= :since", given, seen)

    def canaries(self, *, since: float, until: float) -> Iterator[Row]:
        """Requests received in [since, until) that a canary was asked for, oldest first."""
        asked = "SELECT request_id FROM attempts WHERE purpose = 'canary'"
        where = f"r.at >= :since AND r.at < :until AND r.request_id IN ({asked})"
        yield from self._read(row_of, where, {"since": since, "until": until})

    def give_feedback(self, request_id: str, answered: bool, at: float) -> bool:
        """Keeps what a caller says of a reply; False if it has said so before."""
        changed = self._change(
            "INSERT INTO feedback VALUES (:request_id, :at, :answered) ON CONFLICT (request_id) DO NOTHING",
            request_id=request_id, at=at, answered=answered,
        )  # fmt: skip
        return changed == 1

    def feedback(self, *, since: float) -> list[tuple[str, float, bool]]:
        """Request id, time and whether it answered, of what was said since then; oldest first."""
        with self._engine.connect() as connection:
            found = connection.execute(
                text("SELECT request_id, at, answered FROM feedback WHERE at >= :since ORDER BY at, request_id"),
                {"since": since},
            )
            return [(str(request_id), float(at), bool(answered)) for request_id, at, answered in found]

    def newest_since(self, count: int) -> float:
        """When the oldest of the newest `count` requests was received; 0.0 if there are fewer."""
        with self._engine.connect() as connection:
            found = connection.execute(
                text("SELECT at FROM requests ORDER BY at DESC LIMIT 1 OFFSET :others"), {"others": count - 1}
            ).scalar()
            return float(found or 0.0)

    def replies(self, *, since: float) -> dict[str, int]:
        """How many of each endpoint's attempts could be judged, of requests received since then."""
        statement = text(
            "SELECT a.endpoint, COUNT(*) FROM attempts a JOIN requests r ON r.request_id = a.request_id"
            f" WHERE r.at >= :since AND a.outcome NOT IN ({_UNJUDGED}) GROUP BY a.endpoint"
        )
        with self._engine.connect() as connection:
            return {str(id): int(count) for id, count in connection.execute(statement, {"since": since})}

    def row(self, request_id: str) -> Json | None:
        """The row of one request."""
        return next(self._read(shaped, "r.request_id = :request_id", {"request_id": request_id}), None)

    def forget_signals(self, *, before: float) -> int:
        """Deletes the personal signals of requests received before that time; of how many requests."""
        return self._change(
            "UPDATE requests SET personal_signals = NULL WHERE at < :before AND personal_signals IS NOT NULL",
            before=before,
        )

    def erase_key(self, key_id: str) -> int:
        """Deletes what ties requests to this key's owner and keeps their money; of how many requests."""
        return self._change(
            "UPDATE requests SET personal_signals = NULL, client_request_id = NULL, key_id = NULL"
            " WHERE key_id = :key_id",
            key_id=key_id,
        )

    def spent(self, team: str, app: str | None, *, since: float) -> Decimal:
        """US dollars of a team's requests received since then; of this app's alone, if one is named."""
        statement = "SELECT cost_usd FROM requests WHERE team = :team AND at >= :since"
        asked = {"team": team, "since": since}
        if app is not None:
            statement, asked = f"{statement} AND app = :app", asked | {"app": app}
        with self._engine.connect() as connection:
            found = connection.execute(text(statement), asked)
            return sum((Decimal(cost) for (cost,) in found), Decimal(0))

    def written(self, writer: str) -> int:
        """How many outcomes `writer` has written."""
        with self._engine.connect() as connection:
            found = connection.execute(text("SELECT written FROM writers WHERE writer = :w"), {"w": writer}).scalar()
        return int(found or 0)

    def retire(self, writer: str, *, lost: int, at: float) -> None:
        """A writer is gone; `lost` outcomes never reached the ledger."""
        with self._engine.begin() as connection:
            connection.execute(text("DELETE FROM writers WHERE writer = :writer"), {"writer": writer})
            if lost:
                connection.execute(
                    text("INSERT INTO losses VALUES (:writer, :at, :lost) ON CONFLICT (writer) DO NOTHING"),
                    {"writer": writer, "at": at, "lost": lost},
                )

    def lost(self) -> int:
        """How many outcomes crashes have cost since the ledger began."""
        with self._engine.connect() as connection:
            return int(connection.execute(text("SELECT COALESCE(SUM(lost), 0) FROM losses")).scalar_one())

    def close(self) -> None:
        self._engine.dispose()

    def _read(self, shape: Shape[T], where: str, given: Mapping[str, object], seen: Container[str] = ()) -> Iterator[T]:
        columns = [f'r."{name}" AS "r_{name}"' for name in REQUESTS] + [
            f'a."{name}" AS "a_{name}"' for name in ATTEMPTS
        ]
        statement = text(
            f"SELECT {', '.join(columns)} FROM requests r LEFT JOIN attempts a ON a.request_id = r.request_id"
            f" WHERE {where} ORDER BY r.at, r.request_id, a.number"
        )
        cut = len(REQUESTS)
        with self._engine.connect().execution_options(stream_results=True, yield_per=1000) as connection:
            found = connection.execute(statement, given)
            for request_id, group in itertools.groupby(found, key=lambda row: row[0]):
                if request_id in seen:
                    continue
                lines = [tuple(row) for row in group]
                attempts = [dict(zip(ATTEMPTS, line[cut:], strict=True)) for line in lines if line[cut] is not None]
                yield shape(dict(zip(REQUESTS, lines[0][:cut], strict=True)), attempts)

    def _change(self, statement: str, **given: object) -> int:
        with self._engine.begin() as connection:
            return connection.execute(text(statement), given).rowcount


def open_store(*, database_url: str | None, state_dir: Path) -> Store:
    """The ledger at `database_url`, else `ledger.sqlite` in the state folder. Raises LedgerUnusable."""
    url = _url(database_url, state_dir)
    try:
        engine = create_engine(url, pool_pre_ping=url.drivername != "sqlite")
        if engine.dialect.name == "sqlite":
            state_dir.mkdir(parents=True, exist_ok=True)
            event.listen(engine, "connect", _configure_sqlite)
        with engine.begin() as connection:
            if engine.dialect.name == "sqlite":
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            migrate(connection)
    except (SQLAlchemyError, OSError, NewerSchema) as error:
        shown = url.render_as_string(hide_password=True)
        reason = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        raise LedgerUnusable(f"the ledger {shown} cannot be opened: {reason}") from error
    return Store(engine)


def _url(database_url: str | None, state_dir: Path) -> URL:
    if database_url is None:
        return URL.create("sqlite", database=str(state_dir / SQLITE))
    try:
        url = make_url(database_url)
    except SQLAlchemyError:
        raise LedgerUnusable(
            "GATEWAY_DATABASE_URL cannot be read; it takes postgresql://user:password@host/name"
        ) from None
    if url.drivername in ("postgres", "postgresql"):
        url = url.set(drivername="postgresql+psycopg")
    if url.drivername not in ("sqlite", "postgresql+psycopg"):
        raise LedgerUnusable(f"GATEWAY_DATABASE_URL names {url.drivername}; it takes postgresql://… or sqlite:///…")
    if url.drivername == "sqlite" or "connect_timeout" in url.query:
        return url
    return url.update_query_dict({"connect_timeout": _CONNECT_S})


def _configure_sqlite(connection: Any, _record: object) -> None:
    # WAL: readers and a writer do not wait for each other. FULL: a batch that was committed survives a power cut.
    for setting in ("journal_mode=WAL", "synchronous=FULL", f"busy_timeout={_BUSY_MS}", "secure_delete=ON"):
        connection.execute(f"PRAGMA {setting}")


def _insert(connection: Connection, table: str, columns: tuple[str, ...], lines: Sequence[rows.Row]) -> None:
    """Many rows a statement: each statement hands Python's lock to the event loop once, not once a row.

    A column without a value in any row is left out: to bind nothing takes a driver longer than to bind a number.
    """
    driver: Any = connection.connection.driver_connection  # SQLAlchemy takes as long again over so many values
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    for start in range(0, len(lines), _ROWS):
        by_column = zip(columns, zip(*lines[start : start + _ROWS], strict=True), strict=True)
        told = {name: values for name, values in by_column if any(value is not None for value in values)}
        by_row = tuple(zip(*told.values(), strict=True))
        statement = _statement(table, tuple(told), mark, len(by_row))
        driver.execute(statement, tuple(itertools.chain.from_iterable(by_row)))


@lru_cache(maxsize=4 * _ROWS)
def _statement(table: str, columns: tuple[str, ...], mark: str, count: int) -> str:
    """The same text each time, so that the driver finds it prepared."""
    names = ", ".join(f'"{name}"' for name in columns)
    one = f"({', '.join([mark] * len(columns))})"
    return f"INSERT INTO {table} ({names}) VALUES {', '.join([one] * count)} ON CONFLICT DO NOTHING"

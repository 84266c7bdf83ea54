"""The ledger in SQLite or PostgreSQL: written in batches, read back as rows, made to forget people."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Container, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError

from gateway.errors import LedgerUnusable
from gateway.outcome.row import UNJUDGED, Row
from gateway.record import columns, costs, key_book
from gateway.record.columns import attempt_rows, request_row
from gateway.record.insert import ROWS, insert, move
from gateway.record.journal.entry import Entry
from gateway.record.journal.reader import Batch, Positions
from gateway.record.journal.tail import Position
from gateway.record.schema import NewerSchema, migrate
from gateway.record.shape import Json, row_of, shaped

REQUESTS = tuple([column.name for column in columns.REQUESTS])
ATTEMPTS = tuple([column.name for column in columns.ATTEMPTS])
SQLITE = "ledger.sqlite"  # in the state folder
_UNJUDGED = ", ".join(f"'{outcome}'" for outcome in sorted(UNJUDGED))
_CONNECT_S = "10"  # PostgreSQL, unless the address says otherwise: a silent host is not waited for
_BUSY_MS = 10_000  # SQLite: how long one worker waits while another writes

T = TypeVar("T")
Shape: TypeAlias = Callable[[Mapping[str, Any], Sequence[Mapping[str, Any]]], T]  # of a request and its attempts


Teams: TypeAlias = Collection[str] | None  # whose requests; None: everybody's
UNREADABLE = (LedgerUnusable, SQLAlchemyError, OSError)  # what reading a ledger may raise


class Store:
    """One connection pool to one ledger; its tables exist."""

    def __init__(self, engine: Engine, connection: Connection | None = None):
        """`connection`: to read from it alone."""
        self._engine = engine
        self._connection = connection
        # Raised by `write` for what it is given, never for a database that is away or full.
        self.unwritable = (ValueError, ArithmeticError, engine.dialect.loaded_dbapi.DataError)

    def write(self, batch: Batch, *, at: float) -> None:
        """One transaction: the rows, what is lost, and how far the journals were read. Raises Overtaken.

        A record that is there already changes nothing.
        """
        with self._engine.begin() as connection:
            for journal, position in batch.after.items():
                move(connection, journal, batch.before[journal], position)
            self._insert(connection, batch.entries)
            for journal, lost in batch.lost.items():
                statement = "INSERT INTO losses VALUES (:journal, :at, :lost) ON CONFLICT (writer) DO UPDATE"
                statement += " SET lost = losses.lost + excluded.lost, found_at = excluded.found_at"
                connection.execute(text(statement), {"journal": journal, "at": at, "lost": lost})

    def write_one(self, entry: Entry) -> None:
        """A record alone; its journal's position stays. Raises what is `unwritable`."""
        with self._engine.begin() as connection:
            self._insert(connection, [entry])

    @contextmanager
    def at_once(self) -> Iterator[Store]:
        """What is read of it is as of one moment."""
        with self._engine.connect() as connection:
            if self._engine.dialect.name == "sqlite":
                connection.exec_driver_sql("BEGIN")
            else:
                connection.execution_options(isolation_level="REPEATABLE READ")
            yield Store(self._engine, connection)

    def positions(self) -> Positions:
        """How far each journal was read."""
        with self._connect() as connection:
            found = connection.execute(text("SELECT journal, segment, frames, read_to FROM journals"))
            return {name: Position(segment, frames, read_to) for name, segment, frames, read_to in found}

    def _connect(self) -> AbstractContextManager[Connection]:
        return self._engine.connect() if self._connection is None else nullcontext(self._connection)

    def _insert(self, connection: Connection, entries: Sequence[Entry]) -> None:
        key_book.note_use(connection, entries)
        for chunk in (entries[start : start + ROWS] for start in range(0, len(entries), ROWS)):
            insert(connection, "requests", REQUESTS, [request_row(entry) for entry in chunk])
            insert(connection, "attempts", ATTEMPTS, [row for entry in chunk for row in attempt_rows(entry)])

    def rows(self, *, since: float = 0.0, until: float | None = None, teams: Teams = None) -> Iterator[Json]:
        """Every request received in [since, until), oldest first, in the shape of `--ledger FILE.jsonl`."""
        of_teams, given = _of_teams("r.team", teams)
        where = f"r.at >= :since{of_teams}" + (" AND r.at < :until" if until is not None else "")
        bound = {"until": until} if until is not None else {}
        yield from self._read(shaped, where, {"since": since, **bound, **given})

    def read(self, *, since: float, teams: Teams = None) -> Iterator[Row]:
        """Every request received since then, oldest first."""
        of_teams, given = _of_teams("r.team", teams)
        yield from self._read(row_of, f"r.at >= :since{of_teams}", {"since": since, **given})

    def ended(
        self, shape: Shape[T], *, since: float, received: float, most: int, seen: Container[str], teams: Teams = None
    ) -> Iterator[T]:
        """Requests that ended since then, but not those seen, of the newest `most` received since `received`.

        Oldest first.
        """
        of_teams, bound = _of_teams("team", teams)
        newest = f"SELECT request_id FROM requests WHERE at >= :received{of_teams} ORDER BY at DESC LIMIT :most"
        given = {"received": received, "since": since, "most": most, **bound}
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
        with self._connect() as connection:
            found = connection.execute(
                text("SELECT request_id, at, answered FROM feedback WHERE at >= :since ORDER BY at, request_id"),
                {"since": since},
            )
            return [(str(request_id), float(at), bool(answered)) for request_id, at, answered in found]

    def newest_since(self, count: int, *, teams: Teams = None) -> float:
        """When the oldest of the newest `count` requests was received; 0.0 if there are fewer."""
        of_teams, given = _of_teams("team", teams)
        statement = f"SELECT at FROM requests WHERE 1 = 1{of_teams} ORDER BY at DESC LIMIT 1 OFFSET :others"
        with self._connect() as connection:
            found = connection.execute(text(statement), {"others": count - 1, **given}).scalar()
            return float(found or 0.0)

    def replies(self, *, since: float) -> dict[str, int]:
        """How many of each endpoint's attempts could be judged, of requests received since then."""
        statement = text(
            "SELECT a.endpoint, COUNT(*) FROM attempts a JOIN requests r ON r.request_id = a.request_id"
            f" WHERE r.at >= :since AND a.outcome NOT IN ({_UNJUDGED}) GROUP BY a.endpoint"
        )
        with self._connect() as connection:
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
        statement = "UPDATE requests SET personal_signals = NULL, client_request_id = NULL, key_id = NULL"
        with self._engine.begin() as connection:
            key_book.erase_use(connection, key_id)
            return connection.execute(text(f"{statement} WHERE key_id = :key_id"), {"key_id": key_id}).rowcount

    def last_uses(self) -> dict[str, float]:
        """The beginning of the hour in which each key was used last."""
        with self._connect() as connection:
            return key_book.last_uses(connection)

    def exchange_keys(self, merge: Callable[[Mapping[str, str]], Mapping[str, str]]) -> None:
        """`merge` is told what is there of issued keys, by hash, and says what shall; what others change stays."""
        with self._engine.begin() as connection:
            there = key_book.issued_lines(connection)
            wanted = {hash: line for hash, line in merge(there).items() if there.get(hash) != line}
            key_book.tell_issued(connection, {hash: (there.get(hash), line) for hash, line in wanted.items()})

    def spending(self, *, since: float) -> Iterator[tuple[str, str | None, float, Decimal]]:
        """See `costs`."""
        return costs.by_spender(self._connect, since)

    def spending_by_place(self, *, since: float) -> Iterator[tuple[str, str, str, float, Decimal]]:
        """See `costs`."""
        return costs.by_place(self._connect, since)

    def keep_audit_head(self, chain: str, row: int, hash: str, at: float) -> None:
        """The first that is kept of a row stands."""
        self._change(
            "INSERT INTO audit_heads VALUES (:chain, :row, :hash, :at) ON CONFLICT (chain, row) DO NOTHING",
            chain=chain, row=row, hash=hash, at=at,
        )  # fmt: skip

    def audit_heads(self, chain: str | None) -> list[tuple[str, int, str]]:
        """Chain, row and hash of what was kept, oldest first. None: of every chain."""
        where = "" if chain is None else " WHERE chain = :chain"
        with self._connect() as connection:
            found = connection.execute(
                text(f"SELECT chain, row, hash FROM audit_heads{where} ORDER BY kept_at"),
                {} if chain is None else {"chain": chain},
            )
            return [(str(chain), int(row), str(hash)) for chain, row, hash in found]

    def lost(self) -> int:
        """How many outcomes crashes have cost since the ledger began."""
        with self._connect() as connection:
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
        with self._connect() as connection:
            options = {"stream_results": True, "yield_per": 1000}
            found = connection.execute(statement, given, execution_options=options)
            for request_id, group in itertools.groupby(found, key=lambda row: row[0]):
                if request_id in seen:
                    continue
                lines = [tuple(row) for row in group]
                attempts = [dict(zip(ATTEMPTS, line[cut:], strict=True)) for line in lines if line[cut] is not None]
                yield shape(dict(zip(REQUESTS, lines[0][:cut], strict=True)), attempts)

    def _change(self, statement: str, **given: object) -> int:
        with self._engine.begin() as connection:
            return connection.execute(text(statement), given).rowcount


def _of_teams(column: str, teams: Teams) -> tuple[str, dict[str, object]]:
    """What narrows a question to these teams, and the names in it."""
    if teams is None:
        return "", {}
    names: dict[str, object] = {f"team{number}": team for number, team in enumerate(sorted(teams))}
    return f" AND {column} IN ({', '.join(f':{name}' for name in names)})", names


def open_store(*, database_url: str | None, state_dir: Path) -> Store:
    """The ledger at `database_url`, else `ledger.sqlite` in the state folder. Raises LedgerUnusable."""
    url, engine = _url(database_url, state_dir), None
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
        if engine is not None:
            engine.dispose()
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

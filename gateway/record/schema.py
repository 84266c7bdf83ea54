"""The ledger's tables as SQL that SQLite and PostgreSQL both read, one migration a version, forward only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, inspect, text

from gateway.record import columns

# Money is NUMERIC in PostgreSQL and text in SQLite, whose numbers are binary floats: exact in both.
# `signals`, `personal_signals`, `removed`, `proposed`, `view`, `rerouted` and `exposure` hold JSON.
TYPES = {
    "text": "TEXT", "integer": "BIGINT", "real": "DOUBLE PRECISION", "moment": "DOUBLE PRECISION", "flag": "BOOLEAN",
    "object": "TEXT", "list": "TEXT",
}  # fmt: skip
MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """CREATE TABLE requests (
            request_id TEXT PRIMARY KEY, client_request_id TEXT,
            at DOUBLE PRECISION NOT NULL, ended_at DOUBLE PRECISION NOT NULL,
            team TEXT NOT NULL, app TEXT, key_id TEXT,
            kind TEXT NOT NULL, model TEXT NOT NULL, stream BOOLEAN NOT NULL,
            route TEXT, policy_version TEXT, signals TEXT, personal_signals TEXT,
            removed TEXT, proposed TEXT, view TEXT,
            outcome TEXT NOT NULL, denied_by TEXT, served_by TEXT,
            cost_usd {money} NOT NULL, baseline_list_usd {money}, baseline_permitted BOOLEAN NOT NULL,
            rerouted TEXT NOT NULL, overhead_s DOUBLE PRECISION NOT NULL, total_s DOUBLE PRECISION NOT NULL)""",
        "CREATE INDEX requests_at ON requests (at)",
        "CREATE INDEX requests_key ON requests (key_id)",
        """CREATE TABLE attempts (
            request_id TEXT NOT NULL, number INTEGER NOT NULL,
            endpoint TEXT NOT NULL, model TEXT NOT NULL, operator TEXT NOT NULL, origin TEXT,
            exposure TEXT NOT NULL, hosting TEXT NOT NULL, purpose TEXT NOT NULL,
            outcome TEXT NOT NULL, failure TEXT, status INTEGER,
            input_tokens BIGINT NOT NULL, cached_tokens BIGINT NOT NULL, cache_write_tokens BIGINT NOT NULL,
            output_tokens BIGINT NOT NULL, reasoning_tokens BIGINT NOT NULL, audio_tokens BIGINT NOT NULL,
            estimated BOOLEAN NOT NULL, cost_usd {money} NOT NULL, price_since TEXT, finish_reason TEXT,
            first_byte_s DOUBLE PRECISION, total_s DOUBLE PRECISION NOT NULL, peer TEXT, certificate TEXT,
            PRIMARY KEY (request_id, number))""",
        "CREATE TABLE writers (writer TEXT PRIMARY KEY, written BIGINT NOT NULL)",
        "CREATE TABLE losses (writer TEXT PRIMARY KEY, found_at DOUBLE PRECISION NOT NULL, lost BIGINT NOT NULL)",
    ),
    # Forgetting looks at what is still to forget, not at every old row again.
    ("CREATE INDEX requests_personal ON requests (at) WHERE personal_signals IS NOT NULL",),
    (
        """CREATE TABLE feedback (
            request_id TEXT PRIMARY KEY, at DOUBLE PRECISION NOT NULL, answered BOOLEAN NOT NULL)""",
        "CREATE INDEX feedback_at ON feedback (at)",
    ),
    # A start counts what every canary has done, however long ago it stopped.
    ("CREATE INDEX attempts_canary ON attempts (request_id) WHERE purpose = 'canary'",),
    # How far each journal was read, changed in the transaction that writes its rows.
    (
        """CREATE TABLE journals (
            journal TEXT PRIMARY KEY, segment BIGINT NOT NULL, frames BIGINT NOT NULL, read_to BIGINT NOT NULL)""",
    ),
    # Heads of each gateway's audit: whoever cuts rows off its file does not reach these.
    (
        """CREATE TABLE audit_heads (
            chain TEXT NOT NULL, row BIGINT NOT NULL, hash TEXT NOT NULL, kept_at DOUBLE PRECISION NOT NULL,
            PRIMARY KEY (chain, row))""",
    ),
    # When each key was used last, to the hour; and what gateways that share a database know of issued keys.
    (
        "CREATE TABLE key_use (key_id TEXT PRIMARY KEY, last_at DOUBLE PRECISION NOT NULL)",
        """INSERT INTO key_use SELECT key_id, MAX(at) FROM requests
            WHERE key_id IS NOT NULL GROUP BY key_id""",
        "CREATE TABLE issued_keys (sha256 TEXT PRIMARY KEY, line TEXT NOT NULL)",
    ),
)


class NewerSchema(Exception):
    """The ledger was written by a later release."""


def migrate(connection: Connection, *, to: int = len(MIGRATIONS)) -> None:
    """Brings the ledger to a schema, by default this release's, inside the caller's transaction. Raises NewerSchema."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(778239)"))  # workers start together
    if not inspect(connection).has_table("schema_version"):
        connection.execute(text("CREATE TABLE schema_version (version INTEGER NOT NULL)"))
        connection.execute(text("INSERT INTO schema_version VALUES (0)"))
    version = connection.execute(text("SELECT version FROM schema_version")).scalar_one()
    if version > len(MIGRATIONS):
        raise NewerSchema(f"the ledger has schema {version}, this release knows up to {len(MIGRATIONS)}")
    money = "NUMERIC" if connection.dialect.name == "postgresql" else "TEXT"
    for statement in (statement for migration in MIGRATIONS[version:to] for statement in migration):
        connection.execute(text(statement.format(money=money)))
    connection.execute(text("UPDATE schema_version SET version = :version"), {"version": to})
    if to == len(MIGRATIONS):
        _add_columns(connection, "requests", columns.REQUESTS)
        _add_columns(connection, "attempts", columns.ATTEMPTS)


def _add_columns(connection: Connection, table: str, wanted: Sequence[columns.Column[Any]]) -> None:
    """Those that the table does not have yet; rows that are there know nothing of them."""
    types = TYPES | {"money": "NUMERIC" if connection.dialect.name == "postgresql" else "TEXT"}
    there = {column["name"] for column in inspect(connection).get_columns(table)}
    for column in wanted:
        if column.name not in there:
            connection.execute(text(f"ALTER TABLE {table} ADD COLUMN {column.name} {types[column.type]}"))

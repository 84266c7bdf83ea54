"""What the ledger's database knows of keys: when each was last used, to the hour, and rows of issued keys for all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, text

from gateway.record.journal.entry import Entry

HOUR_S = 3_600


def note_use(connection: Connection, entries: Sequence[Entry]) -> None:
    """Of each key that callers used, once a batch."""
    used: dict[str, float] = {}
    for record in (entry.record for entry in entries):
        if record.key_id is not None and record.key_id.strip() and not record.beside:
            used[record.key_id] = max(used.get(record.key_id, 0.0), record.at // HOUR_S * HOUR_S)
    statement = "INSERT INTO key_use VALUES (:key_id, :at) ON CONFLICT (key_id) DO UPDATE"
    statement += " SET last_at = excluded.last_at WHERE key_use.last_at < excluded.last_at"
    for key_id, at in sorted(used.items()):
        connection.execute(text(statement), {"key_id": key_id, "at": at})


def last_uses(connection: Connection) -> dict[str, float]:
    """The beginning of the hour in which each key was used last, seconds since the epoch."""
    found = connection.execute(text("SELECT key_id, last_at FROM key_use"))
    return {str(id): float(at) // HOUR_S * HOUR_S for id, at in found}


def issued_lines(connection: Connection) -> dict[str, str]:
    """What all gateways of this database know of issued keys, by hash."""
    return {str(hash): str(line) for hash, line in connection.execute(text("SELECT sha256, line FROM issued_keys"))}


def tell_issued(connection: Connection, lines: Mapping[str, tuple[str | None, str]]) -> None:
    """Puts each line in the place of the one that was read there; one that another changed meanwhile stays."""
    for hash in sorted(lines):
        before, line = lines[hash]
        if before is None:
            statement = "INSERT INTO issued_keys VALUES (:hash, :line) ON CONFLICT (sha256) DO NOTHING"
        else:
            statement = "UPDATE issued_keys SET line = :line WHERE sha256 = :hash AND line = :before"
        connection.execute(text(statement), {"hash": hash, "line": line, "before": before})


def erase_use(connection: Connection, key_id: str) -> None:
    """Deletes when this key was used."""
    connection.execute(text("DELETE FROM key_use WHERE key_id = :key_id"), {"key_id": key_id})

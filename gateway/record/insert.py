"""Writes rows, and how far a journal was read, inside a transaction of the ledger."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, text

from gateway.record.journal.tail import Position

ROWS = 50  # of one INSERT


class Overtaken(Exception):
    """Another process writes the same journal's rows."""


def move(connection: Connection, journal: str, before: Position, after: Position) -> None:
    """Raises Overtaken."""
    statement = (
        "INSERT INTO journals VALUES (:journal, :segment, :frames, :read_to) ON CONFLICT (journal) DO UPDATE"
        " SET segment = excluded.segment, frames = excluded.frames, read_to = excluded.read_to"
        " WHERE journals.segment = :from_segment AND journals.frames = :from_frames"
    )
    moved = connection.execute(
        text(statement),
        {"journal": journal, "segment": after.segment, "frames": after.frames, "read_to": after.offset}
        | {"from_segment": before.segment, "from_frames": before.frames},
    )
    if moved.rowcount != 1:
        raise Overtaken(f"another process has read the journal {journal}")


def insert(connection: Connection, table: str, columns: tuple[str, ...], lines: Sequence[tuple[Any, ...]]) -> None:
    """Many rows a statement: each statement hands Python's lock to the event loop once, not once a row.

    A column without a value in any row is left out: to bind nothing takes a driver longer than to bind a number.
    """
    driver: Any = connection.connection.driver_connection  # SQLAlchemy takes as long again over so many values
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    for start in range(0, len(lines), ROWS):
        by_column = zip(columns, zip(*lines[start : start + ROWS], strict=True), strict=True)
        told = {name: values for name, values in by_column if any(value is not None for value in values)}
        by_row = tuple(zip(*told.values(), strict=True))
        statement = _statement(table, tuple(told), mark, len(by_row))
        driver.execute(statement, tuple(itertools.chain.from_iterable(by_row)))


@lru_cache(maxsize=4 * ROWS)
def _statement(table: str, columns: tuple[str, ...], mark: str, count: int) -> str:
    """The same text each time, so that the driver finds it prepared."""
    names = ", ".join(f'"{name}"' for name in columns)
    one = f"({', '.join([mark] * len(columns))})"
    return f"INSERT INTO {table} ({names}) VALUES {', '.join([one] * count)} ON CONFLICT DO NOTHING"

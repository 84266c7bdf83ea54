"""What was spent since a time, by whom and where, read from the ledger row by row."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, text

Connect = Callable[[], AbstractContextManager[Connection]]
_BY_SPENDER = text("SELECT team, app, at, cost_usd FROM requests WHERE at >= :since")
_BY_PLACE = text(
    "SELECT a.endpoint, a.model, a.operator, r.at, a.cost_usd FROM attempts a"
    " JOIN requests r ON r.request_id = a.request_id WHERE r.at >= :since"
)


def by_spender(connect: Connect, since: float) -> Iterator[tuple[str, str | None, float, Decimal]]:
    """Team, app, time and US dollars of every request received since then that cost any."""
    return _rows(connect, _BY_SPENDER, since)


def by_place(connect: Connect, since: float) -> Iterator[tuple[str, str, str, float, Decimal]]:
    """Endpoint, model, operator, time and US dollars of every attempt of these that cost any."""
    return _rows(connect, _BY_PLACE, since)


def _rows(connect: Connect, statement: Any, since: float) -> Iterator[Any]:
    options = {"stream_results": True, "yield_per": 1000}
    with connect() as connection:
        for *who, at, cost in connection.execute(statement, {"since": since}, execution_options=options):
            if usd := Decimal(cost):
                yield (*who, float(at), usd)

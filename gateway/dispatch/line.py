"""Who waits for a seat at endpoints that are full, first come first served. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gateway.catalog.facts import Endpoint


@dataclass(frozen=True, slots=True, eq=False)
class Ticket:
    """Of one request, in the lines of all endpoints that it may go to: the first that has room takes it."""

    endpoints: Sequence[Endpoint]
    holder: int  # whose the seat will be
    called: Callable[[Endpoint], None]  # once: its seat is taken


class Lines:
    """One of each endpoint that somebody waits for."""

    def __init__(self) -> None:
        self._lines: dict[str, deque[Ticket]] = {}

    def lengths(self) -> dict[str, int]:
        """How many wait, by endpoint."""
        return {name: len(line) for name, line in self._lines.items()}

    def first(self, name: str) -> tuple[Endpoint, Ticket] | None:
        """Whose turn it is at this endpoint."""
        line = self._lines.get(name)
        return next((each, line[0]) for each in line[0].endpoints if each.id == name) if line else None

    def join(self, ticket: Ticket) -> None:
        """At the end of each line."""
        for endpoint in ticket.endpoints:
            self._lines.setdefault(endpoint.id, deque()).append(ticket)

    def leave(self, ticket: Ticket) -> None:
        """All its lines; nothing if it has left."""
        for endpoint in ticket.endpoints:
            line = self._lines.get(endpoint.id)
            if line is not None and ticket in line:
                line.remove(ticket)
                if not line:
                    del self._lines[endpoint.id]

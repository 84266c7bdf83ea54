"""One answer that is kept: what was handed to the caller, who gave it, and what it had cost."""

from __future__ import annotations

from typing import Protocol

import msgspec

MOST_BYTES = 1_000_000  # of an answer: a longer one is not kept


class Entry(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """Its name says whose it is and what was asked; of the question nothing is in it."""

    endpoint: str
    request_id: str  # that it was made for
    at: float  # when it had come, in seconds since the epoch
    cost_usd: str  # what it had cost
    adapted: tuple[str, ...]  # what of the request was put in another form for that endpoint
    body: bytes  # in the caller's dialect, a stream as its events


class Store(Protocol):
    """Where entries are kept."""

    async def get(self, name: bytes) -> Entry | None:
        """None if there is none, or it cannot be read now. Never raises."""
        ...

    def put(self, name: bytes, entry: Entry, *, ttl_s: float) -> None:
        """Never waits; what has no room is not kept."""
        ...

    async def empty(self, word: str) -> None:
        """Forgets everything, once for each word. Raises OSError."""
        ...

    def forget(self) -> None:
        """What is kept in this process alone can be found by nobody any more."""
        ...

    async def close(self) -> None:
        """Drops connections."""
        ...

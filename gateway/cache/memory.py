"""Answers in the memory of one worker: bounded in bytes, what was asked for longest ago goes first."""

from __future__ import annotations

from collections import OrderedDict
from time import time

from gateway.cache.entry import Entry

BESIDE_BODY = 600  # bytes that an entry takes beside its answer, about


class MemoryStore:
    """One a worker."""

    def __init__(self, most_bytes: int):
        self._most_bytes = most_bytes
        self._entries: OrderedDict[bytes, tuple[Entry, float]] = OrderedDict()  # with when it ends
        self.bytes = 0

    async def get(self, name: bytes) -> Entry | None:
        """See Store."""
        found = self._entries.get(name)
        if found is None:
            return None
        if found[1] <= time():
            self._drop(name)
            return None
        self._entries.move_to_end(name)
        return found[0]

    def put(self, name: bytes, entry: Entry, *, ttl_s: float) -> None:
        """See Store."""
        if name in self._entries:
            self._drop(name)
        if _size(entry) > self._most_bytes:
            return
        self._entries[name] = entry, entry.at + ttl_s
        self.bytes += _size(entry)
        while self.bytes > self._most_bytes:
            self._drop(next(iter(self._entries)))

    async def empty(self, word: str) -> None:
        """See Store."""
        self.forget()

    def forget(self) -> None:
        """See Store."""
        self._entries.clear()
        self.bytes = 0

    async def close(self) -> None:
        """See Store."""

    def _drop(self, name: bytes) -> None:
        entry, _ = self._entries.pop(name)
        self.bytes -= _size(entry)


def _size(entry: Entry) -> int:
    return len(entry.body) + BESIDE_BODY

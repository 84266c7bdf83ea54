"""What was found in passages of earlier requests: agents send a conversation again with every turn of it.

Only results are kept, by a digest of the text, never the text. What is found in a passage depends on nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from gateway.signals.text import Passage, digest

MOST = 8192  # passages, a signal and a worker: with their digests about a megabyte
SHORTEST = 64  # characters of a passage that is worth a digest

Found = TypeVar("Found")


class Seen(Generic[Found]):
    """Remembers what `find` found in the passages it was last asked about."""

    __slots__ = ("_find", "_found", "_shortest")

    def __init__(self, find: Callable[[str], Found], shortest: int = SHORTEST) -> None:
        self._find = find
        self._shortest = shortest
        self._found: dict[bytes, Found] = {}

    def __call__(self, text: str) -> Found:
        """The same as `find(text)`."""
        if len(text) < self._shortest:
            return self._find(text)
        return self.under(digest(text), lambda: text)

    def of(self, passage: Passage) -> Found:
        """The same as `find(passage.text)`; signals share its digest."""
        text = passage.text
        if len(text) < self._shortest:
            return self._find(text)
        return self.under(passage.digest, lambda: text)

    def under(self, key: bytes, text: Callable[[], str]) -> Found:
        """The same as `find(text())`, which follows from what `key` stands for; not made where it was made before."""
        found = self._found.pop(key, None)
        if found is None:
            found = self._find(text())
            if len(self._found) >= MOST:
                self._forget()
        self._found[key] = found  # last of all again
        return found

    def __len__(self) -> int:
        return len(self._found)

    def clear(self) -> None:
        """Forgets everything."""
        self._found.clear()

    def _forget(self) -> None:
        """The half that was asked about longest ago; another thread may do so too."""
        for key in list(self._found)[: MOST // 2]:
            self._found.pop(key, None)

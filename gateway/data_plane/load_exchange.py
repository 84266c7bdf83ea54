"""Once a second a worker tells the others how much it asks endpoints with ceilings, and hears what they do.

Workers of one gateway meet in the state folder, gateways in Redis where there is one. No request waits for either:
what does not answer leaves what was heard last, which ages by itself.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from itertools import count
from pathlib import Path
from time import monotonic, time
from typing import Protocol

import msgspec

from gateway.data_plane.worker_state import State
from gateway.dispatch.ceilings import Loads, Told
from gateway.record import files
from gateway.threads import FILES

FOLDER = "loads"  # in the state folder: a file a worker
EVERY_S = 1.0
SILENT_S = 5.0  # a worker that says nothing new for so long has no requests under way any more
FORGOTTEN_S = 150.0  # two minutes and some: by then nothing of what it told counts


class Word(msgspec.Struct, array_like=True):
    """What one worker tells."""

    at: float  # seconds since the epoch
    number: int  # counts its words: a new one says that it lives
    told: dict[str, Told]


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Word).decode


class Shared(Protocol):
    """Where gateways meet: Redis."""

    async def exchange(self, name: str, word: bytes) -> dict[str, bytes]:
        """Leaves a word and takes everybody's. Raises OSError."""
        ...

    async def forget(self, names: list[str]) -> None:
        """Of workers that are gone. Raises OSError."""
        ...

    async def close(self) -> None:
        """Drops the connection."""
        ...


class LoadExchange:
    """One a worker."""

    def __init__(self, state: State, loads: Loads, *, name: str, shared: Shared | None):
        self._state = state
        self._loads = loads
        self._name = name
        self._folder = state.settings.state_dir / FOLDER
        self._shared = shared
        self._numbers = count(1)
        self._heard: dict[str, tuple[int, float]] = {}  # by worker: its last number, and when that was new
        self._words: dict[str, bytes] = {}  # of this gateway's workers
        self._shared_words: dict[str, bytes] = {}  # of all gateways'

    async def forever(self) -> None:
        """Until cancelled. Where no endpoint has ceilings, nothing is told."""
        try:
            while True:
                await asyncio.sleep(EVERY_S)
                if any(endpoint.ceilings for endpoint in self._state.gateway.policy.endpoints):
                    await self.look()
        finally:
            if self._shared is not None:
                await self._shared.close()

    async def look(self) -> None:
        """Once; bounded in time."""
        at = time()
        word = _encode(Word(at, next(self._numbers), self._loads.told(at)))
        with suppress(OSError, TimeoutError):
            self._words = await FILES.run(_meet, EVERY_S, self._folder, self._name, word)
        if self._shared is not None:
            with suppress(OSError):
                self._shared_words = await self._shared.exchange(self._name, word)
                await self._shared.forget([name for name, each in self._shared_words.items() if _is_old(each, at)])
        self._hear(self._shared_words | self._words)

    def _hear(self, words: dict[str, bytes]) -> None:
        told = [self._of(name, data) for name, data in words.items() if name != self._name]
        self._heard = {name: heard for name, heard in self._heard.items() if name in words}
        self._loads.hear(told, time())

    def _of(self, name: str, data: bytes) -> dict[str, Told]:
        """Of one that is silent, only what it asked before."""
        try:
            word = _decode(data)
        except msgspec.DecodeError:
            return {}
        number, since = self._heard.get(name, (0, 0.0))
        now = monotonic()
        if number != word.number:
            since = now
            self._heard[name] = word.number, now
        if now - since <= SILENT_S and abs(time() - word.at) < FORGOTTEN_S:
            return word.told
        return {endpoint: (*told[:5], 0) for endpoint, told in word.told.items()}


def _meet(folder: Path, name: str, word: bytes) -> dict[str, bytes]:
    """Blocks. Raises OSError where the folder cannot be written."""
    files.swap(folder / name, word)
    found = {path.name: data for path in folder.iterdir() if not path.suffix and (data := files.read(path))}
    for other, data in found.items():
        if other != name and _is_old(data, time()):
            (folder / other).unlink(missing_ok=True)
    return found


def _is_old(data: bytes, at: float) -> bool:
    """True for what nobody reads either."""
    try:
        return _decode(data).at < at - FORGOTTEN_S
    except msgspec.DecodeError:
        return True

"""Asks the overview's process on behalf of the console: started when somebody looks, ended when nobody does."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from os import getpid
from pathlib import Path
from time import monotonic

from gateway.errors import GatewayError
from gateway.estimates import Snapshot

KEPT_S = 1.0  # however many look, the process is asked once in this time
RENEWED_S = 10.0  # what is learned is passed on so often at most: it takes the worker some milliseconds
PATIENCE_S = 20.0  # for an answer; a longer past is waited for again
UNSEEN_S = 60.0  # nobody looked for so long: it ends
LOOK_S = 5.0  # between two looks at whether somebody looks

# Low priority from its first instruction: requests go first where they share a core.
_PROGRAM = "import os; os.nice(19); from gateway.app.overview import main; main()"


@dataclass(frozen=True, slots=True)
class Place:
    """Where the worker records."""

    state_dir: Path
    database_url: str | None
    shared_metrics: Path | None  # None: there is one worker


@dataclass(frozen=True, slots=True)
class Look:
    """What only the worker knows."""

    resting: frozenset[str]  # endpoints that it passes over for a while
    snapshot: Snapshot | None  # None: that of the look before


class Onlooker:
    """One a worker. Viewers share one answer, and wait for it in one thread at most."""

    def __init__(self, place: Place, snapshot: Callable[[], Snapshot], resting: Callable[[], frozenset[str]]):
        self._place = place
        self._snapshot = snapshot
        self._resting = resting
        self._told = b""
        self._told_at = float("-inf")
        self._asking: asyncio.Task[bytes] | None = None
        self._child: _Child | None = None
        self._closed = False

    async def __call__(self) -> bytes:
        """What there is to show, as JSON. Raises GatewayError if it is not known in time."""
        if monotonic() - self._told_at <= KEPT_S:
            return self._told
        if self._asking is None:
            self._asking = asyncio.ensure_future(self._ask())
            self._asking.add_done_callback(self._asked)
        return await asyncio.shield(self._asking)  # who leaves does not take the others' answer along

    async def forever(self) -> None:
        """Until cancelled; the process ends no later."""
        try:
            while True:
                await asyncio.sleep(LOOK_S)
                if self._asking is None and monotonic() - self._told_at > UNSEEN_S:
                    self._end()
        finally:
            self._closed = True
            self._end()

    async def _ask(self) -> bytes:
        if self._closed:
            raise GatewayError("draining", "this gateway is shutting down", retry_after_s=5)
        snapshot, resting = self._snapshot(), self._resting()
        told = await asyncio.to_thread(self._answer, snapshot, resting)
        if not told:
            raise GatewayError("overloaded", "the ledger cannot be read yet", retry_after_s=2)
        self._told, self._told_at = told, monotonic()
        return told

    def _asked(self, task: asyncio.Task[bytes]) -> None:
        self._asking = None
        if not task.cancelled():
            task.exception()  # whoever still waits is told of it

    def _answer(self, snapshot: Snapshot, resting: frozenset[str]) -> bytes:
        """In a thread. Nothing if it is late, or has just ended."""
        child = self._child
        try:
            if child is None:
                child = self._child = _Child(self._place)
            return child.answer(snapshot, resting)
        except (EOFError, OSError):
            self._end()
            return b""

    def _end(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.end()


class _Child:
    """One process and the line to it."""

    def __init__(self, place: Place):
        self._line, theirs = Pipe()
        with theirs:
            self._process = _start(theirs)
        self._awaited = False  # a late answer is still to come
        self._snapshot: Snapshot | None = None  # the last that it was sent
        self._sent_at = float("-inf")
        self._line.send(place)

    def answer(self, snapshot: Snapshot, resting: frozenset[str]) -> bytes:
        """Nothing if it is late. Raises EOFError, OSError if it is gone."""
        if not self._awaited:
            renewed = snapshot is not self._snapshot and monotonic() - self._sent_at > RENEWED_S
            self._line.send(Look(resting, snapshot if renewed else None))
            self._awaited = True
            if renewed:
                self._snapshot, self._sent_at = snapshot, monotonic()
        if not self._line.poll(PATIENCE_S):
            return b""
        told = self._line.recv_bytes()
        self._awaited = False
        return told

    def end(self) -> None:
        """At once: it writes nothing. May be called while another thread waits for an answer."""
        self._process.kill()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(1)


def _start(line: Connection) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", _PROGRAM, str(line.fileno()), str(getpid())]
    return subprocess.Popen(command, pass_fds=(line.fileno(),), stdin=subprocess.DEVNULL)

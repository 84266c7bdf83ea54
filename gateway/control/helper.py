"""Processes that work for pages: of low priority, bounded in number, time and memory, ended when nobody asks."""

from __future__ import annotations

import asyncio
import os
import pickle
import sys
from asyncio.subprocess import PIPE, Process
from time import monotonic

import msgspec

from gateway.control.job import Done, Job, Place
from gateway.errors import GatewayError

PATIENCE_S = 60.0  # for an answer
WAITING = 16  # jobs that wait; more are told to come back
UNUSED_S = 60.0  # a process that nobody asked for so long ends
LOOK_S = 5.0  # between two looks at whether somebody asks
LONGEST = 256_000_000  # bytes of an answer
# Low priority from its first instruction: requests go first where they share a core.
_PROGRAM = "import os; os.nice(5); from gateway.control.worker import main; main()"
_done = msgspec.msgpack.Decoder(Done).decode


class Helpers:
    """At most `count` processes, each begun when it is needed; each does one job at a time."""

    def __init__(self, place: Place, *, count: int):
        self._place = place
        self._idle: list[_Helper] = []
        self._turn = asyncio.Semaphore(count)
        self._waiting = 0

    async def do(self, job: Job) -> Done:
        """Raises GatewayError: the job's own, or `overloaded` if there are too many or it takes too long."""
        if self._waiting >= WAITING:
            raise GatewayError("overloaded", "too much is asked for at once", retry_after_s=5)
        self._waiting += 1
        try:
            async with self._turn:
                self._idle = [each for each in self._idle if each.lives]
                helper = self._idle.pop() if self._idle else await _Helper.begin(self._place)
                done = await self._done(helper, job)
        finally:
            self._waiting -= 1
        if done.code is not None:
            raise GatewayError(done.code, done.body.decode(), param=done.param)
        return done

    async def forever(self) -> None:
        """Until cancelled; no process outlives that."""
        try:
            while True:
                await asyncio.sleep(LOOK_S)
                late = monotonic() - UNUSED_S
                for helper in [each for each in self._idle if each.used_at < late]:
                    self._idle.remove(helper)
                    helper.end()
        finally:
            for helper in self._idle:
                helper.end()

    async def _done(self, helper: _Helper, job: Job) -> Done:
        try:
            async with asyncio.timeout(PATIENCE_S):
                done = await helper.do(job)
        except TimeoutError:
            helper.end()
            said = f"this took longer than {PATIENCE_S:g} s, and was given up"
            raise GatewayError("overloaded", said, retry_after_s=30) from None
        except (EOFError, OSError, ValueError, msgspec.DecodeError):
            helper.end()
            raise GatewayError("overloaded", "this took more memory or time than there is", retry_after_s=30) from None
        except asyncio.CancelledError:
            helper.end()
            raise
        self._idle.append(helper)
        return done


class _Helper:
    """One process, and the line to it."""

    def __init__(self, process: Process):
        self.used_at = monotonic()
        self._process = process

    @classmethod
    async def begin(cls, place: Place) -> _Helper:
        command = (sys.executable, "-c", _PROGRAM, str(os.getpid()))
        helper = cls(await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE))
        await helper._send(place)
        return helper

    @property
    def lives(self) -> bool:
        """As far as is known by now."""
        return self._process.returncode is None

    async def do(self, job: Job) -> Done:
        """Raises EOFError, OSError if it is gone, ValueError for an answer that is too long."""
        await self._send(job)
        assert self._process.stdout is not None
        size = int.from_bytes(await self._process.stdout.readexactly(8), "big")
        if size > LONGEST:
            raise ValueError(f"an answer of {size} bytes")
        done = _done(await self._process.stdout.readexactly(size))
        self.used_at = monotonic()
        return done

    def end(self) -> None:
        """At once: it writes nothing."""
        if self.lives:
            self._process.kill()

    async def _send(self, message: Job | Place) -> None:
        data = pickle.dumps(message)
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(len(data).to_bytes(8, "big") + data)
            await self._process.stdin.drain()
        except RuntimeError as closed:  # uvloop's word for a line whose other end is gone
            raise ConnectionResetError from closed

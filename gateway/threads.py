"""Work beside the event loop: a few threads for each kind of it, bounded in what waits for them and in time."""

from __future__ import annotations

from asyncio import wait_for, wrap_future
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from threading import Thread
from typing import ParamSpec, TypeVar

Given = ParamSpec("Given")
Result = TypeVar("Result")


class Busy(Exception):
    """As many jobs wait for the threads as may."""


class Threads:
    """Begun when they are needed; a job that never ends keeps its thread, and keeps no process from ending."""

    def __init__(self, name: str, count: int = 2, *, most_waiting: int | None = None):
        self._name = name
        self._count = count
        self._most_waiting = most_waiting
        self._begun = 0
        self._jobs: SimpleQueue[Callable[[], None]] = SimpleQueue()

    @property
    def waiting(self) -> int:
        """Jobs that have not begun, those given up meanwhile too."""
        return self._jobs.qsize()

    async def run(
        self, function: Callable[Given, Result], within_s: float | None, *args: Given.args, **named: Given.kwargs
    ) -> Result:
        """What it returns or raises. Raises Busy, and TimeoutError: one that has not begun by then never will."""
        if self._most_waiting is not None and self.waiting >= self._most_waiting:
            raise Busy
        future: Future[Result] = Future()

        def job() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                future.set_result(function(*args, **named))
            except BaseException as error:  # noqa: BLE001 - whatever it is, it is raised where the result is awaited
                future.set_exception(error)

        self._jobs.put(job)
        if self._begun < self._count:
            self._begun += 1
            Thread(target=self._work, name=f"{self._name}-{self._begun}", daemon=True).start()
        return await wait_for(wrap_future(future), within_s)

    def _work(self) -> None:
        while True:
            self._jobs.get()()


PARSING = Threads("body")  # unpacking, parsing and what costs little, of long bodies: their bytes are bounded in all
SCANS = Threads("scan", most_waiting=32)  # reading their texts
FILES = Threads("file", most_waiting=256)  # reading what other processes of this gateway wrote
PLANS = Threads("plan", 1)  # what a probe would ask
POLICIES = Threads("policy", 1)  # compiling what was accepted, for pages

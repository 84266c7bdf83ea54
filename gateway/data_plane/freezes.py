"""What a worker knows of freezes, from its state folder and from Redis, and how it comes into force.

What was read once holds until it is lifted, whatever becomes of file and Redis; what either lacks is written there
again. A worker that has not read all of it yet lets nothing through: `freeze:unread` stops every endpoint.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from gateway.background.llm_judge import SecondJudge
from gateway.background.shadowing import Shadows
from gateway.dispatch.stopping import Running
from gateway.pipeline import Gateway
from gateway.policy.freeze import UNREAD, Frozen, Rows, freeze_name, merged, selectors, standing
from gateway.policy.in_force import InForce
from gateway.processes import freeze_file, freezing

LOOK_S = 0.25  # between two looks at the file, and at Redis
MET = "freezes.shared"  # in the state folder once Redis has been read: from then on its file serves without it
_log = logging.getLogger("gateway")


class Shared(Protocol):
    """Where gateways meet: Redis."""

    async def exchange(self, rows: Rows) -> tuple[Rows, int]:
        """Takes and gives rows; how many cannot be read. Raises OSError."""
        ...

    async def close(self) -> None:
        """Drops the connection."""
        ...


@dataclass(frozen=True, slots=True)
class _Look:
    """At the file. `stamp` is older than `content`, so that a change in between is seen the next time."""

    stamp: object
    content: freeze_file.Content | None  # None: it could not be read
    problem: str | None


def _look(state_dir: Path, rows: Rows, seen: object) -> _Look | None:
    """What is new in the file, after writing there what `rows` has and it has not; None: nothing."""
    try:
        stamp = freeze_file.stamp(state_dir)
        if stamp == seen:
            return None
        content = freeze_file.read(state_dir)
        if rows.keys() - content.rows.keys():
            content = freeze_file.add(state_dir, rows)
    except OSError as wrong:
        place = state_dir / freeze_file.NAME
        return _Look(None, None, f"{place} cannot be read or written: {wrong.strerror or wrong}")
    return _Look(stamp, content, freezing.damage(state_dir, content))


class Freezes:
    """One a worker."""

    def __init__(self, state_dir: Path, shared: Shared | None, *, reached: Callable[[bool], None]):
        """Reads the file. `reached` is told after every look at Redis whether it answered."""
        self.problem: str | None = None  # why there may be freezes that are not known here
        self._rows: Rows = {}
        self._state_dir = state_dir
        self._shared = shared
        self._reached = reached
        self._file_problem: str | None = None
        self._shared_problem: str | None = None
        self._file_known = False
        self._shared_known = shared is None or (state_dir / MET).exists()
        self._seen: object = ()  # the file's stamp; () is none
        self._filed: frozenset[str] = frozenset()  # keys of the rows that the file holds
        self._news = asyncio.Event()  # the file has rows that Redis is to hear of at once
        self._thread = ThreadPoolExecutor(1, "freezes")
        if (look := _look(state_dir, self._rows, self._seen)) is not None:
            self._take_over(look)

    @property
    def frozen(self) -> Frozen:
        """What may not be asked."""
        known = selectors(standing(self._rows))
        return known if self._file_known and self._shared_known else (UNREAD, *known)

    @property
    def aborting(self) -> Frozen:
        """Of these, what ends streams too that callers have a part of."""
        return selectors(row for row in standing(self._rows) if row.abort)

    def problems(self) -> list[str]:
        """One line a freeze, for the log."""
        words = [f"{freeze_name(row.selector, row.value)} ({row.id}, by {row.by})" for row in standing(self._rows)]
        return words if self.frozen[:1] != (UNREAD,) else [freeze_name(*UNREAD), *words]

    async def look_at_file(self) -> None:
        """Once; bounded by the disk."""
        loop = asyncio.get_running_loop()
        seen = self._seen if self._rows.keys() <= self._filed else ()
        look = await loop.run_in_executor(self._thread, _look, self._state_dir, self._rows, seen)
        if look is not None:
            before = len(self._rows)
            self._take_over(look)
            if len(self._rows) > before:  # rows are only added
                self._news.set()

    async def news(self) -> None:
        """Returns when the file has something new for Redis, or after LOOK_S."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._news.wait(), LOOK_S)

    async def look_at_shared(self) -> None:
        """Once; bounded in time."""
        self._news.clear()
        if self._shared is None:
            return
        try:
            rows, damaged = await self._shared.exchange(self._rows)
        except OSError:  # of which TimeoutError is one
            self._reached(False)
            if not self._shared_known:
                self._shared_problem = "the shared state does not answer, and has never been read here"
            self._judge()
            return
        self._reached(True)
        self._rows = merged(self._rows, rows)
        self._shared_problem = f"{damaged} rows in the shared state cannot be read" if damaged else None
        if not damaged and not self._shared_known:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._meet)
        self._judge()

    async def close(self) -> None:
        """Drops the connection to Redis, which belongs to one event loop."""
        if self._shared is not None:
            await self._shared.close()

    def end(self) -> None:
        """Waits for nothing."""
        self._thread.shutdown(wait=False)

    def _meet(self) -> None:
        self._shared_known = True
        try:
            (self._state_dir / MET).touch()
        except OSError as wrong:
            _log.error("%s cannot be written: %s", self._state_dir / MET, wrong.strerror)

    def _take_over(self, look: _Look) -> None:
        if look.content is not None:
            self._rows = merged(self._rows, look.content.rows)
            self._filed = frozenset(look.content.rows)
            self._file_known = self._file_known or not look.content.damaged
            self._seen = look.stamp
        self._file_problem = look.problem
        self._judge()

    def _judge(self) -> None:
        problem = self._file_problem or self._shared_problem
        if problem is not None and problem != self.problem:
            held = "what was read before holds on" if self.frozen[:1] != (UNREAD,) else "nothing is served until it can"
            _log.error("freezes: %s; %s", problem, held)
        self.problem = problem


class FreezeFollower:
    """Brings into force what becomes known, at once and in all that sends."""

    def __init__(
        self,
        freezes: Freezes,
        gateway: Callable[[], Gateway],
        swap: Callable[[Gateway], None],
        *,
        in_force: InForce,
        running: Running,
        beside: tuple[Shadows, SecondJudge],
    ):
        """`gateway`: what serves; `swap` takes its place."""
        self._freezes = freezes
        self._gateway = gateway
        self._swap = swap
        self._in_force = in_force
        self._running = running
        self._beside = beside
        self._aborting: Frozen = ()

    async def forever(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as looks:
            looks.create_task(self._every(self._freezes.look_at_file, lambda: asyncio.sleep(LOOK_S)))
            looks.create_task(self._every(self._freezes.look_at_shared, self._freezes.news))

    async def look(self) -> None:
        """Once, before the first request."""
        await self._freezes.look_at_shared()
        self.apply()

    async def _every(self, look: Callable[[], Awaitable[None]], wait: Callable[[], Awaitable[None]]) -> None:
        while True:
            await wait()
            await look()
            self.apply()

    def apply(self) -> None:
        """Nothing awaits here: no request sees half of it."""
        frozen, aborting = self._freezes.frozen, self._freezes.aborting
        if frozen == self._in_force.frozen and aborting == self._aborting and self._gateway().frozen == frozen:
            return
        changed = frozen != self._in_force.frozen
        self._in_force.frozen, self._aborting = frozen, aborting
        gateway = replace(self._gateway(), frozen=frozen)
        self._swap(gateway)
        for each in self._beside:
            each.serves(gateway)
        stopped = self._running.stop(frozen, aborting)
        if changed or stopped:
            words = "; ".join(self._freezes.problems()) or "none"
            _log.warning("freezes in force: %s; attempts stopped: %d", words, stopped)

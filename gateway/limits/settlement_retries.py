"""What is still to be written of what requests cost: in order, many at once, again until it is written."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from time import monotonic

from redis.exceptions import RedisError

from gateway.limits.account import NANO, Settlement
from gateway.limits.scripts import REMEMBERED_S

_AT_ONCE = 100
_WRITE_S = 5.0  # one try
_AGAIN_S = 0.25  # between two tries
_GIVEN_UP_S = REMEMBERED_S / 2  # later a second try might count twice
_MOST = 100_000  # that wait
_log = logging.getLogger("gateway")


class Settling:
    """One per worker. `write` raises RedisError or OSError where it cannot be known whether it was written."""

    def __init__(self, write: Callable[[Sequence[Settlement]], Awaitable[None]]):
        self._write = write
        self._waiting: deque[tuple[float, Settlement]] = deque()  # since when (monotonic seconds), what
        self._writer: asyncio.Task[None] | None = None

    def add(self, settlement: Settlement) -> None:
        """Never awaits."""
        if len(self._waiting) >= _MOST:
            _lose([self._waiting.popleft()[1]])
        self._waiting.append((monotonic(), settlement))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.ensure_future(self._drain())

    async def close(self) -> None:
        """Until all is written; cut short, it says what is not."""
        if self._writer is None:
            return
        try:
            await asyncio.shield(self._writer)
        except asyncio.CancelledError:
            self._writer.cancel()
            await asyncio.wait([self._writer])
            _lose([settlement for _, settlement in self._waiting])
            raise

    async def _drain(self) -> None:
        while self._waiting:
            batch = [self._waiting.popleft() for _ in range(min(_AT_ONCE, len(self._waiting)))]
            try:
                async with asyncio.timeout(_WRITE_S):
                    await self._write([settlement for _, settlement in batch])
            except (RedisError, OSError):
                self._again(batch)
                await asyncio.sleep(_AGAIN_S)
            except asyncio.CancelledError:
                self._again(batch)
                raise

    def _again(self, batch: Sequence[tuple[float, Settlement]]) -> None:
        oldest = monotonic() - _GIVEN_UP_S
        _lose([settlement for since, settlement in batch if since < oldest])
        self._waiting.extendleft(reversed([each for each in batch if each[0] >= oldest]))


def _lose(settlements: Sequence[Settlement]) -> None:
    """Says what was spent that the accounts do not know."""
    by_team: dict[str, int] = {}
    for each in settlements:
        by_team[each.team.id] = by_team.get(each.team.id, 0) + each.cost
    for team, cost in by_team.items():
        if cost:  # what is set aside and cost nothing lapses by itself
            _log.error("Redis is out of reach: %.6f USD of team %s could not be settled", cost / NANO, team)

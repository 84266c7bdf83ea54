"""What the ledger says was spent of an account: asked in a thread, and never waited for long."""

from __future__ import annotations

import asyncio

from gateway.identity import Account
from gateway.limits.account import SpentSince, nano
from gateway.threads import FILES

LEDGER_S = 5.0  # that anybody waits for it
_Asked = tuple[Account, float]  # and the beginning of its period


class SpentBefore:
    """Asks once at a time for an account and period, however many requests wait for the answer.

    Who comes while it is asked waits for the next answer: this one may be of before what made them ask.
    """

    def __init__(self, spent_since: SpentSince):
        self._spent_since = spent_since
        self._asking: dict[_Asked, asyncio.Future[int]] = {}
        self._next: dict[_Asked, asyncio.Future[int]] = {}

    async def of(self, account: Account, since: float) -> int:
        """In nano-dollars, as of a moment after the call. Raises OSError if it cannot be read, or not in time."""
        asked = (account, since)
        waiting = self._next.get(asked)
        if waiting is None:
            waiting = self._next[asked] = asyncio.ensure_future(self._after(asked))
            waiting.add_done_callback(_heard)
        return await asyncio.wait_for(asyncio.shield(waiting), LEDGER_S)

    async def _after(self, asked: _Asked) -> int:
        """Once nobody asks."""
        if asked in self._asking:
            await asyncio.wait([self._asking[asked]])
        self._asking[asked] = self._next.pop(asked)
        try:
            return nano(await FILES.run(self._spent_since, None, *asked))
        except Exception as error:  # whatever a database may raise
            raise OSError("the ledger cannot be read") from error
        finally:
            del self._asking[asked]


def _heard(answer: asyncio.Future[int]) -> None:
    """Whoever still waits is told; if nobody does, it is no surprise either."""
    if not answer.cancelled():
        answer.exception()

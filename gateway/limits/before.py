"""What the ledger says was spent of an account: asked in a thread, and never waited for long."""

from __future__ import annotations

import asyncio

from gateway.identity import Account
from gateway.limits.account import SpentSince, nano
from gateway.threads import FILES

LEDGER_S = 5.0  # that anybody waits for it


class SpentBefore:
    """Asks once at a time for an account and period, however many requests wait for the answer."""

    def __init__(self, spent_since: SpentSince):
        self._spent_since = spent_since
        self._asking: dict[tuple[Account, float], asyncio.Future[int]] = {}

    async def of(self, account: Account, since: float) -> int:
        """In nano-dollars. Raises OSError if it cannot be read, or not in time."""
        asking = self._asking.get((account, since))
        if asking is None:
            asking = self._asking[account, since] = asyncio.ensure_future(self._ask(account, since))
            asking.add_done_callback(lambda task: self._answered(account, since, task))
        return await asyncio.wait_for(asyncio.shield(asking), LEDGER_S)

    async def _ask(self, account: Account, since: float) -> int:
        try:
            return nano(await FILES.run(self._spent_since, None, account, since))
        except Exception as error:  # whatever a database may raise
            raise OSError("the ledger cannot be read") from error

    def _answered(self, account: Account, since: float, task: asyncio.Future[int]) -> None:
        del self._asking[account, since]
        if not task.cancelled():
            task.exception()  # whoever still waits is told; if nobody does, it is no surprise either

"""Keeps a worker's idea of what is spent as new as what all workers and gateways have counted together."""

from __future__ import annotations

import asyncio
from time import time

from gateway.data_plane.worker_state import State

LOOK_S = 0.5  # between two looks


class Spending:
    """`budget_used` and the gauges are right in a worker that has reserved nothing yet."""

    def __init__(self, state: State):
        self._state = state

    async def forever(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(LOOK_S)
            await self.look()

    async def look(self) -> None:
        """Once; bounded in time, and a state that is out of reach stops nothing."""
        gateway = self._state.gateway
        await gateway.admission.look(gateway.keyring, time())

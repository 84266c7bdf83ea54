"""How a worker comes by a new policy: from what its parent accepted."""

from __future__ import annotations

import asyncio
import signal
from concurrent.futures import ThreadPoolExecutor

from gateway.background.refusal_detection import load_models
from gateway.data_plane.build import Parts, build_gateway
from gateway.data_plane.worker_state import State
from gateway.policy.authoring.compile import compile_folder
from gateway.policy.compiled import Compiled
from gateway.processes import accepted_policy as accepted
from gateway.processes.reload_status import Notice
from gateway.settings import Settings

LOOK_S = 0.5  # between two looks at the files


class Hangup:
    """SIGHUP, waited for."""

    def __init__(self) -> None:
        self._came = asyncio.Event()

    def listen(self) -> None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self._came.set)

    async def within(self, seconds: float) -> bool:
        """True as soon as it comes, or has come since the last time; False after so long."""
        try:
            await asyncio.wait_for(self._came.wait(), seconds)
        except TimeoutError:
            return False
        self._came.clear()
        return True


class Follower:
    """Takes over what the parent accepted, and knows what it refused."""

    def __init__(self, state: State, parts: Parts, settings: Settings, notice: Notice):
        self.state = state
        self._parts = parts
        self._notice = notice
        self._state_dir = settings.state_dir
        self._seen = 0
        self._hangup = Hangup()
        self._thread = ThreadPoolExecutor(1, "policy")

    async def forever(self) -> None:
        """Until cancelled. The parent's SIGHUP says that there is something new."""
        self._hangup.listen()
        while True:
            await self._hangup.within(LOOK_S)
            await self._look()
            self.state.reload_problem = self._notice.read()

    async def _look(self) -> None:
        stamp = accepted.stamp(self._state_dir)
        if stamp == self._seen:
            return
        loop = asyncio.get_running_loop()
        compiled = await loop.run_in_executor(self._thread, self._accepted)
        if compiled is not None:
            await loop.run_in_executor(self._thread, load_models, compiled.policy)
            self.state.gateway = build_gateway(compiled, self._parts)
        self._seen = stamp  # not before: what failed is tried again

    def _accepted(self) -> Compiled | None:
        """None if it serves already, or there is nothing."""
        kept = accepted.load(self._state_dir)  # written whole or not at all
        if kept is None or kept[0] == self.state.gateway.policy.version:
            return None
        return compile_folder(kept[1])

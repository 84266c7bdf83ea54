"""Hears that kept answers are to be forgotten: those of a key that was erased are not told from the others."""

from __future__ import annotations

import asyncio
import logging

from gateway.cache.entry import Store
from gateway.data_plane.worker_state import State
from gateway.processes.cache_emptying import last_word
from gateway.threads import FILES

LOOK_S = 1.0
_log = logging.getLogger("gateway")


class CacheFollower:
    """Of one worker. Words that came before it are heard too: what is shared may have outlived them."""

    def __init__(self, state: State, store: Store):
        self._state = state
        self._store = store
        self._heard = ""

    async def forever(self) -> None:
        """Until cancelled. Where no route keeps answers, there is nothing to forget."""
        try:
            while True:
                if self._state.gateway.answers is not None:
                    await self.look()
                await asyncio.sleep(LOOK_S)
        finally:
            await self._store.close()

    async def look(self) -> None:
        """Once. What cannot be emptied now is tried again."""
        try:
            word = await FILES.run(last_word, None, self._state.settings.state_dir)
            if word != self._heard:
                await self._store.empty(word)
        except OSError as wrong:
            _log.warning("kept answers cannot be forgotten yet: %s", wrong)
        else:
            self._heard = word

"""What runs beside the requests for as long as the worker does: an end that nobody asked for is told, and mended."""

from __future__ import annotations

import asyncio
import logging
from typing import Protocol

STEADY_S = 10.0  # what has run for so long works again
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 30.0  # before it is begun anew
_log = logging.getLogger("gateway")


class SideTask(Protocol):
    """What runs beside the requests."""

    async def forever(self) -> None:
        """Until cancelled."""
        ...


async def keep_running(task: SideTask, word: str, down: set[str]) -> None:
    """Until cancelled. `word` stands in `down` from an end of the task until it has run again for a while."""
    pause_s = FIRST_PAUSE_S
    while True:
        running = asyncio.ensure_future(task.forever())
        try:
            await asyncio.wait([running], timeout=STEADY_S)
            if not running.done():
                down.discard(word)
                pause_s = FIRST_PAUSE_S
                await asyncio.wait([running])
        finally:
            running.cancel()
            await asyncio.wait([running])
        down.add(word)
        wrong = None if running.cancelled() else running.exception()
        name = type(task).__name__
        _log.error("%s has ended; requests are served on, and it begins anew in %g s", name, pause_s, exc_info=wrong)
        await asyncio.sleep(pause_s)
        pause_s = min(pause_s * 2, LONGEST_PAUSE_S)

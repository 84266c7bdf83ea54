"""Runs the adapter: started by the gateway's parent alone, on a socket of this user's.

Standard input is its lifeline, standard output tells once a second that it answers. What libraries write goes nowhere.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
import warnings
from types import FrameType

from gateway.processes import core_dumps

BEAT_S = 1.0
LONGEST_END_S = 60.0  # after the parent's


def main() -> None:
    """`gateway-dialects SOCKET MOST_BYTES`."""
    path, most_bytes = sys.argv[1], int(sys.argv[2])
    core_dumps.keep_off()
    beat = _quiet()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of a terminal: requests under way may finish
    signal.signal(signal.SIGTERM, _end)
    from gateway.adapter.calls import settle_in  # seconds: litellm

    settle_in()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(path, most_bytes, beat))


def _quiet() -> int:
    """From here on nothing is written by any library; a descriptor for the beat."""
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    beat = os.dup(1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.set_blocking(beat, False)
    return beat


def _end(number: int, frame: FrameType | None) -> None:
    os._exit(0)


async def _serve(path: str, most_bytes: int, beat: int) -> None:
    from aiohttp import web

    from gateway.adapter.calls import warm_up
    from gateway.adapter.egress import Egress
    from gateway.adapter.serve import application

    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _loop, _context: None)  # it would write what was asked
    await warm_up()
    egress = Egress()
    egress.install()
    runner = web.AppRunner(application(egress, most_bytes=most_bytes), handler_cancellation=True, access_log=None)
    await runner.setup()
    fresh = f"{path}.fresh"
    with contextlib.suppress(FileNotFoundError):
        os.unlink(fresh)
    before = os.umask(0o177)
    await web.UnixSite(runner, fresh).start()
    os.umask(before)
    os.replace(fresh, path)  # who finds it is answered
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # until here a mistake of the environment may be told
    loop.add_reader(0, _lifeline, loop)
    while loop.is_running():
        with contextlib.suppress(BlockingIOError):
            os.write(beat, b".")
        await asyncio.sleep(BEAT_S)


def _lifeline(loop: asyncio.AbstractEventLoop) -> None:
    """The parent is gone: what is under way may finish, as it may in the workers."""
    if not os.read(0, 1):
        loop.remove_reader(0)
        loop.call_later(LONGEST_END_S, os._exit, 0)
        _end_if_idle(loop)


def _end_if_idle(loop: asyncio.AbstractEventLoop) -> None:
    from gateway.adapter.serve import under_way

    if not under_way():
        os._exit(0)
    loop.call_later(0.1, _end_if_idle, loop)


if __name__ == "__main__":
    main()

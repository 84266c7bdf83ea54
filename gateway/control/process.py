"""The control process: serves the control listener until its parent and every worker have ended."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from types import FrameType
from typing import Protocol

import uvicorn

from gateway.background.readers import Readers, start_readers
from gateway.control.app import create_app
from gateway.control.audit import Heads
from gateway.control.callers import line
from gateway.control.helper import Helpers
from gateway.control.intrusion import Watch
from gateway.control.job import Place
from gateway.control.key_exchange import KeyExchange
from gateway.control.key_sets import KeySets
from gateway.control.ledger import Ledger
from gateway.control.overview import OverviewDesk
from gateway.control.reloading import reload
from gateway.control.state import State
from gateway.data_plane.connections import Guests, most_guests
from gateway.data_plane.listener import Acceptor, Listener
from gateway.data_plane.protocol import House, ServerProtocol
from gateway.errors import GatewayError
from gateway.processes.reload_request import last_reload
from gateway.processes.signal_mask import hold_signals, release_signals
from gateway.processes.tls import ListenerTls, control_tls
from gateway.processes.watchdog import GRACE_S, end_within
from gateway.settings import Settings

MOST_AT_ONCE = 128  # requests; more are told to come back
ENDING_S = 2.0  # for what runs beside the pages
HELPERS = 2  # processes that work for pages, beside the console's own
PID = "control.pid"  # below the state folder
DRAIN_S = 2  # how long running requests may take to finish at the end
_log = logging.getLogger("gateway")


class Beside(Protocol):
    """What runs beside the pages."""

    async def forever(self) -> None:
        """Until cancelled."""
        ...


def run_control(settings: Settings, plug: socket.socket, token: str, *, lifeline: int | None) -> int:
    """Serves `plug`; the exit code. `token` opens the console.

    `lifeline`: a descriptor that ends when the parent and all workers have, upon which this process ends, the last of
    all; None: there is no parent, it ends on SIGTERM or SIGINT.
    """
    hold_signals()
    (settings.state_dir / PID).write_text(str(os.getpid()))
    readers = start_readers(settings)
    state, beside = _state(settings, token, readers)
    with suppress(GatewayError):  # beside workers that have not started yet
        state.served.look()  # before the first page is asked for
    supervised = lifeline is not None
    server = _Server(
        _config(state),
        plug,
        keep_alive_s=settings.keep_alive_s,
        supervised=supervised,
        tls=control_tls(settings),
    )
    if lifeline is not None:
        threading.Thread(target=_wait, args=(lifeline, server.end), name="lifeline", daemon=True).start()
    with asyncio.Runner(loop_factory=server.config.get_loop_factory()) as runner:
        try:
            runner.run(_run(server, state, beside))
        finally:
            state.ledger.close()
            readers.close()
    return 0


def _state(settings: Settings, token: str, readers: Readers) -> tuple[State, tuple[Beside, ...]]:
    """What pages know, and what runs beside them."""
    place = Place(settings.state_dir.absolute(), settings.database_url)
    served, ledger = readers.policies, Ledger(settings)
    helpers, onlooker = Helpers(place, count=HELPERS), Helpers(place, count=1)
    state = State(
        settings=settings,
        console_token=token,
        registry=readers.registry,
        served=served,
        ledger=ledger,
        helpers=helpers,
        snapshot=readers.snapshot,
        journalled=readers.decision,
        reload_problem=lambda: last_reload(settings.state_dir)[1],
        reload=partial(reload, settings.state_dir),
        overview=OverviewDesk(onlooker, readers.snapshot),
    )
    beside: tuple[Beside, ...] = (served, helpers, onlooker, Heads(settings.state_dir, ledger, state.audit))
    beside = (*beside, Watch(settings.state_dir, state.attempts))
    beside = (*beside, KeySets(settings.state_dir, settings.policies, lambda: served.tokens))
    if settings.database_url is not None:
        beside = (*beside, KeyExchange(settings.state_dir, ledger))
    return state, beside


def _config(state: State) -> uvicorn.Config:
    return uvicorn.Config(
        create_app(state),
        loop="uvloop",
        http=ServerProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=MOST_AT_ONCE,
        timeout_graceful_shutdown=DRAIN_S,
    )


async def _run(server: _Server, state: State, beside: tuple[Beside, ...]) -> None:
    running = [asyncio.ensure_future(each.forever()) for each in beside]
    for task in running:
        task.add_done_callback(_ended)
    try:
        async with line(state):
            await server.serve()
    finally:
        for task in running:
            task.cancel()
        await asyncio.wait(running, timeout=ENDING_S)


def _ended(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (wrong := task.exception()) is not None:
        _log.error("a task beside the pages has ended; they are served on", exc_info=wrong)


def _wait(lifeline: int, end: Callable[[], None]) -> None:
    while os.read(lifeline, 1):
        pass
    end()


class _Server(uvicorn.Server):
    """Ends on SIGTERM; on SIGINT, which a terminal sends to every process of its group, only where it is alone."""

    def __init__(
        self,
        config: uvicorn.Config,
        plug: socket.socket,
        *,
        keep_alive_s: float,
        supervised: bool,
        tls: ListenerTls | None,
    ):
        super().__init__(config)
        self.servers = []
        self._supervised = supervised
        listener, guests = Listener(plug), Guests(most_guests())
        listener.tell()  # nobody else accepts here
        house = House(guests, keep_alive_s, leaving=lambda: self.should_exit)
        self._door = Acceptor(listener, guests, lambda: ServerProtocol(self.config, self.server_state, house), tls)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """From here on a signal is obeyed: one that came earlier was held, not lost."""
        self._door.open()
        self.started = True
        release_signals()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Nobody comes in any more; who is in may finish."""
        self._door.close()
        await super().shutdown()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """To the end of the process."""
        signal.signal(signal.SIGTERM, self._told)
        signal.signal(signal.SIGINT, signal.SIG_IGN if self._supervised else self._told)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        yield

    def end(self) -> None:
        """Soon; may be called in any thread."""
        end_within(GRACE_S)
        self.should_exit = True

    def _told(self, number: int, frame: FrameType | None) -> None:
        self.end()

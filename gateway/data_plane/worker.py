"""One worker process: the server, and its eye on the policy."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from socket import socket
from time import monotonic
from types import FrameType

import uvicorn

from gateway.background.refusal_detection import load_models
from gateway.data_plane.application import Application
from gateway.data_plane.body import BODIES, Room
from gateway.data_plane.build import Parts, build_gateway, build_parts, exchange_loads, follow_freezes
from gateway.data_plane.cache_follower import CacheFollower
from gateway.data_plane.connections import Guests, most_guests
from gateway.data_plane.control_line import ControlLine
from gateway.data_plane.credentials import Credentials
from gateway.data_plane.freezes import FreezeFollower
from gateway.data_plane.gauges import Publisher
from gateway.data_plane.key_follower import KeyFollower
from gateway.data_plane.listener import Acceptor, Listener
from gateway.data_plane.policy_follower import Follower
from gateway.data_plane.probe_schedule import Schedule
from gateway.data_plane.protocol import House, ServerProtocol
from gateway.data_plane.side_tasks import SideTask, keep_running
from gateway.data_plane.spending_follower import Spending
from gateway.data_plane.worker_state import State
from gateway.policy.compiled import Compiled, Policy
from gateway.processes.memory import return_large_blocks
from gateway.processes.reload_status import Notice
from gateway.processes.signal_mask import hold_signals, release_signals
from gateway.processes.tls import callers_tls
from gateway.processes.watchdog import GRACE_S, end_within
from gateway.settings import Settings

YOUNG_OBJECTS = 20_000  # made between two rounds of the garbage collector: requests leave it nothing to find
ENDING_S = 3.0  # for what runs when the server has stopped
COUNTED_S = 10.0  # for the control process to say what was before this worker
SETTLING_S = 1.0  # for what budgets are still to be told
ONE_STOP_S = 1.0  # signals so close together are one: a worker hears the terminal, and its parent
_log = logging.getLogger("gateway")


def serve_worker(
    settings: Settings,
    compiled: Compiled,
    listener: Listener,
    *,
    notice: Notice,
) -> int:
    """One worker. It serves what its parent accepted; `notice` says why the last change was refused."""
    parts = build_parts(settings)
    state = State(
        settings=settings,
        gateway=build_gateway(compiled, parts),
        room=Room(BODIES * settings.max_body_bytes),
        credentials=Credentials(settings.state_dir),
        control=ControlLine(settings.state_dir),
    )
    return_large_blocks()
    _settle_in(compiled.policy)
    server = _Server(_config(state), state, listener)
    others = (
        Publisher(state, parts),
        Schedule(state, parts),
        parts.second,
        parts.shadows,
        exchange_loads(state, parts),
        CacheFollower(state, parts.answers.store),
    )
    freezes = follow_freezes(parts, lambda: state.gateway, state.serve)
    beside: list[tuple[str, SideTask]] = [("freezes", freezes), ("keys", state.credentials)]
    beside += [("reload", Follower(state, parts, settings, notice))]
    beside += [("background", task) for task in (*others, KeyFollower(state, parts))]
    with asyncio.Runner(loop_factory=_new_loop) as runner:
        try:
            runner.run(_run(server, Spending(state), freezes, beside, parts))
        finally:
            state.credentials.close()
            parts.close()  # before the loop: a thread or a task that hangs there may keep nothing from being written
    return 0


def _config(state: State) -> uvicorn.Config:
    return uvicorn.Config(
        Application(state),
        loop="uvloop",
        http=ServerProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=int(state.settings.drain_s),
    )


def _new_loop() -> asyncio.AbstractEventLoop:
    if sys.platform == "win32":
        return asyncio.new_event_loop()
    import uvloop  # not on Windows

    return uvloop.new_event_loop()


async def _run(
    server: _Server,
    spending: Spending,
    freezes: FreezeFollower,
    beside: Sequence[tuple[str, SideTask]],
    parts: Parts,
) -> None:
    hold_signals()
    if server.state.counts_alone and not await _becomes(parts.before.is_known):
        _log.warning("the control process does not say what was spent: callers with a budget are denied until then")
    if server.state.tries_canaries and not await _becomes(parts.learned.is_known):
        _log.warning("the control process does not say what canaries have done: those that might stop pause until then")
    await spending.look()  # before the first request is read
    await freezes.look()
    down, kept = server.state.down, (("background", spending), *beside)
    running = [asyncio.ensure_future(keep_running(task, word, down)) for word, task in kept]
    await asyncio.sleep(0)
    await asyncio.sleep(0)  # each of them has begun, and hears SIGHUP
    try:
        await server.serve()
    finally:
        await _end((*running, *server.server_state.tasks))
        with suppress(TimeoutError):
            await asyncio.wait_for(parts.accounts.close(), SETTLING_S)
            await asyncio.wait_for(parts.freezes.close(), SETTLING_S)


async def _becomes(known: Callable[[], bool]) -> bool:
    """Waits for what the control process says at a start; False if that takes too long."""
    deadline = monotonic() + COUNTED_S
    for _ in iter(known, True):
        if monotonic() > deadline:
            return False
        await asyncio.sleep(0.02)
    return True


async def _end(tasks: Sequence[asyncio.Task[None]]) -> None:
    """One that lost its cancelling keeps no worker alive."""
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks, timeout=ENDING_S)


def _settle_in(policy: Policy) -> None:
    """Before the first request: loads the models, and spares the garbage collector what stays."""
    load_models(policy)
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, 20, 50)


class _Server(uvicorn.Server):
    """uvicorn's server behind our own door. Lets the running requests finish when it is told to stop."""

    def __init__(self, config: uvicorn.Config, state: State, listener: Listener):
        super().__init__(config)
        self.state = state
        self.servers = []
        guests = Guests(most_guests())
        self._house = House(guests, state.settings.keep_alive_s, leaving=lambda: self.should_exit)
        self._door = Acceptor(listener, guests, self._protocol, callers_tls(state.settings))
        self._told_at: float | None = None
        self._hurried = False

    async def startup(self, sockets: list[socket] | None = None) -> None:
        """From here on a signal is obeyed: one that came earlier was held, not lost."""
        self._loop = asyncio.get_running_loop()
        self._door.open()
        self.started = True
        release_signals()

    def _protocol(self) -> ServerProtocol:
        return ServerProtocol(self.config, self.server_state, self._house)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """To the end of the process; uvicorn would raise them again while the ledger is still to write."""
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, self.handle_exit)
        yield

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Called on SIGTERM and SIGINT. The first lets requests finish, the second ends them."""
        at = monotonic()
        if self._told_at is None:
            self._told_at = at
            self.should_exit = self.state.draining = True
            self._loop.call_soon_threadsafe(self._door.close)
            end_within(self.state.settings.drain_s + GRACE_S)
        elif at - self._told_at > ONE_STOP_S and not self._hurried:
            self._hurried = True
            end_within(GRACE_S)

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        """Until every request has ended, or the time for it has, or a second signal comes."""
        ending = asyncio.ensure_future(super().shutdown(sockets=sockets))
        while not (ending.done() or self._hurried):
            await asyncio.wait([ending], timeout=0.1)
        if ending.done():
            ending.result()

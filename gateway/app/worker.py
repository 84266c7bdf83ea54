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
from time import monotonic, time
from types import FrameType
from typing import Protocol

import uvicorn

from gateway.api.application import Application
from gateway.api.body import BODIES, Room
from gateway.api.control_line import ControlLine
from gateway.api.state import State
from gateway.app import accepted
from gateway.app.build import Parts, build_gateway, build_parts
from gateway.app.door import Door, Listener
from gateway.app.ending import GRACE_S, end_within
from gateway.app.guests import Guests, most_guests
from gateway.app.judging import load_models
from gateway.app.notice import Notice
from gateway.app.probing import Schedule
from gateway.app.protocol import House, ServerProtocol
from gateway.app.spent import Spending
from gateway.app.starting import hold_signals, release_signals
from gateway.policy.compile import compile_folder
from gateway.policy.compiled import Compiled, Policy
from gateway.settings import Settings

YOUNG_OBJECTS = 20_000  # made between two rounds of the garbage collector: requests leave it nothing to find
LOOK_S = 0.5  # between two looks at the files
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
        control=ControlLine(settings.state_dir),
        notes=[problem.message for problem in compiled.problems],
    )
    config = uvicorn.Config(
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
        timeout_graceful_shutdown=int(settings.drain_s),
    )
    _settle_in(compiled.policy)
    server = _Server(config, state, listener)
    look = _Follower(state, parts, settings, notice)
    with asyncio.Runner(loop_factory=_new_loop) as runner:
        try:
            beside = (look, Schedule(state, parts), parts.second, parts.shadows)
            runner.run(_run(server, Spending(state), beside, parts))
        finally:
            parts.close()  # before the loop: a thread or a task that hangs there may keep nothing from being written
    return 0


def _new_loop() -> asyncio.AbstractEventLoop:
    if sys.platform == "win32":
        return asyncio.new_event_loop()
    import uvloop  # not on Windows

    return uvloop.new_event_loop()


async def _run(server: _Server, spending: Spending, beside: Sequence[Beside], parts: Parts) -> None:
    hold_signals()
    if server.state.counts_alone and not await _becomes(parts.before.is_known):
        _log.warning("the control process does not say what was spent: callers with a budget are denied until then")
    if server.state.tries_canaries and not await _becomes(parts.learned.is_known):
        _log.warning("the control process does not say what canaries have done: those that might stop pause until then")
    await spending.look()  # before the first request is read
    running = [asyncio.ensure_future(each.forever()) for each in (spending, *beside)]
    for task in running:
        task.add_done_callback(_ended)
    await asyncio.sleep(0)  # each of them has begun, and hears SIGHUP
    try:
        await server.serve()
    finally:
        await _end((*running, *server.server_state.tasks))
        with suppress(TimeoutError):
            await asyncio.wait_for(parts.accounts.close(), SETTLING_S)


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


def _ended(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (wrong := task.exception()) is not None:
        _log.error("a task beside the requests has ended; they are served on", exc_info=wrong)


def _settle_in(policy: Policy) -> None:
    """Before the first request: loads the models, and spares the garbage collector what stays."""
    load_models(policy)
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, 20, 50)


class Beside(Protocol):
    """What runs beside the requests."""

    async def forever(self) -> None:
        """Until cancelled."""
        ...


class _Server(uvicorn.Server):
    """uvicorn's server behind our own door. Lets the running requests finish when it is told to stop."""

    def __init__(self, config: uvicorn.Config, state: State, listener: Listener):
        super().__init__(config)
        self.state = state
        self.servers = []
        guests = Guests(most_guests())
        self._house = House(guests, state.settings.keep_alive_s, leaving=lambda: self.should_exit)
        self._door = Door(listener, guests, self._protocol)
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


class _Follower:
    """Takes over what the parent accepted, and knows what it refused."""

    def __init__(self, state: State, parts: Parts, settings: Settings, notice: Notice):
        self.state = state
        self._parts = parts
        self._notice = notice
        self._state_dir = settings.state_dir
        self._seen = accepted.stamp(settings.state_dir)

    async def forever(self) -> None:
        """Until cancelled."""
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, lambda: None)
        while True:
            self._parts.vitals.due(LOOK_S)
            await asyncio.sleep(LOOK_S)
            publish(self.state, self._parts)
            self.state.reload_problem = self._notice.read()
            stamp = accepted.stamp(self._state_dir)
            if stamp == self._seen:
                continue
            self._seen = stamp
            kept = accepted.load(self._state_dir)  # written whole or not at all
            if kept is not None:
                compiled = await asyncio.to_thread(compile_folder, kept[1])
                await asyncio.to_thread(load_models, compiled.policy)
                self.state.gateway = build_gateway(compiled, self._parts)


def publish(state: State, parts: Parts) -> None:
    """What the heartbeat says: requests under way, open breakers, used budgets, canaries that have stopped."""
    gateway, at = state.gateway, time()
    parts.vitals.look_at_canaries(gateway.policy, gateway.estimates())
    budgets: dict[tuple[str, ...], float] = {
        (account.team,) if account.app is None else (account.team, account.app): gateway.admission.used_share(
            account, at
        )
        for account in gateway.keyring.accounts
    }
    resting = list(parts.breakers.open_ids(monotonic()))
    parts.vitals.tell(in_flight=state.in_flight, open_breakers=resting, budgets=budgets)
    state.disk = parts.journal.obstacle

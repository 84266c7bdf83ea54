"""Runs the server: a parent that forks the workers and the control process, and restarts whichever dies."""

from __future__ import annotations

import gc
import logging
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from time import monotonic, sleep
from traceback import print_exc
from typing import NoReturn

from gateway.background.refusal_detection import load_models
from gateway.collector import uncollected
from gateway.data_plane.listener import Listener
from gateway.data_plane.worker import serve_worker
from gateway.errors import Problem, Problems
from gateway.policy.compiled import Compiled
from gateway.processes import ports
from gateway.processes.reload_request import Requests
from gateway.processes.reload_status import Notice
from gateway.processes.signal_mask import signals_held
from gateway.processes.watchdog import GRACE_S, end_with
from gateway.settings import Settings
from gateway.supervisor.adapter_child import Adapter
from gateway.supervisor.control_child import Control, RunControl
from gateway.supervisor.ledger_check import LedgerCheck
from gateway.supervisor.reload import Reloader, Reloads, accept
from gateway.supervisor.wakeup import Bell

LOOK_S = 0.5  # between two looks at the files and at the processes
STOPPING_LOOK_S = 0.05  # between two looks at the processes that are to end
DOOR_S = 0.05  # for the workers to take in who has come
LATE_S = 5.0  # beyond the time in which a worker ends itself
_log = logging.getLogger("gateway")


def run(
    settings: Settings,
    control: RunControl,
    token: str,
    *,
    ledger: LedgerCheck,
    read_ahead: Callable[[], None],
    begun: Callable[[], None],
) -> int:
    """Serves until it is told to stop; the exit code. `token` opens the console; see `start`.

    `read_ahead` returns when no other thread reads models any more. Raises Problems, LedgerUnusable, BadSetting.
    """
    compiled = accept(settings.policies, settings.state_dir)
    _check_shared_state(settings, compiled)
    listener = Listener(ports.listen(settings.host, settings.port, ports.DATA))
    desk = Control(settings, control, token) if settings.control else None
    parent = _Parent(settings, compiled, listener, desk)
    # Said once here; workers that cannot open it would only die, one after the other.
    ledger.require()
    read_ahead()
    return parent.run(begun)


def _check_shared_state(settings: Settings, compiled: Compiled) -> None:
    """Raises Problems: several processes cannot count one budget without a place to meet."""
    bounded = [f"team `{team.id}`" for team in compiled.keyring.teams.values() if team.accounts or team.rate]
    bounded += [str(account) for account in compiled.keyring.places]
    if settings.workers > 1 and bounded and settings.redis_url is None:
        said = f"{bounded[0]} has a budget or a rate, which {settings.workers} workers cannot count together"
        raise Problems([Problem(said, help="set GATEWAY_REDIS_URL, or run one worker")])


class _Parent:
    """Forks workers and the control process, restarts those that die; the only one that looks at the policy folder."""

    def __init__(self, settings: Settings, compiled: Compiled, listener: Listener, control: Control | None):
        self._settings = settings
        self._compiled = compiled
        self._listener = listener
        self._control = control
        self._adapter = Adapter(settings)
        self._adapter.serves(compiled.policy)
        self._notice = Notice()
        self._workers: set[int] = set()
        self._stopping = False
        self._kill_at = float("inf")
        self._asked = False
        self._bell = Bell()

    def run(self, begun: Callable[[], None]) -> int:
        """Until SIGTERM or SIGINT."""
        requests = Requests(self._settings.state_dir)
        reloads = Reloads(self._settings.state_dir)
        reloader = Reloader(self._compiled, self._settings.policies, self._settings.state_dir, reloads.count)
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)
        signal.signal(signal.SIGHUP, self._ask)
        self._begin()
        begun()
        while not self._stopping or self._workers or (self._control and self._control.pid):
            self._bell.wait(STOPPING_LOOK_S if self._stopping else LOOK_S)
            self._reap()
            self._fill()
            if not self._stopping:
                self._look(reloader, requests)
            if monotonic() > self._kill_at:
                self._kill()
        self._adapter.end()
        return 0

    def _begin(self) -> None:
        """The control process first, which has much to import. Models are read once: workers find them in memory."""
        gc.freeze()
        gc.enable()
        with suppress(OSError):  # what the system does not give now is asked for again
            self._look_after_control()
        with uncollected():
            load_models(self._compiled.policy)
        gc.freeze()
        self._fill()

    def _look(self, reloader: Reloader, requests: Requests) -> None:
        """Takes over what changed; the workers hear at once that there is something new."""
        asked, self._asked = self._asked or requests.due(), False
        if not (reloader.changed() or asked):
            return
        before = reloader.problem
        compiled = reloader.reload(asked=asked)
        self._compiled = compiled or self._compiled
        self._adapter.serves(self._compiled.policy)
        self._notice.write(reloader.problem)
        requests.tell(reloader.problem)
        if compiled is not None or reloader.problem != before:
            for pid in self._workers:
                _tell(pid, signal.SIGHUP)

    def _fill(self) -> None:
        """As many processes as are wanted; what the system does not give now is asked for again."""
        try:
            while not self._stopping and len(self._workers) < self._settings.workers:
                self._fork_worker()
            self._look_after_control()
            self._adapter.look(stopping=self._stopping)
        except OSError as wrong:
            _log.error("a process cannot be started now: %s", wrong.strerror)

    def _look_after_control(self) -> None:
        """It is there as long as a worker is."""
        if self._control is None:
            return
        if self._stopping and not self._workers:
            self._control.let_end()
        elif self._control.due():
            self._fork_control(self._control)

    def _fork_worker(self) -> None:
        """One more worker, unless a stop came first."""
        with signals_held():
            if self._stopping:
                return
            parent = os.getpid()
            pid = os.fork()
            if pid:
                self._workers.add(pid)
            else:
                self._work(parent)

    def _fork_control(self, control: Control) -> None:
        with signals_held():
            pid = os.fork()
            if pid:
                control.started(pid)
                return
            code = 1
            try:
                _forget_handlers()
                self._adapter.leave()
                self._listener.plug.close()
                code = control.work()
            except BaseException:
                print_exc()  # nobody above will
                raise
            finally:
                os._exit(code)

    def _work(self, parent: int) -> NoReturn:
        """In the fork; its signals are held until it can obey them."""
        code = 1
        try:
            _forget_handlers()
            end_with(parent)
            self._adapter.leave()
            if self._control is not None:
                self._control.leave()
            code = serve_worker(self._settings, self._compiled, self._listener, notice=self._notice)
        except BaseException:
            print_exc()  # nobody above will
            raise
        finally:
            os._exit(code)

    def _reap(self) -> None:
        for pid in tuple(self._workers):
            gone, status = os.waitpid(pid, os.WNOHANG)
            if not gone:
                continue
            self._workers.discard(pid)
            if not self._stopping:
                _log.error("worker %d ended with status %d; another takes its place", pid, status)
        if self._control is not None and self._control.pid is not None:
            gone, status = os.waitpid(self._control.pid, os.WNOHANG)
            if gone:
                self._control.ended()
                if not self._stopping:
                    _log.error("the control process %d ended with status %d; another takes its place", gone, status)

    def _stop(self, number: int, frame: object) -> None:
        """The first ends the listening, if no worker does so at once; a second one hurries the workers.

        The control process goes by itself when the last of them has gone.
        """
        first, self._stopping = not self._stopping, True
        drain_s = self._settings.drain_s if first else 0.0
        self._kill_at = min(self._kill_at, monotonic() + drain_s + GRACE_S + LATE_S)
        self._listener.tell()
        for pid in self._workers:
            _tell(pid, signal.SIGTERM)
        self._bell.ring()
        if first:
            sleep(DOOR_S)
            self._listener.end()

    def _kill(self) -> None:
        """The workers; then, if it hangs, the control process."""
        for pid in self._workers:
            _tell(pid, signal.SIGKILL)
        if self._control is not None and self._control.pid is not None and not self._workers:
            _tell(self._control.pid, signal.SIGKILL)

    def _ask(self, number: int, frame: object) -> None:
        self._asked = True
        self._bell.ring()


def _forget_handlers() -> None:
    for name in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(name, signal.SIG_DFL)


def _tell(pid: int, number: int) -> None:
    with suppress(ProcessLookupError):  # between its end and our knowing of it
        os.kill(pid, number)

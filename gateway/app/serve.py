"""Runs the server: one process, or a parent that forks workers, hands all the same files and restarts the dead."""

from __future__ import annotations

import logging
import os
import secrets
import shutil
import signal
from contextlib import suppress
from time import monotonic, sleep
from typing import NoReturn

from gateway.app.door import Listener
from gateway.app.ending import GRACE_S, end_with
from gateway.app.notice import Notice
from gateway.app.reload import Reloader, accept
from gateway.app.starting import signals_held
from gateway.app.worker import serve_worker
from gateway.errors import Problem, Problems
from gateway.policy.compiled import Compiled
from gateway.record.metrics import Metrics, forget_worker
from gateway.record.store import open_store
from gateway.settings import Settings

LOOK_S = 0.5  # between two looks at the files and at the workers
DOOR_S = 0.05  # for the workers to take in who has come
LATE_S = 5.0  # beyond the time in which a worker ends itself
_log = logging.getLogger("gateway")


def run(settings: Settings, *, console_token: str | None = None) -> int:
    """Serves until it is told to stop; the exit code. Raises Problems, LedgerUnusable, OSError for a taken port."""
    logging.basicConfig(level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s %(message)s")
    compiled = accept(settings.policies, settings.state_dir)
    _check_shared_state(settings, compiled)
    token = console_token or settings.admin_token or secrets.token_urlsafe(16)
    listener = Listener(settings.host, settings.port)
    if settings.workers > 1:
        return _Parent(settings, compiled, listener, token).run()
    listener.tell()
    return serve_worker(settings, compiled, listener, token, shared_metrics=None, notice=None)


def _check_shared_state(settings: Settings, compiled: Compiled) -> None:
    """Raises Problems: several processes cannot count one budget without a place to meet."""
    bounded = [team.id for team in compiled.keyring.teams.values() if team.accounts or team.rate]
    if settings.workers > 1 and bounded and settings.redis_url is None:
        said = f"team `{bounded[0]}` has a budget or a rate, which {settings.workers} workers cannot count together"
        raise Problems([Problem(said, help="set GATEWAY_REDIS_URL, or run one worker")])


class _Parent:
    """Forks the workers, restarts those that die, and is the only one that looks at the policy folder."""

    def __init__(self, settings: Settings, compiled: Compiled, listener: Listener, token: str):
        self._settings = settings
        self._compiled = compiled
        self._listener = listener
        self._token = token
        self._shared = settings.state_dir / "metrics"
        self._notice = Notice()
        self._workers: set[int] = set()
        self._stopping = False
        self._kill_at = float("inf")
        self._asked = False

    def run(self) -> int:
        """Until SIGTERM or SIGINT. Raises LedgerUnusable."""
        # Said once here; workers that cannot open it would only die, one after the other.
        open_store(database_url=self._settings.database_url, state_dir=self._settings.state_dir).close()
        shutil.rmtree(self._shared, ignore_errors=True)
        self._shared.mkdir(parents=True)
        metrics = Metrics(shared=self._shared)
        reloader = Reloader(self._compiled, self._settings.policies, self._settings.state_dir, metrics.reloaded)
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)
        signal.signal(signal.SIGHUP, self._ask)
        for _ in range(self._settings.workers):
            self._fork()
        while self._workers:
            sleep(LOOK_S)
            self._reap()
            if not self._stopping and (reloader.changed() or self._asked):
                self._asked = False
                self._compiled = reloader.reload() or self._compiled
                self._notice.write(reloader.problem)
            if monotonic() > self._kill_at:
                self._signal(signal.SIGKILL)
        return 0

    def _fork(self) -> None:
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

    def _work(self, parent: int) -> NoReturn:
        """In the fork; its signals are held until it can obey them."""
        code = 1
        try:
            for name in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                signal.signal(name, signal.SIG_DFL)
            end_with(parent)
            listener, token = self._listener, self._token
            code = serve_worker(
                self._settings, self._compiled, listener, token, shared_metrics=self._shared, notice=self._notice
            )
        finally:
            os._exit(code)

    def _reap(self) -> None:
        for pid in tuple(self._workers):
            gone, status = os.waitpid(pid, os.WNOHANG)
            if not gone:
                continue
            self._workers.discard(pid)
            forget_worker(pid, self._shared)
            if not self._stopping:
                _log.error("worker %d ended with status %d; another takes its place", pid, status)
                self._fork()

    def _stop(self, number: int, frame: object) -> None:
        """The first ends the listening, if no worker does so at once; a second one hurries the workers."""
        first, self._stopping = not self._stopping, True
        drain_s = self._settings.drain_s if first else 0.0
        self._kill_at = min(self._kill_at, monotonic() + drain_s + GRACE_S + LATE_S)
        self._listener.tell()
        self._signal(signal.SIGTERM)
        if first:
            sleep(DOOR_S)
            self._listener.end()

    def _signal(self, number: int) -> None:
        for pid in self._workers:
            with suppress(ProcessLookupError):  # between its end and our knowing of it
                os.kill(pid, number)

    def _ask(self, number: int, frame: object) -> None:
        self._asked = True

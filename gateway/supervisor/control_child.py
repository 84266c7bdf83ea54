"""The control process as its parent sees it: who may have one, its listener, its lock, when it is started again."""

from __future__ import annotations

import fcntl
import os
import socket
from pathlib import Path
from time import monotonic
from typing import Protocol

from gateway.processes import ports
from gateway.processes.tls import control_tls
from gateway.settings import STDOUT, BadSetting, Settings

YOUNG_S = 5.0  # one that dies younger is not started again at once
LONGEST_REST_S = 30.0  # before one that keeps dying is tried again
LOCK = "control.lock"  # below the state folder


class RunControl(Protocol):
    """Serves the control listener; returns the exit code."""

    def __call__(self, settings: Settings, plug: socket.socket, token: str, *, lifeline: int | None) -> int:
        """`lifeline`: a descriptor that ends when the parent and all workers have; None: there is no parent."""
        ...


def check_control(settings: Settings) -> None:
    """Raises BadSetting: what is reached from beyond this machine needs an administrator's own token; or for a log
    that cannot be written, or a certificate that cannot be used.
    """
    if settings.control and not settings.control_is_local and settings.admin_token is None:
        raise BadSetting(
            f"GATEWAY_CONTROL_HOST is {settings.control_host}, which is reached from beyond this machine;"
            " set GATEWAY_ADMIN_TOKEN, or leave it on 127.0.0.1"
        )
    if settings.control:
        control_tls(settings)
    if settings.access_log not in (None, STDOUT):
        try:
            Path(str(settings.access_log)).open("ab").close()
        except OSError as wrong:
            said = f"GATEWAY_ACCESS_LOG is {settings.access_log}, which cannot be written ({wrong.strerror})"
            raise BadSetting(f"{said}; name a file in a folder that can be, or `-` for standard output") from None


def claim_control(state_dir: Path) -> int:
    """The lock of the one control process of a state folder: a descriptor to keep. Raises BadSetting."""
    state_dir.mkdir(parents=True, exist_ok=True)
    lock = os.open(state_dir / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        said = f"a control process runs beside the state folder {state_dir} already"
        raise BadSetting(f"{said}; end it, or serve without one: GATEWAY_CONTROL=off") from None
    return lock


class Control:
    """Of `gateway serve`.

    The process holds the reading end of a pipe, its lifeline; parent and workers hold the other, and it ends
    when they all have.
    """

    def __init__(self, settings: Settings, serve: RunControl, token: str):
        """Raises BadSetting for a port that is taken, and where another control process runs."""
        self.pid: int | None = None
        self._settings = settings
        self._serve = serve
        self._token = token
        self._plug = ports.listen(*settings.control_address, ports.CONTROL)
        self._lock = claim_control(settings.state_dir)
        self._lifeline, self._alive = os.pipe()
        self._started = 0.0
        self._rest_s = 0.0

    def due(self) -> bool:
        """True if it is not running, and may be started (again)."""
        return self.pid is None and monotonic() >= self._started + self._rest_s

    def started(self, pid: int) -> None:
        """It runs from now on."""
        self.pid, self._started = pid, monotonic()

    def ended(self) -> None:
        """It has died: a young one rests longer each time."""
        self.pid = None
        lived_s = monotonic() - self._started
        self._rest_s = min(max(0.5, 2 * self._rest_s), LONGEST_REST_S) if lived_s < YOUNG_S else 0.0

    def leave(self) -> None:
        """In a worker: of all this it keeps only what holds the control process alive."""
        self._plug.close()
        os.close(self._lock)
        os.close(self._lifeline)

    def let_end(self) -> None:
        """In the parent, when there are no more workers."""
        if self._alive >= 0:
            os.close(self._alive)
            self._alive = -1

    def work(self) -> int:
        """In the control process, until its lifeline ends."""
        os.close(self._alive)
        return self._serve(self._settings, self._plug, self._token, lifeline=self._lifeline)

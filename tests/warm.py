"""Starts gateways from a process that has already imported them: each is a process of its own, forked, not begun anew.

An interpreter that imports the gateway, its control process and the catalogue needs two seconds of CPU; a test needs a
gateway and not that. One process in `run.py`'s place waits with everything imported and forks whenever a test asks.
What a fork inherits is modules and files that were read; environment, arguments, working folder and output are the
test's. `tests/integration/test_server.py` and the demo's tests begin the real command.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import random
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Protocol

ROOT = Path(__file__).parent.parent
MOST = 65_536  # bytes of a request: the environment is most of it


class Process(Protocol):
    """What tests do with a gateway's process; subprocess.Popen is one."""

    pid: int
    returncode: int | None

    def poll(self) -> int | None: ...

    def wait(self, timeout: float | None = None) -> int: ...

    def send_signal(self, sig: int) -> None: ...

    def terminate(self) -> None: ...

    def kill(self) -> None: ...


class Forked:
    """A process that is a grandchild of ours: its exit code comes through a pipe."""

    def __init__(self, pipe: int):
        self._pipe = pipe
        self._read = b""
        self.returncode: int | None = None
        while b"\n" not in self._read:
            self._more(None)
        self.pid = int(self._read.split(b"\n")[0])

    def poll(self) -> int | None:
        """None while it lives."""
        while self.returncode is None and select.select([self._pipe], [], [], 0)[0]:
            self._more(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Raises TimeoutExpired."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while self.poll() is None:
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                assert timeout is not None
                raise subprocess.TimeoutExpired("gateway", timeout)
            select.select([self._pipe], [], [], left)
        assert self.returncode is not None
        return self.returncode

    def send_signal(self, sig: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, sig)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _more(self, timeout: float | None) -> None:
        select.select([self._pipe], [], [], timeout)
        got = os.read(self._pipe, 100)
        self._read += got
        lines = self._read.split(b"\n")
        if len(lines) > 2:
            self.returncode = int(lines[1])
        elif not got:
            raise AssertionError("the process that forks gateways has ended")
        if self.returncode is not None:
            os.close(self._pipe)


class _Warm:
    """The process that forks, begun when the first gateway is asked for; it ends with this one."""

    def __init__(self) -> None:
        self._line: socket.socket | None = None

    def start(
        self, arguments: Sequence[str], environment: Mapping[str, str], out: IO[bytes], err: IO[bytes] | None = None
    ) -> Forked:
        """`gateway` with these arguments."""
        line = self._line or self._begin()
        reading, writing = os.pipe()
        asked = json.dumps({"arguments": list(arguments), "environment": dict(environment), "cwd": os.getcwd()})
        assert len(asked) < MOST
        socket.send_fds(line, [asked.encode()], [out.fileno(), (err or out).fileno(), writing])
        os.close(writing)
        return Forked(reading)

    def _begin(self) -> socket.socket:
        self._line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        command = [sys.executable, "-m", "tests.warm", str(theirs.fileno())]
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
        self._process = subprocess.Popen(command, pass_fds=[theirs.fileno()], cwd=ROOT, env=environment)
        theirs.close()
        return self._line


WARM = _Warm()


def command(*arguments: object, timeout: float = 300, **environment: str) -> subprocess.CompletedProcess[str]:
    """`gateway` with these arguments to its end, in this environment and what is added to it."""
    words = [str(word) for word in arguments]
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        running = WARM.start(words, {**os.environ, **environment}, out, err)
        try:
            code = running.wait(timeout)
        finally:
            running.kill()
        out.seek(0)
        err.seek(0)
        return subprocess.CompletedProcess(words, code, out.read().decode(), err.read().decode())


def _wait_and_fork(line: socket.socket) -> list[str]:
    """Returns in each forked process alone, with what it was asked to run; ends when nobody can ask any more."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # keepers leave nothing behind
    while True:
        asked, fds, _, _ = socket.recv_fds(line, MOST, 3)
        if not asked:
            os._exit(0)
        out, err, pipe = fds
        if os.fork() == 0:
            line.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            pid = os.fork()
            if pid == 0:
                os.close(pipe)
                return _become(json.loads(asked), out, err)
            _keep(pid, pipe)
        for fd in fds:
            os.close(fd)


def _keep(pid: int, pipe: int) -> None:
    """Waits for one gateway and tells its end, as its parent."""
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, signal.SIG_IGN)
    os.write(pipe, b"%d\n" % pid)
    status = os.waitpid(pid, 0)[1]
    try:
        os.write(pipe, b"%d\n" % os.waitstatus_to_exitcode(status))
    finally:
        os._exit(0)


def _become(asked: dict[str, Any], out: int, err: int) -> list[str]:
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((nothing, 0), (out, 1), (err, 2)):
        os.dup2(source, target)
    for source in (nothing, out, err):
        os.close(source)
    os.environ.clear()
    os.environ.update(asked["environment"])
    os.chdir(asked["cwd"])
    random.seed()
    arguments: list[str] = asked["arguments"]
    return arguments


def _import_all() -> None:
    """What every gateway imports and reads, and nothing that a test could change."""
    import gateway.cli.control
    import gateway.cli.serve
    import gateway.control.process
    import gateway.record.store
    import gateway.supervisor.serve
    import gateway.supervisor.start  # noqa: F401
    from gateway.outcome import refusal
    from gateway.signals.measure import load
    from gateway.signals.table import text_signals
    from gateway.supervisor.reload import compile_path

    compile_path(ROOT / "policies")
    load(text_signals())
    refusal.load()


if __name__ == "__main__":
    from gateway.cli import main

    _import_all()
    gc.freeze()  # what is shared stays shared: no collector of a fork walks over it
    arguments = _wait_and_fork(socket.socket(fileno=int(sys.argv[1])))
    sys.argv = ["gateway", *arguments]
    try:
        main(arguments)
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(end.code if isinstance(end.code, int) else int(end.code is not None))  # takes nothing down by piece

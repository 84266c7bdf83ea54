"""Processes under measurement: pinned to a core, with their CPU time and memory read from /proc."""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
import socket
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

GATEWAY_CORE, OTHER_CORE = 1, 0  # the contestant has a core of its own; upstream and load share the other
PR_SET_PDEATHSIG = 1
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as plug:
        plug.bind(("127.0.0.1", 0))
        port: int = plug.getsockname()[1]
        return port


def pin(core: int) -> None:
    """Before a child begins: it stays on one core, if there are more, may open many connections, and ends with us."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if core in os.sched_getaffinity(0):
        os.sched_setaffinity(0, {core})
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65536), hard))


class Process:
    """A process and its children; its output goes to a log."""

    def __init__(self, command: Sequence[str | Path], *, core: int, environment: Mapping[str, str], log: Path):
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        with log.open("ab") as out:
            self._process = subprocess.Popen(
                [str(word) for word in command],
                env={**kept, **environment},
                cwd=log.parent,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                preexec_fn=lambda: pin(core),
                start_new_session=True,
            )

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def cpu_s(self, *, without: int = 0) -> float:
        """CPU seconds of the process and its living children so far, but not of the child `without` and its own."""
        return sum(_ticks(pid) for pid in self._tree(without)) / TICKS_PER_S

    def memory_kib(self) -> int:
        """Proportional share of resident memory, children included."""
        return sum(_pss_kib(pid) for pid in self._tree())

    def stop(self) -> None:
        """Ends the process, its children too."""
        for number, patience_s in ((signal.SIGTERM, 5), (signal.SIGKILL, 5)):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(patience_s)
                return

    def _tree(self, without: int = 0) -> list[int]:
        found, left = [], [self._process.pid]
        while left:
            pid = left.pop()
            if pid == without:
                continue
            found.append(pid)
            for tasks in Path(f"/proc/{pid}/task").glob("*/children"):
                with contextlib.suppress(OSError):
                    left += [int(child) for child in tasks.read_text().split()]
        return found


def _ticks(pid: int) -> int:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return int(fields[11]) + int(fields[12])


def _pss_kib(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)

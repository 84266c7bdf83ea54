"""The adapter process as its parent sees it: when one is wanted, what it is given, when it is started again."""

from __future__ import annotations

import logging
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from time import monotonic

import gateway
from gateway.policy.compiled import Policy
from gateway.processes.adapter_environment import WAY_OUT, find_python
from gateway.processes.key_files import key_at
from gateway.settings import Settings, trust_variables
from gateway.upstreams.adapter import socket_path
from gateway.upstreams.logins import Logins

YOUNG_S = 20.0  # one that dies younger is not started again at once
LONGEST_REST_S = 30.0
STARTING_S = 120.0  # for litellm to be imported, on a busy machine too
HANGING_S = 10.0  # without a beat, once there was one: it is ended
PID = "adapter.pid"  # below the state folder
_ROOT = Path(gateway.__file__).parent.parent
_START = "import sys; sys.path.append(sys.argv.pop(1)); from gateway.adapter.process import main; main()"
_log = logging.getLogger("gateway")


class Adapter:
    """Of `gateway serve`."""

    def __init__(self, settings: Settings):
        self._settings = settings
        self._socket = socket_path(settings.state_dir)
        self._wanted = False
        self._child: subprocess.Popen[bytes] | None = None
        self._home: str | None = None
        self._started = 0.0
        self._heard: float | None = None  # its last beat
        self._rest_s = 0.0
        shutil.rmtree(self._socket.parent, ignore_errors=True)  # of a gateway that was killed

    def serves(self, policy: Policy) -> None:
        """From now on: one is wanted if an endpoint is spoken to by it, and what logs in there is found."""
        logins = Logins(key_at)
        served = (each for each in policy.endpoints if each.enabled and each.adapted)
        named = [each.id for each in served if logins.of(each) is not None]
        if named and not self._wanted and find_python() is None:
            _log.error("%s cannot be asked: %s", ", ".join(named[:3]), WAY_OUT)
        self._wanted = bool(named) and find_python() is not None

    def look(self, *, stopping: bool) -> None:
        """Starts it, starts it again, ends one that hangs or is not wanted any more. Raises OSError."""
        if self._child is not None:
            self._look_at(self._child)
        if self._child is None and self._wanted and not stopping and monotonic() >= self._started + self._rest_s:
            self._start()
        elif self._child is not None and not self._wanted:
            self.end()

    def _look_at(self, child: subprocess.Popen[bytes]) -> None:
        assert child.stdout is not None
        with suppress(BlockingIOError):
            if os.read(child.stdout.fileno(), 4_096):
                self._heard = monotonic()
        hangs = monotonic() - (self._heard or self._started + STARTING_S) > HANGING_S
        if child.poll() is None and hangs:
            _log.error("the adapter process %d does not answer any more; it is ended", child.pid)
            child.kill()
            child.wait()
        if child.returncode is not None:
            _log.error("the adapter process %d ended with status %d", child.pid, child.returncode)
            self._ended(child)
            lived_s = monotonic() - self._started
            self._rest_s = min(max(0.5, 2 * self._rest_s), LONGEST_REST_S) if lived_s < YOUNG_S else 0.0
            self._started = monotonic()

    def _start(self) -> None:
        self._started, self._rest_s = monotonic(), self._rest_s or 1.0
        try:
            own_folder(self._socket.parent)
            self._home = tempfile.mkdtemp(prefix="home-", dir=self._socket.parent)
            child = start_process(self._home, self._socket, most_bytes=2 * self._settings.max_body_bytes)
        except OSError:
            self._rest_s = LONGEST_REST_S
            raise
        self._child, self._heard = child, None
        (self._settings.state_dir / PID).write_text(str(child.pid))
        _log.info("the adapter process %d starts", child.pid)

    def leave(self) -> None:
        """In a fork: the lifeline is the parent's alone."""
        if self._child is not None:
            _close_pipes(self._child)

    def end(self) -> None:
        """Now: nobody asks it any more."""
        if self._child is not None:
            self._child.send_signal(signal.SIGKILL)
            self._child.wait()
            self._ended(self._child)
        shutil.rmtree(self._socket.parent, ignore_errors=True)

    def _ended(self, child: subprocess.Popen[bytes]) -> None:
        self._child = None
        _close_pipes(child)
        with suppress(OSError):
            os.unlink(self._socket)
        with suppress(OSError):
            os.unlink(self._settings.state_dir / PID)
        if self._home is not None:
            shutil.rmtree(self._home, ignore_errors=True)


def _close_pipes(child: subprocess.Popen[bytes]) -> None:
    for pipe in (child.stdin, child.stdout):
        if pipe is not None:
            pipe.close()


def start_process(home: str, path: Path, *, most_bytes: int) -> subprocess.Popen[bytes]:
    """One adapter on a socket at `path`. Raises OSError."""
    python = find_python()
    if python is None:
        raise OSError(0, WAY_OUT)
    child = subprocess.Popen(
        [python, "-I", "-B", "-c", _START, str(_ROOT), str(path), str(most_bytes)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=_environment(home),
        cwd=home,
        start_new_session=True,
    )
    assert child.stdout is not None
    os.set_blocking(child.stdout.fileno(), False)
    return child


def _environment(home: str) -> Mapping[str, str]:
    """Everything that it sees of one: nothing of ours but where the machine's own certificates lie."""
    return {
        **trust_variables(),
        "PATH": "/usr/bin:/bin",
        "HOME": home,
        "LANG": "C.UTF-8",
        "TMPDIR": home,
        "LITELLM_MODE": "PRODUCTION",  # no .env is read
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "LITELLM_LOCAL_ANTHROPIC_BETA_HEADERS": "True",
        "DISABLE_AIOHTTP_TRANSPORT": "True",
        "HF_HUB_OFFLINE": "1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "NO_GCE_CHECK": "true",
        "GCE_METADATA_HOST": "metadata.invalid",
        "GCE_METADATA_IP": "0.0.0.0",
        "CLOUDSDK_CONFIG": home,
    }


def own_folder(folder: Path) -> None:
    """Raises OSError for one that another user may enter: who is there would be told our keys."""
    folder.mkdir(mode=0o700, exist_ok=True)
    found = os.lstat(folder)
    if found.st_uid != os.getuid() or found.st_mode & 0o170077 != 0o040000:
        raise OSError(0, f"{folder} is not this user's own folder; remove it")

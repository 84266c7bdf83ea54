"""The real gateway as a process of its own, and what tests ask of it."""

from __future__ import annotations

import http.client
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from tests.warm import WARM, Process

PATIENCE_S = 60
GATEWAY = ("-m", "gateway")
ALONE = ("-u", *GATEWAY)  # an interpreter of its own, where memory is counted
_EXECUTABLE, _PYTHONPATH = sys.executable, os.environ.get("PYTHONPATH")
ADMIN_TOKEN = "for-the-tests-of-this-house"


@dataclass(frozen=True, slots=True)
class Running:
    """A gateway that is ready."""

    process: Process
    port: int
    control_port: int
    state_dir: Path
    log: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def base_url(self) -> str:
        """What the official SDKs take."""
        return f"{self.url}/v1"

    @property
    def control_url(self) -> str:
        """Of the console, the API beneath /api and /metrics."""
        return f"http://127.0.0.1:{self.control_port}"

    def ask(
        self, method: str, path: str, body: object = None, *, headers: Mapping[str, str] | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        """Status, headers (names in lower case) and body of one plain HTTP request."""
        return _ask(self.port, method, path, body, headers)

    def ask_control(
        self, method: str, path: str, body: object = None, *, headers: Mapping[str, str] | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        """The same of the control listener."""
        return _ask(self.control_port, method, path, body, headers)

    def json(self, path: str, *, key: str | None = None) -> Any:
        """The body of a GET that must succeed."""
        status, _, body = self.ask("GET", path, headers={"authorization": f"Bearer {key}"} if key else None)
        assert status == 200, body
        return json.loads(body)

    def serving(self) -> Any:
        """What serves in the workers, by their heartbeats, and what the control process says of it."""
        asked, deadline = {"authorization": f"Bearer {ADMIN_TOKEN}"}, time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:  # both have something to say a moment after the start
            status, _, body = self.ask_control("GET", "/api/policy", headers=asked)
            _, _, page = self.ask_control("GET", "/metrics")
            served = re.findall(r'gateway_policy_info\{version="([^"]*)"\} 1(?:\.0)?$', page.decode(), re.M)
            if status == 200 and served:
                said = json.loads(body)
                return {**said, "policy": " ".join(served), "reload": said["reload"] or "ok"}
            time.sleep(0.1)
        raise AssertionError(f"the gateway does not say what it serves: {body!r}")

    def ready(self) -> Any:
        """What readiness says, whatever its status."""
        return json.loads(self.ask("GET", "/health/ready")[2])

    def metric(self, name: str, **labels: str) -> float:
        """The sum of a metric's samples that carry these labels."""
        _, _, body = self.ask_control("GET", "/metrics")
        total = 0.0
        for line in body.decode().splitlines():
            found = re.match(rf"{re.escape(name)}(?:\{{(.*)\}})? (\S+)$", line)
            if found and all(f'{label}="{value}"' in (found[1] or "") for label, value in labels.items()):
                total += float(found[2])
        return total

    def counts(self, name: str, value: float, **labels: str) -> bool:
        """True once a metric's samples that carry these labels come to `value`; they are a moment behind."""
        deadline = time.monotonic() + PATIENCE_S
        while self.metric(name, **labels) != value and time.monotonic() < deadline:
            time.sleep(0.1)
        return self.metric(name, **labels) == value

    def control_pid(self) -> int:
        """Of the control process; 0 before it has begun."""
        try:
            return int((self.state_dir / "control.pid").read_text())
        except (OSError, ValueError):
            return 0

    def workers(self) -> list[int]:
        """The pids of the workers that live."""
        listed = subprocess.run(
            ["ps", "-o", "pid=,stat=", "--ppid", str(self.process.pid)], capture_output=True, text=True
        ).stdout
        pids = [int(pid) for pid, state in map(str.split, listed.splitlines()) if state[0] not in "ZX"]
        return [pid for pid in pids if pid != self.control_pid()]

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Start(Protocol):
    """Starts a gateway, and waits until `begun` or until it is ready; raises AssertionError with its log if not.

    `program`: what the interpreter runs, to start it in a world that a test has changed. `instead`: one that has
    ended, whose ports and state folder are taken over.
    """

    def __call__(
        self,
        policies: Path,
        *,
        environment: Mapping[str, str] = {},
        workers: int = 1,
        begun: Callable[[Running], bool] = ...,
        program: Sequence[str] = ...,
        instead: Running | None = None,
    ) -> Running: ...


def starter(folder: Path, started: list[Running]) -> Start:
    """Each gateway gets a folder of its own below `folder` and is added to `started`."""

    def start(
        policies: Path,
        *,
        environment: Mapping[str, str] = {},
        workers: int = 1,
        begun: Callable[[Running], bool] = _ready,
        program: Sequence[str] = GATEWAY,
        instead: Running | None = None,
    ) -> Running:
        home = Path(tempfile.mkdtemp(prefix="gateway-", dir=folder))
        log, state = home / "gateway.log", instead.state_dir if instead else home / "state"
        port, control_port = (instead.port, instead.control_port) if instead else (free_port(), free_port())
        settings = {
            "GATEWAY_STATE_DIR": str(state),
            "GATEWAY_DRAIN_S": "2",
            "GATEWAY_CONTROL_PORT": str(control_port),
            "GATEWAY_ADMIN_TOKEN": os.environ.get("GATEWAY_ADMIN_TOKEN", ADMIN_TOKEN),
        }
        arguments = ["serve", "--policies", str(policies), "--port", str(port), "--workers", str(workers)]
        world = {**os.environ, **settings, **environment}
        with log.open("wb") as out:
            if program == GATEWAY and not _changed(world):
                process: Process = WARM.start(arguments, world, out)
            else:
                process = subprocess.Popen([sys.executable, *program, *arguments], env=world, stdout=out, stderr=out)
        running = Running(process, port, control_port, state, log)
        started.append(running)
        _await(running, begun)
        return running

    return start


def _changed(world: Mapping[str, str]) -> bool:
    """True if a test has changed what an interpreter is before it runs anything: that takes one of its own."""
    return sys.executable != _EXECUTABLE or world.get("PYTHONPATH") != _PYTHONPATH


def _ask(
    port: int, method: str, path: str, body: object, headers: Mapping[str, str] | None
) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    try:
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        connection.request(method, path, data, {"content-type": "application/json", **(headers or {})})
        reply = connection.getresponse()
        return reply.status, {name.lower(): value for name, value in reply.getheaders()}, reply.read()
    finally:
        connection.close()


def free_port() -> int:
    with socket.socket() as plug:
        plug.bind(("127.0.0.1", 0))
        port: int = plug.getsockname()[1]
        return port


def _ready(running: Running) -> bool:
    try:
        return running.ask("GET", "/health/ready")[0] == 200
    except OSError:
        return False


def _await(running: Running, begun: Callable[[Running], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline and running.process.poll() is None:
        if begun(running):
            return
        time.sleep(0.05)
    raise AssertionError(f"the gateway did not start: {running.log.read_text(errors='replace')[-4000:]}")

"""Claims about stopping: whatever hangs, no process is left in the end, and what was accepted is written if it can."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import signal
import socket
import socketserver
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from gateway.record.ledger import ingest
from gateway.record.store import open_store
from tests.integration.test_ledger import postgresql  # noqa: F401 - a fixture
from tests.integration.test_passthrough import CATALOG, KEY, POLICY
from tests.integration.upstreams import read_head
from tests.running import Running, Start

pytestmark = pytest.mark.services
AUTHORIZATION = {"authorization": f"Bearer {KEY}"}
BOUND_S = 40.0  # generous: the drain of 2 s, what ends a worker by itself, what its parent adds, a busy machine
REPLY = b'{"choices":[{"index":0,"message":{"content":"Hi"},"finish_reason":"stop"}]}'
EVENT = b'data: {"choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":null}]}\n\n'


class Upstream(socketserver.StreamRequestHandler):
    """Answers; a stream begins, and never ends."""

    def handle(self) -> None:
        with contextlib.suppress(OSError):
            while head := read_head(self.rfile):
                length = re.search(rb"content-length: (\d+)", head)
                assert length is not None
                if re.search(rb'"stream": ?true', self.rfile.read(int(length[1]))):
                    self.wfile.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n" + EVENT)
                else:
                    self.wfile.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(REPLY), REPLY))


@contextlib.contextmanager
def serving(handler: type[socketserver.BaseRequestHandler]) -> Iterator[int]:
    """The port."""
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


@contextlib.contextmanager
def laid_out(root: Path) -> Iterator[Path]:
    """One endpoint, and a team without a budget."""
    folder = root / "policies"
    (folder / "catalog").mkdir(parents=True)
    (folder / "policy.yaml").write_text(POLICY)
    (folder / "callers.yaml").write_text(
        "teams: {research: {data_class: public}}\n"
        f"keys: [{{id: k, team: research, sha256: {hashlib.sha256(KEY.encode()).hexdigest()}}}]\n"
    )
    with serving(Upstream) as port, pytest.MonkeyPatch.context() as patch:
        patch.setenv("GATEWAY_KEY_TEST", "sk-ours")
        (folder / "catalog" / "all.yaml").write_text(CATALOG.replace("PORT", str(port)))
        yield folder


@pytest.fixture
def policies(tmp_path: Path) -> Iterator[Path]:
    with laid_out(tmp_path) as folder:
        yield folder


def give_budget(policies: Path) -> None:
    """From here on every request needs Redis."""
    callers = policies / "callers.yaml"
    callers.write_text(callers.read_text().replace("public}", "public, budget: {usd: 100, per: day}}"))


class Line:
    """A way to a database that can fall silent: what is sent on it is taken, and nothing ever comes back."""

    def __init__(self, url: str | None):
        self.silent = threading.Event()
        self.taken = 0
        self.most = 1000  # all beyond are silent from the start
        to = int(re.search(r":(\d+)/", url)[1]) if url else 0  # type: ignore[index]
        line = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                line.taken += 1
                if line.silent.is_set() or line.taken > line.most:
                    time.sleep(600)
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", to)) as beyond:
                    threading.Thread(target=line.carry, args=(beyond, self.request), daemon=True).start()
                    line.carry(self.request, beyond)

        self.handler = Handler

    def carry(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                if self.silent.is_set():
                    time.sleep(600)
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)


@pytest.fixture
def silent() -> Iterator[tuple[Line, int]]:
    """A server that takes connections and never answers, and its port."""
    line = Line(None)
    line.silent.set()
    with serving(line.handler) as port:
        yield line, port


@pytest.fixture
def database(request: pytest.FixtureRequest) -> Iterator[tuple[Line, str, str]]:
    """A line to a real PostgreSQL, the URL at the gateway's end of it, and the database's own."""
    url: str = request.getfixturevalue("postgresql")
    line = Line(url)
    with serving(line.handler) as port:
        yield line, re.sub(r":\d+/", f":{port}/", url), url


def ask(running: Running, **more: Any) -> int:
    body = {"model": "auto", "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 5, **more}
    return running.ask("POST", "/v1/chat/completions", body, headers=AUTHORIZATION)[0]


@contextlib.contextmanager
def streaming(running: Running) -> Iterator[None]:
    """A caller in the middle of a stream."""
    body = b'{"model": "auto", "stream": true, "messages": [{"role": "user", "content": "Hi"}]}'
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {KEY}\r\ncontent-length: {len(body)}"
    )
    with socket.create_connection(("127.0.0.1", running.port), timeout=30) as plug:
        plug.sendall(head.encode() + b"\r\n\r\n" + body)
        assert plug.recv(65_536).startswith(b"HTTP/1.1 200")
        yield


def children(running: Running) -> list[int]:
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(running.process.pid)], capture_output=True, text=True)
    return [int(word) for word in listed.stdout.split()]


def alive(pid: int) -> bool:
    told = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True).stdout.strip()
    return bool(told) and not told.startswith("Z")


def waits(condition: Callable[[], object], seconds: float = BOUND_S) -> bool:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.05)
    return bool(condition())


def ends(running: Running, *signals: int, bound_s: float = BOUND_S) -> bool:
    """True if nothing of the gateway is left soon after these signals, two seconds apart."""
    pids = [running.process.pid, *children(running)]
    for place, number in enumerate(signals):
        time.sleep(2 if place else 0)
        running.process.send_signal(number)

    def gone() -> bool:
        running.process.poll()
        return not any(alive(pid) for pid in pids)

    try:
        return waits(gone, bound_s)
    finally:
        for pid in filter(alive, pids):
            os.kill(pid, signal.SIGKILL)


def written(running: Running, url: str | None = None) -> tuple[int, int]:
    """Requests that the ledger holds, and those it knows to be lost."""
    ingest(running.state_dir, url)  # what the control process has not come to
    store = open_store(database_url=url, state_dir=running.state_dir)
    try:
        return sum(1 for _ in store.rows()), store.lost()
    finally:
        store.close()


def test_workers_whose_parent_was_killed_end_by_themselves_and_lose_nothing(gateway: Start, policies: Path):
    running = gateway(policies, workers=2)
    answered: list[int] = []

    def keep_asking() -> None:
        with contextlib.suppress(OSError):
            while True:
                answered.append(ask(running))

    with ThreadPoolExecutor(4) as callers:
        for _ in range(4):
            callers.submit(keep_asking)
        assert waits(lambda: len(answered) > 50)
        assert ends(running, signal.SIGKILL)

    rows, lost = written(running)
    served = answered.count(200)  # the others came when it was leaving
    assert served <= rows <= served + 4  # four may have been on their way to a caller
    assert lost == 0


def lives(running: Running) -> bool:
    """It is not ready: whether anything is frozen only Redis knows."""
    try:
        return running.ask("GET", "/health/live")[0] == 200
    except OSError:
        return False


@pytest.mark.parametrize("workers", [1, 2])
def test_a_stop_while_redis_is_silent_is_bounded_and_loses_nothing(
    gateway: Start, policies: Path, silent: tuple[Line, int], workers: int
):
    give_budget(policies)
    url = f"redis://127.0.0.1:{silent[1]}/0"
    running = gateway(policies, workers=workers, environment={"GATEWAY_REDIS_URL": url}, begun=lives)
    refused = {ask(running) for _ in range(5)}

    assert ends(running, signal.SIGTERM)
    assert refused == {503}
    assert written(running) == (5, 0)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_stop_while_the_database_is_silent_is_bounded_and_the_loss_is_told(
    gateway: Start, policies: Path, database: tuple[Line, str, str], workers: int
):
    line, url, direct = database
    running = gateway(policies, workers=workers, environment={"GATEWAY_DATABASE_URL": url})
    empty = written(running, direct)[0]
    assert ask(running) == 200
    assert waits(lambda: written(running, direct)[0] > empty)
    before = written(running, direct)
    line.silent.set()
    answered = [ask(running) for _ in range(5)]

    assert ends(running, signal.SIGTERM)
    after = written(running, direct)
    assert answered == [200] * 5
    assert after[0] - before[0] + after[1] - before[1] == 5


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("what", ["GATEWAY_DATABASE_URL", "GATEWAY_REDIS_URL"])
def test_a_start_that_hangs_can_be_stopped(
    gateway: Start, policies: Path, silent: tuple[Line, int], workers: int, what: str
):
    give_budget(policies)
    hanging, port = silent
    scheme = "redis" if what == "GATEWAY_REDIS_URL" else "postgresql"
    environment = {what: f"{scheme}://127.0.0.1:{port}/0", "GATEWAY_REDIS_URL": f"redis://127.0.0.1:{port}/0"}
    running = gateway(policies, workers=workers, environment=environment, begun=lambda it: waits(lambda: hanging.taken))

    assert ends(running, signal.SIGTERM)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_processes_whose_ledger_is_silent_from_the_start_end_with_their_parent(
    gateway: Start, policies: Path, database: tuple[Line, str, str], number: int
):
    line, url, _ = database
    line.most = 1  # the parent has the ledger opened once; the control process never will
    environment = {"GATEWAY_DATABASE_URL": url}
    running = gateway(policies, workers=2, environment=environment, begun=lambda it: line.taken >= 2)

    assert ends(running, number)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_second_stop_does_not_wait_for_streams_and_bills_them(gateway: Start, policies: Path, workers: int):
    running = gateway(policies, workers=workers, environment={"GATEWAY_DRAIN_S": "3600"})
    with streaming(running), streaming(running):
        assert ends(running, signal.SIGTERM, signal.SIGTERM)

    assert running.process.returncode == 0
    assert written(running) == (2, 0)

"""Claims about a graceful end: nobody listens at once, running requests finish, nothing is lost behind a proxy."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import os
import re
import signal
import socket
import socketserver
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.test_passthrough import CATALOG, KEY, POLICY
from tests.integration.test_stopping import serving, waits
from tests.integration.upstreams import read_head
from tests.running import Running, Start

pytestmark = pytest.mark.services
REPLY = b'{"choices":[{"index":0,"message":{"content":"Hi"},"finish_reason":"stop"}]}'
EVENT = b'data: {"choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":null}]}\n\n'
LAST = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
DRAIN = {"GATEWAY_DRAIN_S": "60"}


class Upstream(socketserver.StreamRequestHandler):
    """Answers; a stream goes on until `enough` is set."""

    enough = threading.Event()

    def handle(self) -> None:
        with contextlib.suppress(OSError):
            while head := read_head(self.rfile):
                length = re.search(rb"content-length: (\d+)", head)
                assert length is not None
                if b'"stream"' in self.rfile.read(int(length[1])):
                    self._stream()
                else:
                    self.wfile.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(REPLY), REPLY))

    def _stream(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        while not self.enough.wait(0.1):
            self.wfile.write(b"%x\r\n%b\r\n" % (len(EVENT), EVENT))
        self.wfile.write(b"%x\r\n%b\r\n0\r\n\r\n" % (len(LAST), LAST))


@pytest.fixture
def policies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("GATEWAY_KEY_TEST", "sk-ours")
    folder = tmp_path / "policies"
    (folder / "catalog").mkdir(parents=True)
    (folder / "policy.yaml").write_text(POLICY)
    (folder / "callers.yaml").write_text(
        "teams: {research: {data_class: public}}\n"
        f"keys: [{{id: k, team: research, sha256: {hashlib.sha256(KEY.encode()).hexdigest()}}}]\n"
    )
    Upstream.enough.clear()
    with serving(Upstream) as port:
        (folder / "catalog" / "all.yaml").write_text(CATALOG.replace("PORT", str(port)))
        yield folder
        Upstream.enough.set()


def written(*, stream: bool = False) -> bytes:
    more = {"stream": True} if stream else {}
    body = json.dumps({"model": "auto", "messages": [{"role": "user", "content": "Hi"}], **more})
    head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {KEY}\r\n"
    return f"{head}content-length: {len(body)}\r\n\r\n{body}".encode()


def plugged(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=60)


def until(plug: socket.socket, end: bytes) -> bytes:
    told = b""
    while not told.endswith(end):
        more = plug.recv(65_536)
        assert more, told[-500:]
        told += more
    return told


@contextlib.contextmanager
def streaming(running: Running) -> Iterator[Callable[[], bytes]]:
    """A caller in the middle of a stream; call it to let the stream end: the rest of it."""
    with plugged(running.port) as plug:
        plug.sendall(written(stream=True))
        assert plug.recv(65_536).startswith(b"HTTP/1.1 200")

        def rest() -> bytes:
            Upstream.enough.set()
            return until(plug, b"\r\n0\r\n\r\n")

        yield rest


def listens(running: Running) -> bool:
    try:
        plugged(running.port).close()
    except ConnectionError:
        return False
    return True


@pytest.mark.parametrize("workers", [1, 2])
def test_nobody_listens_any_more_while_a_stream_is_let_finish(gateway: Start, policies: Path, workers: int):
    running = gateway(policies, workers=workers, environment=DRAIN)
    with streaming(running) as rest:
        running.process.terminate()

        assert waits(lambda: not listens(running), 10)
        assert running.process.poll() is None
        assert b"data: [DONE]" in rest()

    assert running.process.wait(30) == 0


@pytest.mark.parametrize("workers", [1, 2])
def test_an_idle_connection_is_closed_and_one_that_has_just_come_is_served(
    gateway: Start, policies: Path, workers: int
):
    running = gateway(policies, workers=workers, environment=DRAIN)
    with streaming(running) as rest, plugged(running.port) as idle, plugged(running.port) as fresh:
        idle.sendall(written())
        until(idle, REPLY)
        running.process.terminate()
        fresh.sendall(written())
        told = b"".join(iter(lambda: fresh.recv(65_536), b""))

        assert idle.recv(1) == b""
        assert told.startswith(b"HTTP/1.1 200")
        assert told.endswith(REPLY)
        assert running.process.poll() is None
        rest()

    assert running.process.wait(30) == 0


def test_a_connection_that_never_says_a_word_does_not_hold_up_the_end(gateway: Start, policies: Path):
    running = gateway(policies, environment={"GATEWAY_DRAIN_S": "3600"})
    with plugged(running.port) as silent:
        running.process.terminate()

        assert running.process.wait(30) == 0
        assert silent.recv(1) == b""


def test_callers_that_no_worker_takes_in_are_reset_and_do_not_hang(gateway: Start, policies: Path):
    running = gateway(policies, workers=2, environment=DRAIN)
    workers = running.workers()
    for pid in workers:
        os.kill(pid, signal.SIGSTOP)
    try:
        with plugged(running.port) as waiting:
            waiting.sendall(written())
            running.process.terminate()
            with pytest.raises(ConnectionResetError):
                waiting.recv(1)
            assert not listens(running)
    finally:
        for pid in workers:
            os.kill(pid, signal.SIGCONT)

    assert running.process.wait(30) == 0


def test_a_worker_that_is_stopped_alone_leaves_the_port_to_the_others(gateway: Start, policies: Path):
    running = gateway(policies, workers=2)
    first = running.workers()[0]
    os.kill(first, signal.SIGTERM)
    told = Counter(running.ask("GET", "/health/live")[0] for _ in range(50))

    assert told == {200: 50}
    assert waits(lambda: first not in running.workers())
    assert running.ask("GET", "/health/live")[0] == 200


class Proxy(socketserver.BaseRequestHandler):
    """Carries bytes to the first of `ports`, in turn, that takes the connection."""

    ports: tuple[int, ...]
    turn = itertools.count()

    def handle(self) -> None:
        first = next(self.turn)
        for place in range(len(self.ports)):
            with contextlib.suppress(ConnectionRefusedError):
                beyond = plugged(self.ports[(first + place) % len(self.ports)])
                break
        with beyond:
            threading.Thread(target=carry, args=(beyond, self.request), daemon=True).start()
            carry(self.request, beyond)


def carry(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65_536):
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_rolling_restart_behind_a_proxy_loses_no_request(gateway: Start, policies: Path, workers: int):
    old, new = (gateway(policies, workers=workers, environment=DRAIN) for _ in range(2))
    Proxy.ports = (old.port, new.port)
    told: Counter[str] = Counter()
    stopped = threading.Event()

    def ask(port: int, *, stream: bool) -> None:
        with plugged(port) as plug:
            plug.sendall(written(stream=stream).replace(b"host: x", b"host: x\r\nconnection: close"))
            try:
                reply = b"".join(iter(lambda: plug.recv(65_536), b""))
            except OSError as error:
                reply = repr(error).encode()
        whole = reply.endswith(b"0\r\n\r\n") and b"[DONE]" in reply if stream else reply.endswith(REPLY)
        told["answered" if whole else f"lost: {reply[:80]!r}"] += 1

    def keep_asking(port: int) -> None:
        while not stopped.is_set():
            ask(port, stream=False)

    with serving(Proxy) as port:
        long = [threading.Thread(target=ask, args=(port,), kwargs={"stream": True}) for _ in range(6)]
        short = [threading.Thread(target=keep_asking, args=(port,)) for _ in range(4)]
        for thread in (*long, *short):
            thread.start()
        assert waits(lambda: told["answered"] > 20)
        old.process.terminate()
        assert waits(lambda: not listens(old), 10)
        before = told["answered"]
        assert waits(lambda: told["answered"] > before + 20)
        Upstream.enough.set()
        assert old.process.wait(60) == 0
        stopped.set()
        for thread in (*long, *short):
            thread.join()

    assert set(told) == {"answered"}

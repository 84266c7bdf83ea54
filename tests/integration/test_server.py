"""Claims about the connection to the caller: how replies are written on it, and what becomes of a caller who leaves."""

from __future__ import annotations

import json
import re
import socket
import socketserver
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.integration.test_passthrough import CALLERS, CATALOG, KEY, POLICY
from tests.integration.upstreams import read_head
from tests.running import Running, starter

pytestmark = pytest.mark.services
REPLY = b'{"choices":[{"index":0,"message":{"content":"Hi"},"finish_reason":"stop"}]}'
EVENT = b'data: {"choices":[{"index":0,"delta":{"content":"%b"},"finish_reason":null}]}\n\n' % (b"x" * 60_000)
LAST = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
LONG = 500  # events


@dataclass(slots=True)
class Seen:
    """What the upstream saw."""

    asked: int = 0
    events: int = 0
    left: threading.Event = field(default_factory=threading.Event)


class Upstream(socketserver.StreamRequestHandler):
    """Answers; late a prompt that says `slow`, never one that says `hang`, and at length one that says `long`."""

    seen: Seen

    def handle(self) -> None:
        while head := read_head(self.rfile):
            length = re.search(rb"content-length: (\d+)", head)
            assert length is not None
            self._answer(self.rfile.read(int(length[1])))

    def _answer(self, body: bytes) -> None:
        self.seen.asked += 1
        if b"hang" in body:
            self.rfile.read(1)
            self.seen.left.set()
        elif b"slow" in body:
            time.sleep(3)
            self.wfile.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(REPLY), REPLY))
        elif b"long" in body:
            size = LONG * len(EVENT) + len(LAST)
            self.wfile.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % size)
            for _ in range(LONG):
                self.wfile.write(EVENT)
                self.seen.events += 1
            self.wfile.write(LAST)
        else:
            self.wfile.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(REPLY), REPLY))


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, Seen]]:
    root = tmp_path_factory.mktemp("server")
    Upstream.seen = Seen()
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Upstream)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    (root / "policies" / "catalog").mkdir(parents=True)
    catalog = CATALOG.replace("PORT", str(server.server_address[1]))
    (root / "policies" / "catalog" / "all.yaml").write_text(catalog)
    (root / "policies" / "callers.yaml").write_text(CALLERS)
    (root / "policies" / "policy.yaml").write_text(POLICY)
    started: list[Running] = []
    yield (
        starter(root, started)(
            root / "policies", environment={"GATEWAY_KEY_TEST": "sk-ours", "GATEWAY_KEEP_ALIVE_S": "5"}
        ),
        Upstream.seen,
    )
    for each in started:
        each.stop()
    server.shutdown()
    server.server_close()


def request(word: str = "hi", *, version: str = "1.1", headers: str = "", path: str = "chat/completions", **more: Any):
    body = json.dumps({"model": "auto", "messages": [{"role": "user", "content": word}], **more}).encode()
    head = f"POST /v1/{path} HTTP/{version}\r\nhost: x\r\nauthorization: Bearer {KEY}\r\n{headers}"
    return f"{head}content-length: {len(body)}\r\n\r\n".encode(), body


def plugged(house) -> socket.socket:
    return socket.create_connection(("127.0.0.1", house[0].port), timeout=30)


def until(plug: socket.socket, end: bytes) -> bytes:
    told = b""
    while not told.endswith(end):
        more = plug.recv(65_536)
        assert more, told[-500:]
        told += more
    return told


def waits(condition, seconds: float = 10.0) -> bool:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    return bool(condition())


def test_one_connection_carries_many_requests(house):
    with plugged(house) as plug:
        for number in range(3):
            plug.sendall(b"".join(request(headers=f"x-client-request-id: my-{number}\r\n")))
            told = until(plug, REPLY)

            assert told.startswith(b"HTTP/1.1 200 OK\r\n")
            assert told.count(b"HTTP/1.1") == 1
            assert f"\r\nx-client-request-id: my-{number}\r\n".encode() in told
            assert f"\r\ncontent-length: {len(REPLY)}\r\n".encode() in told


def test_pipelined_requests_are_answered_in_their_order(house):
    with plugged(house) as plug:
        plug.sendall(b"".join(request(path="nowhere")) + b"".join(request()) + b"".join(request(model="none")))
        told = until(plug, b'"code":"model_not_found"}}')

    assert re.findall(rb"HTTP/1.1 (\d+)", told) == [b"404", b"200", b"404"]


@pytest.mark.parametrize("word", [{"version": "1.0"}, {"headers": "connection: close\r\n"}], ids=["old", "asked-to"])
def test_a_connection_that_is_to_close_closes_after_the_whole_reply(house, word):
    with plugged(house) as plug:
        plug.sendall(b"".join(request(**word)))
        told = b"".join(iter(lambda: plug.recv(65_536), b""))

    assert b"\r\nconnection: close\r\n" in told
    assert told.endswith(b"\r\n\r\n" + REPLY)


def test_a_body_may_come_in_pieces_and_wait_to_be_asked_for(house):
    head, body = request(headers="expect: 100-continue\r\n", user="x" * 200_000)
    with plugged(house) as plug:
        plug.sendall(head)
        until(plug, b"HTTP/1.1 100 Continue\r\n\r\n")
        for start in range(0, len(body), 50_000):
            plug.sendall(body[start : start + 50_000])
            time.sleep(0.01)

        assert until(plug, REPLY).startswith(b"HTTP/1.1 200 OK\r\n")


def test_an_idle_connection_is_closed_in_time_and_a_used_one_is_not(house):
    with plugged(house) as plug:
        began = time.monotonic()
        for _ in range(4):
            plug.sendall(b"".join(request()))
            until(plug, REPLY)
            time.sleep(1)
        last = time.monotonic() - 1
        plug.settimeout(20)

        assert plug.recv(1) == b""
        assert 4 < time.monotonic() - last < 15
        assert time.monotonic() - began > 7


def test_a_caller_who_leaves_takes_the_upstreams_connection_along(house):
    running, seen = house
    seen.left.clear()
    before = running.metric("gateway_requests_total", outcome="left")
    asked = seen.asked
    with plugged(house) as plug:
        plug.sendall(b"".join(request("hang")))
        assert waits(lambda: seen.asked > asked)

    assert seen.left.wait(5)
    assert waits(lambda: running.metric("gateway_requests_total", outcome="left") == before + 1)


def test_a_slow_reader_slows_the_upstream_and_gets_every_byte(house):
    seen = house[1]
    seen.events = 0
    with plugged(house) as plug:
        plug.sendall(b"".join(request("long", stream=True)))
        assert waits(lambda: seen.events > 10)
        time.sleep(1)
        stalled = seen.events
        told = until(plug, b"\r\n0\r\n\r\n")

    assert stalled < LONG
    assert told.count(b"x" * 60_000) == LONG
    assert b"data: [DONE]" in told

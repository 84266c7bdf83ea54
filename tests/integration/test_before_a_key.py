"""Claims about callers who have shown no key: they cost little memory, few descriptors and little time."""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.integration.callers import built, chat, head, plugged, rest, say, waits
from tests.integration.test_passthrough import KEY
from tests.running import ALONE, Running

pytestmark = pytest.mark.services
BIG = 19_000_000
CLOSE = "connection: close\r\n"


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    with built(tmp_path_factory.mktemp("before-a-key"), program=ALONE) as house:
        yield house


def rss_mb(running: Running) -> float:
    found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{running.workers()[0]}/status").read_text())
    assert found is not None
    return int(found[1]) / 1024


def files(running: Running) -> int:
    return len(os.listdir(f"/proc/{running.workers()[0]}/fd"))


@pytest.mark.parametrize("key", [None, "gw-wrong"])
@pytest.mark.parametrize("more", ["", "expect: 100-continue\r\n", "x-api-key: gw-other\r\n"])
def test_a_bad_key_is_answered_before_the_body_is_asked_for(house, key, more):
    with plugged(house[0]) as plug:
        plug.sendall(head(BIG, key=key, more=more))
        told = rest(plug)

    assert told.startswith(b"HTTP/1.1 401 ")
    assert b"\r\nconnection: close\r\n" in told
    assert b"\r\nx-request-id: req_" in told
    assert json.loads(told.partition(b"\r\n\r\n")[2])["error"]["code"] == "invalid_api_key"


def test_a_chunked_body_without_a_key_is_not_asked_for_either(house):
    told = say(house[0], head(key=None, more="transfer-encoding: chunked\r\n"), b"5\r\nhello\r\n")

    assert told.startswith(b"HTTP/1.1 401 ")


def test_a_good_key_is_asked_for_the_body(house):
    body = chat()
    with plugged(house[0]) as plug:
        plug.sendall(head(len(body), more=f"expect: 100-continue\r\n{CLOSE}"))
        assert plug.recv(65_536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        plug.sendall(body)

        assert rest(plug).startswith(b"HTTP/1.1 200 ")


def test_a_caller_who_sends_all_before_it_reads_still_reads_why(house):
    with plugged(house[0]) as plug:
        plug.sendall(head(BIG, key=None))
        with contextlib.suppress(OSError):
            for _ in range(BIG // 100_000):
                plug.sendall(b"x" * 100_000)
        told = plug.recv(65_536)

    assert told.startswith(b"HTTP/1.1 401 ")


def test_bodies_without_a_key_are_not_kept(house):
    running = house[0]
    before = rss_mb(running)

    def fill(_: int) -> float:
        with plugged(running) as plug, contextlib.suppress(OSError):
            plug.sendall(head(BIG, key=None))
            for _ in range(BIG // 100_000):
                plug.sendall(b"x" * 100_000)
        return rss_mb(running)

    with ThreadPoolExecutor(10) as pool:
        most = max(pool.map(fill, range(20)))

    assert most - before < 100  # of 380


def test_what_comes_too_slowly_is_ended(house):
    """Silent, a head in drops, a body in drops with and without chunks: all at once, for it takes their time."""
    running = house[0]
    chunked = head(more="transfer-encoding: chunked\r\n")
    ways = {
        "silent": (b"", b""),
        "head": (b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\n", b"x: y\r\n"),
        "header": (b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nx: ", b"y"),
        "blank lines": (b"\r\n", b"\r\n"),
        "body": (head(1000), b" "),
        "chunks": (chunked, b"1\r\n \r\n"),
    }

    def drip(way: str) -> bytes:
        first, drop = ways[way]
        with plugged(running) as plug:
            plug.sendall(first)
            stop = threading.Event()

            def go_on() -> None:
                with contextlib.suppress(OSError):
                    while not stop.wait(0.5):
                        plug.sendall(drop)

            dripping = threading.Thread(target=go_on)
            dripping.start()
            try:
                return rest(plug)
            finally:
                stop.set()
                dripping.join()

    with ThreadPoolExecutor(len(ways)) as pool:
        told = dict(zip(ways, pool.map(drip, ways), strict=True))

    assert told["silent"] == told["blank lines"] == b""
    assert {way: told[way][:13] for way in ("head", "header", "body", "chunks")} == dict.fromkeys(
        ("head", "header", "body", "chunks"), b"HTTP/1.1 408 "
    )


@pytest.fixture
def narrow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A gateway that may open 256 files: 64 connections, 48 of them from one address."""
    script = tmp_path / "python"
    script.write_text(f'#!/bin/sh\nulimit -n 256\nexec "{sys.executable}" "$@"\n')
    script.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(script))
    with built(tmp_path / "narrow", {"GATEWAY_KEEP_ALIVE_S": "600"}) as house:
        yield house[0]


def test_silent_connections_make_room_and_never_use_up_the_files(narrow):
    with contextlib.ExitStack() as stack:
        friend = stack.enter_context(plugged(narrow))
        friend.sendall(head(len(chat())) + chat())
        assert friend.recv(65_536).startswith(b"HTTP/1.1 200 ")
        for _ in range(400):
            stack.enter_context(plugged(narrow))

        assert narrow.ask("GET", "/health/live")[0] == 200
        assert files(narrow) < 200
        friend.sendall(head(len(chat())) + chat())
        assert friend.recv(65_536).startswith(b"HTTP/1.1 200 ")


def test_who_finds_no_room_is_told_so_and_comes_in_when_there_is_some(narrow):
    for way in (b"", b"GET", b"nonsense\r\n\r\n", head(5, key=None), head(5), head(path="/nowhere", method="GET")):
        for _ in range(30):  # however a connection ends, its place is free again
            with plugged(narrow) as plug:
                plug.sendall(way)
    with contextlib.ExitStack() as stack:
        friends = [stack.enter_context(plugged(narrow)) for _ in range(48)]
        for friend in friends:
            friend.sendall(head(len(chat())) + chat())
            assert friend.recv(65_536).startswith(b"HTTP/1.1 200 ")
        with plugged(narrow) as late:
            told = rest(late)
        friends[0].close()

        assert told.startswith(b"HTTP/1.1 503 ")
        assert b"\r\nretry-after: " in told
        assert b'"code":"overloaded"' in told
        assert waits(lambda: narrow.ask("GET", "/health/live")[0] == 200)


def test_bodies_of_all_requests_together_are_bounded(tmp_path: Path):
    with built(tmp_path, {"GATEWAY_MAX_BODY_BYTES": "1000000"}) as (running, _), contextlib.ExitStack() as stack:
        plugs = [stack.enter_context(plugged(running)) for _ in range(8)]
        for plug in plugs:
            plug.sendall(head(1_000_000, more="expect: 100-continue\r\n"))
            assert plug.recv(65_536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        with plugged(running) as late:
            late.sendall(head(1_000_000, more="expect: 100-continue\r\n"))
            told = rest(late)
        small = say(running, head(len(chat()), more=CLOSE) + chat())
        for plug in plugs:
            plug.close()

        assert told.startswith(b"HTTP/1.1 503 ")
        assert b"\r\nretry-after: 1\r\n" in told
        assert small.startswith(b"HTTP/1.1 200 ")
        big = chat(user="x" * 900_000)
        assert waits(lambda: say(running, head(len(big), more=CLOSE) + big).startswith(b"HTTP/1.1 200 "))


def test_a_long_body_keeps_nobody_waiting(house):
    running = house[0]
    message = b'{"role":"user","content":[{"type":"text","text":"a"}]},'
    body = b'{"model":"auto","messages":[' + message * (3_000_000 // len(message)) + message[:-1] + b"]}"
    done = threading.Event()

    def ask() -> bytes:
        try:
            return say(running, head(len(body), more=CLOSE) + body)
        finally:
            done.set()

    answered = 0
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(ask)
        while not done.is_set():
            assert running.ask("GET", "/health/live")[0] == 200
            answered += 1
            time.sleep(0.01)

    assert asked.result().startswith(b"HTTP/1.1 ")
    assert answered >= 5


def test_memory_of_long_bodies_comes_back(house):
    running = house[0]
    body = chat(user="x" * BIG)
    say(running, head(len(body), more=CLOSE) + body)
    before = rss_mb(running)
    with ThreadPoolExecutor(4) as pool:
        for told in pool.map(lambda _: say(running, head(len(body), more=CLOSE) + body), range(8)):
            assert told.startswith(b"HTTP/1.1 ")

    assert waits(lambda: rss_mb(running) < before + 60)


def test_the_key_is_not_in_the_log(house):
    assert KEY not in house[0].log.read_text()

"""Claims about the time an upstream gets: for a whole reply, for the first sign of life, for silence in a stream."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import time
from collections.abc import Callable, Iterator

import pytest

from gateway.upstreams.http1 import Client
from tests.integration.rerouted import YES, pieces
from tests.integration.scripted import Line as Plain
from tests.integration.scripted import Vendor, running, target
from tests.integration.scripted import ask as ask_upstream
from tests.integration.upstreams import KEY, SSE, Line, Upstreams, answer, ask, chat, decision, event, folder, serving
from tests.running import PATIENCE_S, Running

COMMENT = b": still thinking\n\n"


@pytest.fixture
def upstreams() -> Iterator[Upstreams]:
    with serving() as running:
        yield running


def started(tmp_path, gateway, upstreams, limits):
    return gateway(folder(tmp_path / "policies", {name: upstreams.url(name) for name in "abc"}, limits=limits))


async def hang(line: Line) -> None:
    await line.reader.read()


def attempts(running, headers) -> list[tuple[str, str, str | None]]:
    told = decision(running, headers)["attempts"]
    return [(each["endpoint"], each["outcome"], each["failure"]) for each in told]


@pytest.mark.services
def test_a_whole_reply_may_take_longer_than_a_first_byte(tmp_path, gateway, upstreams):
    """Half a minute of thinking once was a 504, and the SDK's retries made it nine requests to vendors."""

    async def slow(line: Line) -> None:
        await asyncio.sleep(2)
        await answer()(line)

    upstreams.acts["a"] = slow
    running = started(tmp_path, gateway, upstreams, "first_byte_s: 0.5, total_s: 120")
    status, headers, _ = ask(running, chat())

    assert (status, headers["x-gateway-endpoint"]) == (200, "m@a")


@pytest.mark.services
def test_a_whole_reply_is_bounded_for_each_attempt(tmp_path, gateway, upstreams):
    async def half(line: Line) -> None:
        await line.say(b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{")
        await line.reader.read()

    upstreams.acts = {"a": hang, "b": half}
    running = started(tmp_path, gateway, upstreams, "whole_s: 4, total_s: 120")
    status, headers, _ = ask(running, chat())

    assert (status, headers["x-gateway-endpoint"]) == (200, "w@c")
    assert attempts(running, headers)[:2] == [("m@a", "failed", "timeout"), ("m@b", "failed", "timeout")]


@pytest.mark.services
def test_a_comment_is_a_sign_of_life_before_the_first_event_and_between_events(tmp_path, gateway, upstreams):
    async def thinks(line: Line) -> None:
        first, *rest = map(event, pieces(YES))
        await line.say(SSE, *[COMMENT] * 8, gap_s=0.7)
        await line.say(first)
        await line.say(*[COMMENT] * 8, gap_s=0.7)
        await line.say(*rest, event(b"[DONE]"))

    upstreams.acts["a"] = thinks
    running = started(tmp_path, gateway, upstreams, "first_byte_s: 4, idle_s: 4, total_s: 120")
    status, headers, body = ask(running, chat(stream=True))

    assert (status, headers["x-gateway-endpoint"]) == (200, "m@a")
    assert body.rstrip().endswith(b"data: [DONE]")


@pytest.mark.services
def test_a_stream_that_falls_silent_ends_with_an_error(tmp_path, gateway, upstreams):
    async def silent(line: Line) -> None:
        await line.say(SSE, *map(event, pieces(YES * 3, ended=False)))
        await line.reader.read()

    upstreams.acts["a"] = silent
    running = started(tmp_path, gateway, upstreams, "idle_s: 2, total_s: 120")
    _, headers, body = ask(running, chat("m@a", stream=True))
    told = json.loads(body.strip().split(b"data: ")[-1])["error"]

    assert (told["code"], told["message"]) == ("upstream_timeout", "m@a: nothing came for 2 s")
    assert attempts(running, headers) == [("m@a", "failed", "timeout")]


async def test_a_reader_who_is_slow_is_not_taken_for_a_silent_vendor():
    go_on = asyncio.Event()

    async def script(line: Plain) -> None:
        await line.request()
        await line.say(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n", b"hello")
        await go_on.wait()
        await line.say(b"hello")
        await line.gone()

    client = Client()
    async with running(Vendor(script)) as vendor:
        reply = await ask_upstream(client, target(vendor.port))
        reply.end_by(asyncio.get_running_loop().time() + 60, 60, idle_s=0.1)
        await asyncio.sleep(0.5)
        assert reply.held
        assert await reply.next() == b"hello"
        go_on.set()
        client.close()


@pytest.mark.services
def test_who_leaves_before_a_byte_went_out_is_billed_nothing(tmp_path, gateway, upstreams):
    """It was once billed as if the model had been at work."""
    upstreams.acts["b"] = hang
    with contextlib.ExitStack() as plugs:
        port = deaf(plugs)
        urls = {"a": f"http://127.0.0.1:{port}/v1", "b": upstreams.url("b")}
        policies = folder(tmp_path / "policies", urls, limits="total_s: 300")
        policy = policies / "policy.yaml"
        policy.write_text(policy.read_text().replace("[m@a, m@b, w@c]", "[m@a, m@b]"))
        running = gateway(policies)
        leave(running, "m@a", lambda: running.metric("gateway_in_flight") > 0)
        assert until(lambda: running.metric("gateway_requests_total", outcome="left") == 1)
        assert running.metric("gateway_tokens_total") == 0

        leave(running, "m@b", lambda: bool(upstreams.asked))
        assert until(lambda: running.metric("gateway_requests_total", outcome="left") == 2)
        assert running.metric("gateway_tokens_total") > 0


def deaf(plugs: contextlib.ExitStack) -> int:
    """A port where a connection takes for ever: its queue is full."""
    full = plugs.enter_context(socket.socket())
    full.bind(("127.0.0.1", 0))
    full.listen(0)
    port: int = full.getsockname()[1]
    for _ in range(3):
        waiting = plugs.enter_context(socket.socket())
        waiting.setblocking(False)
        waiting.connect_ex(("127.0.0.1", port))
    return port


def leave(running: Running, model: str, when: Callable[[], bool]) -> None:
    """Asks, and hangs up when it is so."""
    body = json.dumps(chat(model, "a long prompt " * 500)).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {KEY}\r\n"
    with socket.create_connection(("127.0.0.1", running.port)) as plug:
        plug.sendall(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)
        assert until(when)


def until(holds: Callable[[], bool]) -> bool:
    end = time.monotonic() + PATIENCE_S
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True

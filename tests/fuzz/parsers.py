"""Whatever reads bytes of others, each with the errors that it may raise: anything else is a fault of ours."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress

import msgspec

from gateway.errors import GatewayError, Problems
from gateway.form import parse_form
from gateway.identity.tokens import looks_like_token
from gateway.outcome.meter import StreamMeter
from gateway.policy.authoring.compile import compile_folder
from gateway.record.journal.record import decode
from gateway.request import Arrival, parse
from gateway.upstreams.connecting import hop_of
from gateway.upstreams.fault import UpstreamFault
from gateway.upstreams.http1 import Reply
from gateway.upstreams.http1.tunnel import Tunnel

ARRIVAL = Arrival("req_fuzz", 1_795_000_000.0, 0.0)
FOLDER = {"callers.yaml": b"teams: {t: {data_class: public}}\n", "catalog/all.yaml": b"labs: []\n"}
Parser = Callable[[bytes], object]


class _Nowhere:
    """A connection that leads nowhere."""

    peer = ""
    certificate: str | None = None

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()

    def expect(self, by: float) -> None:
        pass

    def resume(self) -> None:
        pass

    def abort(self) -> None:
        pass


def stream(data: bytes) -> None:
    """A vendor's stream, cut where the first byte says; a cut changes nothing of what is read."""
    at, rest = (data[0] if data else 0), data[1:]
    whole, cut = StreamMeter(keep_usage=True), StreamMeter(keep_usage=True)
    if rest:
        whole.feed(rest)
    for part in (rest[:at], rest[at:]):
        if part:
            cut.feed(part)
    assert cut.reading.texts == whole.reading.texts
    assert cut.reading.usage == whole.reading.usage


def request(data: bytes) -> None:
    """A caller's body, of each interface."""
    for interface in ("chat", "messages", "responses", "embedding"):
        with suppress(GatewayError):
            parse(interface, data, ARRIVAL)


def form(data: bytes) -> None:
    """A caller's form."""
    with suppress(GatewayError):
        parse_form(data, "multipart/form-data; boundary=xx")


def record(data: bytes) -> None:
    """A journal's record."""
    with suppress(msgspec.DecodeError):
        decode(data)


def policy(data: bytes) -> None:
    """A file of a policy folder, as each of the three kinds."""
    for name in ("policy.yaml", *FOLDER):
        with suppress(Problems):
            compile_folder({"policy.yaml": b"version: 1\nroutes: []\n", **FOLDER, name: data})


def reply(data: bytes) -> None:
    """A vendor's reply, and what a proxy answers."""
    asyncio.run(_fed(data))


async def _fed(data: bytes) -> None:
    read = Reply(_Nowhere())
    read.start(60)
    read.feed(data)
    read.end(None)
    with suppress(UpstreamFault):
        await read.head()
        await read.read(1 << 20)
    tunnel = Tunnel()
    tunnel.data_received(data)
    tunnel.connection_lost(None)
    with suppress(UpstreamFault):
        await tunnel.opened


def words(data: bytes) -> None:
    """A header's value where an address or a token is awaited."""
    text = data.decode("latin-1")
    hop_of(text)
    looks_like_token(text)


PARSERS: Mapping[str, Parser] = {each.__name__: each for each in (stream, request, form, record, policy, reply, words)}
SEEDS: Mapping[str, tuple[bytes, ...]] = {
    "stream": (b'\x09data: {"choices": [{"index": 0, "delta": {"content": "a"}}]}\n\ndata: [DONE]\n\n',),
    "request": (
        b'{"model": "auto", "messages": [{"role": "user", "content": [{"type": "text", "text": "a"}]}], "n": 1}',
        b'{"model": "m", "input": ["a"], "max_tokens": 5, "stream": true, "tools": []}',
    ),
    "form": (b'--xx\r\ncontent-disposition: form-data; name="model"\r\n\r\na\r\n--xx--\r\n',),
    "record": (msgspec.msgpack.encode([0, 1.5, "a", None, [], {"a": b"b"}]), b"\x91\xa1\xff", b"\x91" * 5_000),
    "policy": (b"version: 1\nroutes: [{name: rest, try: [{any: {}}]}]\nguards: [&a {x: *a}]\n",),
    "reply": (
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-encoding: gzip\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
    ),
    "words": (b"http://me:word@[::1]:3128/", b"eyJh.eyJh.c2ln"),
}  # what mutation begins with

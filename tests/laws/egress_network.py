"""An event loop whose time passes at once and whose connections lead into memory: a vendor behind each address.

Our own client runs whole on it: names, addresses, TLS's word on who is there, pins, kept connections. Every request is
noted when it is written, by the address where it arrives.
"""

from __future__ import annotations

import asyncio
import json
import os
import selectors
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any
from unittest import mock

from gateway import pipeline
from gateway.background import llm_judge, shadowing
from gateway.catalog.address import address_of
from gateway.dispatch import off_path
from gateway.upstreams import fleet
from gateway.upstreams.http1 import resolver
from tests.laws.egress_vendor import reply
from tests.laws.egress_worlds import EVENING, HOP, PROXY, Rules, names_at

METADATA = "169.254.169.254"  # where nobody may be asked, whatever a name leads to
_PROXIES = dict.fromkeys(
    (name for stem in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY") for name in (stem, stem.lower())), HOP
)


@dataclass
class Byte:
    """A request that was written: where to, what is in it, and what was in force then."""

    host: str
    body: bytes
    rules: Rules
    frozen: tuple[tuple[str, str], ...]
    at: float
    proxied: bool


@dataclass
class Network:
    """What lies behind the addresses, what names lead to, and what time it is."""

    faults: dict[str, str] = field(default_factory=dict)
    dns: dict[str, str] = field(default_factory=dict)
    redirects: tuple[str, ...] = ()
    sent: list[Byte] = field(default_factory=list)
    now: float = EVENING  # seconds since the epoch
    rebound: int = 0  # connections that TLS or nobody stopped
    between: Callable[[], None] = lambda: None  # called before each connection, and when a request has arrived
    state: Callable[[], tuple[Rules, tuple[tuple[str, str], ...]]] = field(default=lambda: (Rules(), ()))

    def receive(self, host: str, data: bytes, *, proxied: bool) -> tuple[bytes, bool]:
        """What comes back, and whether the connection closes after it."""
        head, _, body = data.partition(b"\r\n\r\n")
        if host == "adapter":
            named = address_of(str(json.loads(body)["endpoint"]["base_url"])).host
            address = self.dns.get(named, named)
            if named not in names_at(address):  # its own TLS says so
                self.rebound += 1
                return reply("500", host, b"", b"", ())
            host = f"{address}:443"
        self.sent.append(Byte(host, body, *self.state(), self.now, proxied))
        self.between()
        return reply(self.faults.get(host, "answer"), host, head.split(b" ")[1], body, self.redirects)


class Loop(asyncio.SelectorEventLoop):
    """Nothing but memory is waited for: when nobody has anything to do, the clock jumps to when somebody has."""

    def __init__(self) -> None:
        self._ahead_s = 0.0
        self.network = Network()
        super().__init__(_Jumping(self))

    def time(self) -> float:
        return super().time() + self._ahead_s

    def jump(self, seconds: float) -> None:
        self._ahead_s += seconds

    async def create_connection(  # type: ignore[override]
        self, make: Any, host: str, port: int, *, ssl: Any = None, server_hostname: str | None = None
    ) -> Any:
        return await self._opened(make, f"{host}:{port}", server_hostname if ssl is not None else None)

    async def create_unix_connection(self, make: Any, path: str) -> Any:  # type: ignore[override]
        return await self._opened(make, "adapter", None)

    async def _opened(self, make: Any, host: str, named: str | None) -> Any:
        network = self.network
        await asyncio.sleep(0)
        network.between()
        if network.faults.get(host) == "refused":
            raise ConnectionRefusedError(111, "nobody listens")
        if named is not None:
            self._certify(host, named)
        protocol = make()
        wire = Wire(self, host, protocol)
        protocol.connection_made(wire)
        return wire, protocol

    async def start_tls(  # type: ignore[override]
        self, transport: Any, protocol: Any, context: Any, *, server_hostname: str
    ) -> Any:
        await asyncio.sleep(0)
        self.network.between()
        host = str(transport.beyond)
        if self.network.faults.get(host) == "refused":
            raise ConnectionResetError(104, "reset")
        self._certify(host, server_hostname)
        return Wire(self, host, protocol, proxied=True)

    def _certify(self, host: str, named: str) -> None:
        """Raises SSLCertVerificationError if who is there has no certificate of that name."""
        if named not in names_at(host.rpartition(":")[0]):
            self.network.rebound += 1
            wrong = ssl.SSLCertVerificationError(1, f"certificate is not valid for {named}")
            wrong.verify_message = "Hostname mismatch"
            raise wrong


class _Jumping(selectors.DefaultSelector):
    """Waits for nothing that a clock could bring."""

    def __init__(self, loop: Loop):
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None:
            return super().select(timeout)
        found = super().select(0) if timeout > 0 else []
        if not found and timeout > 0:
            self._loop.jump(timeout)
        return found


class Wire(asyncio.Transport):
    """A connection into memory."""

    def __init__(self, loop: Loop, host: str, protocol: asyncio.Protocol, *, proxied: bool = False):
        super().__init__()
        self._loop, self._host, self._protocol, self._closing = loop, host, protocol, False
        self._proxied, self.beyond = proxied, ""  # where a tunnel through it leads

    def write(self, data: Any) -> None:
        said, closes = self._answer(bytes(data))
        if said:
            self._loop.call_soon(self._hand, said)
        if closes:
            self._loop.call_soon(self.abort)

    def _answer(self, data: bytes) -> tuple[bytes, bool]:
        network = self._loop.network
        if self._host == PROXY and data.startswith(b"CONNECT ") and not self.beyond:
            name, _, port = data.split(b" ")[1].decode().rpartition(":")
            self.beyond = f"{network.dns.get(name, name)}:{port}"
            return b"HTTP/1.1 200 OK\r\n\r\n", False
        return network.receive(self._host, data, proxied=self._proxied)

    def _hand(self, said: bytes) -> None:
        if not self._closing:
            self._protocol.data_received(said)

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        if name == "socket":
            return SimpleNamespace(family=socket.AF_UNIX)  # no options of TCP are set
        address, _, port = self._host.rpartition(":")
        return (address, int(port)) if name == "peername" else default

    def is_closing(self) -> bool:
        return self._closing

    def abort(self) -> None:
        if not self._closing:
            self._closing = True
            self._loop.call_soon(self._protocol.connection_lost, None)

    def get_write_buffer_size(self) -> int:
        return 0

    def pause_reading(self) -> None:
        return None

    def resume_reading(self) -> None:
        return None


@contextmanager
def in_memory(loop: Loop) -> Iterator[None]:
    """Names, clocks and the environment are the network's; threads that look up a name take no time."""

    def look_up(name: str, *_: Any, **__: Any) -> list[Any]:
        found = loop.network.dns.get(name)
        if found is None:
            raise socket.gaierror(-2, "unknown name")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (found, 0))]

    sockets = SimpleNamespace(getaddrinfo=look_up, SOCK_STREAM=socket.SOCK_STREAM)
    with ExitStack() as stack:
        for module in _CLOCKS:
            stack.enter_context(mock.patch.object(module, "time", lambda: loop.network.now))
        stack.enter_context(mock.patch.object(resolver, "socket", sockets))
        stack.enter_context(mock.patch.object(resolver, "threading", SimpleNamespace(Thread=_AtOnce)))
        stack.enter_context(mock.patch.dict(os.environ, _PROXIES))
        yield


_CLOCKS: tuple[Any, ...] = (fleet, pipeline, shadowing, llm_judge, off_path)


class _AtOnce:
    """In a thread's place."""

    def __init__(self, *, target: Callable[..., None], args: tuple[Any, ...], **_: Any):
        self._run = lambda: target(*args)

    def start(self) -> None:
        self._run()

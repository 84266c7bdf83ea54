"""A way through a proxy, by CONNECT: what it answers is read to the end of its head, and no byte further."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import cast

from gateway.upstreams.fault import UpstreamFault

HEAD_LIMIT = 16 * 1024  # bytes of the proxy's answer
_STATUS = re.compile(rb"HTTP/1\.[01] ([0-9]{3})(?: |\r?\n)")
_END = re.compile(rb"\r?\n\r?\n")


@dataclass(frozen=True, slots=True)
class Hop:
    """A proxy, ready to be asked."""

    host: str
    port: int
    authorization: str | None = None  # the value of a header; of what a proxy is told, the one secret

    @property
    def pool(self) -> str:
        """Differs for every proxy, and shows nothing of its login."""
        return f"{self.host}:{self.port} {hash(self.authorization)}"


def request_line(host: str, port: int, hop: Hop) -> bytes:
    """What the proxy is asked."""
    name = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    login = f"proxy-authorization: {hop.authorization}\r\n" if hop.authorization is not None else ""
    return f"CONNECT {name} HTTP/1.1\r\nhost: {name}\r\n{login}\r\n".encode()


class Tunnel(asyncio.Protocol):
    """Until the proxy has said yes; TLS takes the connection over from there."""

    def __init__(self) -> None:
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._head = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the event loop."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Called by the event loop."""
        self._head += data
        end = _END.search(self._head)
        if end is None:
            if len(self._head) > HEAD_LIMIT:
                self._fail("the proxy's answer is too long")
            return
        status = _STATUS.match(self._head)
        if status is None:
            self._fail("the proxy does not answer in HTTP/1.1")
        elif not 200 <= int(status[1]) < 300:
            login = "; its login is missing or wrong" if status[1] == b"407" else ""
            self._fail(f"the proxy answers {status[1].decode()}{login}")
        elif end.end() < len(self._head):  # a server speaks second in TLS: whose bytes would these be?
            self._fail("the proxy says more than was asked")
        elif not self.opened.done():
            if self._transport is not None:
                self._transport.pause_reading()  # what comes from now on is TLS's
            self.opened.set_result(None)

    def connection_lost(self, error: Exception | None) -> None:
        """Called by the event loop."""
        self._fail("the proxy closed the connection")

    def _fail(self, detail: str) -> None:
        if not self.opened.done():
            self.opened.set_exception(UpstreamFault("connect", detail))

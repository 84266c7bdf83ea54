"""One connection to an origin: carries one exchange at a time and stops reading when nobody takes what came."""

from __future__ import annotations

import asyncio
import hashlib
import socket
import ssl
from collections.abc import Callable
from math import inf
from typing import cast

from gateway.upstreams.http1.reply import Reply
from gateway.upstreams.pins import Certificate

HIGH_WATER = 256 * 1024  # bytes of a body that may wait for their reader


class Connection(asyncio.Protocol):
    """`finished` is called when an exchange is over and another may follow, `lost` when the connection is gone."""

    __slots__ = (
        "_due",
        "_finished",
        "_lost",
        "_paused",
        "_timer",
        "certificate",
        "idle_since",
        "loop",
        "peer",
        "pool",
        "reply",
        "transport",
    )

    transport: asyncio.Transport | None

    def __init__(self, pool: str, finished: Callable[[Connection], None], lost: Callable[[Connection], None]):
        self.pool = pool
        self.loop = asyncio.get_running_loop()
        self.transport = None
        self.reply: Reply | None = None
        self.peer = ""
        self.certificate: str | None = None
        self.idle_since = 0.0
        self._finished = finished
        self._lost = lost
        self._paused = False
        self._due = inf  # when the reply is too late, by the loop's clock
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is none by descent
        plug = transport.get_extra_info("socket")
        if plug.family != socket.AF_UNIX:
            keep_alive(plug)

    def ask(self, request: bytes, first_byte_s: float) -> Reply:
        """Sends the whole request in one write."""
        self.reply = reply = Reply(self)
        if self.transport is None or self.transport.is_closing():
            self.reply = None
            reply.end(None)
            return reply
        reply.start(first_byte_s)
        self.transport.write(request)
        return reply

    def expect(self, by: float) -> None:
        """The reply is told when the loop's clock says so; infinity: not any more.

        One timer a connection, which looks at the clock when it rings: setting and cancelling one is dear.
        """
        self._due = by
        if by != inf and (self._timer is None or by < self._timer.when()):
            if self._timer is not None:
                self._timer.cancel()
            self._timer = self.loop.call_at(by, self._ring)

    def _ring(self) -> None:
        self._timer = None
        if self._due > self.loop.time():
            self.expect(self._due)
        elif self.reply is not None:
            self.reply.expire()

    def data_received(self, data: bytes) -> None:
        reply = self.reply
        if reply is None:
            self.abort()  # bytes that nobody asked for: whose answer would they be?
            return
        reply.feed(data)
        if reply.complete:
            self._finish(reply)
        elif reply.failed:
            self.abort()
        elif reply.held > HIGH_WATER and not self._paused and self.transport is not None:
            self._paused = True
            self.transport.pause_reading()

    def connection_lost(self, error: Exception | None) -> None:
        reply, self.reply, self.transport = self.reply, None, None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if reply is not None:
            reply.end(error)
        self._lost(self)

    def resume(self) -> None:
        if self._paused:
            self._paused = False
            if self.transport is not None:
                self.transport.resume_reading()

    def abort(self) -> None:
        """Closes at once, without waiting for what is still to be written or for a TLS farewell."""
        if self.transport is not None:
            self.transport.abort()

    def _finish(self, reply: Reply) -> None:
        self.reply = None
        transport = self.transport
        if transport is None:
            return
        if not reply.reusable or transport.is_closing() or transport.get_write_buffer_size():
            transport.abort()  # a request that was answered before it was read would be read as the next one
            return
        self.resume()
        self._finished(self)


def keep_alive(plug: socket.socket) -> None:
    """A model may think for minutes: routers on the way must not forget the connection."""
    plug.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if hasattr(socket, "TCP_KEEPIDLE"):
        plug.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 45)


def certificate_of(transport: asyncio.BaseTransport) -> Certificate | None:
    """The peer's leaf certificate; None without TLS."""
    plug = transport.get_extra_info("ssl_object")
    if plug is None:
        return None
    found = plug.getpeercert() or {}
    names = [value for kind, value in found.get("subjectAltName", ()) if kind in ("DNS", "IP Address")]
    if not names:
        names = [value for part in found.get("subject", ()) for key, value in part if key == "commonName"]
    encoded = plug.getpeercert(binary_form=True) or b""
    return Certificate(tuple(names), hashlib.sha256(encoded).hexdigest())


def reason_of(error: OSError) -> str:
    """Why a connection could not be made, in a few words."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate is not trusted: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"TLS failed: {error.reason or 'handshake'}"
    return error.strerror or type(error).__name__

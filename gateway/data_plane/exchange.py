"""One request and its reply on a caller's connection. See `asgi.Exchange`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from gateway.data_plane.asgi import Headers

_FIRST = b"HTTP/1.1 "  # what every reply begins with
_MOST_ZEROS = 8  # before the length of a chunk


class Line(Protocol):
    """The connection, as far as an exchange needs it."""

    def admit(self) -> None:
        """The caller has shown a good key."""

    def part(self) -> None:
        """Ends the connection after what has been written."""


class Exchange:
    """A request and its reply without ASGI's messages."""

    __slots__ = ("_chunked", "_cycle", "_leave", "_line", "_more", "_said", "_zeros", "left", "task")

    task: asyncio.Task[None]  # set by the protocol, before it runs

    def __init__(self, cycle: RequestResponseCycle, line: Line):
        self.left = False
        self._cycle = cycle
        self._line = line
        self._leave: Callable[[], object] | None = None
        self._chunked = cycle.scope["http_version"] == "1.1"
        self._more = b""  # header lines of every reply
        self._said = 0  # bytes of `_FIRST` that are out already
        self._zeros = 0  # of the next chunk's length that are out already

    @property
    def running(self) -> bool:
        """The reply is not complete, and somebody waits for it."""
        return not (self._cycle.response_complete or self.left)

    @property
    def reading(self) -> bool:
        """The request is not complete."""
        return self._cycle.more_body and self.running

    def close_after(self) -> None:
        """This reply is the last on its connection."""
        self._cycle.keep_alive = False

    def admit(self) -> None:
        """The caller has shown a good key."""
        self._line.admit()

    def add(self, headers: Headers) -> None:
        """Header lines for the reply, whoever writes it."""
        self._cycle.default_headers = [*self._cycle.default_headers, *headers]
        self._more += b"".join(b"%b: %b\r\n" % line for line in headers)

    def body(self) -> bytes | None:
        """The whole body if it is there."""
        cycle = self._cycle
        if cycle.more_body:
            return None
        cycle.flow.resume_reading()  # it may have been long
        body, cycle.body = bytes(cycle.body), bytearray()
        return body

    def watch(self, leave: Callable[[], object] | None) -> None:
        """What is called once, at once, when the caller leaves; None: nothing any more."""
        self._leave = leave

    def whole(self, status: int, head: bytes, body: bytes) -> None:
        """Writes a reply; `head` holds its header lines, but not the length."""
        if self.left:
            return
        cycle = self._cycle
        cycle.keep_alive = cycle.keep_alive and not cycle.more_body  # nobody will read the rest of the request
        length = b"content-length: %d\r\n" % len(body) if status != 204 else b""
        lines = [self._begin(status), head, self._more, length, self._farewell(), b"\r\n"]
        if cycle.scope["method"] != "HEAD":
            lines.append(body)
        cycle.transport.write(b"".join(lines))
        self._complete()

    def begin(self, head: bytes, opening: bytes) -> None:
        """Writes the head of a stream and what there is of its body."""
        if self.left:
            return
        if not self._chunked:
            self._cycle.keep_alive = False  # the end of the connection is the end of the stream
        lines = [self._begin(200), head, self._more, self._farewell()]
        lines.append(b"transfer-encoding: chunked\r\n\r\n" if self._chunked else b"\r\n")
        if opening:
            lines += (b"%x\r\n" % len(opening), opening, b"\r\n") if self._chunked else (opening,)
        self._cycle.transport.write(b"".join(lines))

    def write(self, chunk: bytes) -> bool:
        """Writes more of a stream. False: the caller reads too slowly; wait for `room`."""
        if not self.left:
            self._zeros = 0
            self._cycle.transport.write(b"%x\r\n%b\r\n" % (len(chunk), chunk) if self._chunked else chunk)
        return not self._cycle.flow.write_paused

    async def room(self, by_s: float) -> bool:
        """True when the caller has read enough; False if that takes longer than `by_s` seconds."""
        try:
            async with asyncio.timeout(by_s):
                await self._cycle.flow.drain()
        except TimeoutError:
            return False
        return True

    def finish(self) -> None:
        """Ends a stream."""
        if not self.left:
            if self._chunked:
                self._cycle.transport.write(b"0\r\n\r\n")
            self._complete()

    def abort(self) -> None:
        """Cuts the caller off, with all that it has not read."""
        if self.running:
            self.left = self._cycle.disconnected = True
            self._leave = None
            self._cycle.transport.abort()

    def probe(self) -> None:
        """Says a byte that changes nothing: a caller who has not only ended its side answers it with a reset."""
        cycle, byte = self._cycle, b""
        if self._leave is None or not self.running:
            return
        if not cycle.response_started:
            byte = _FIRST[self._said : self._said + 1]
            self._said += len(byte)
        elif self._chunked and self._zeros < _MOST_ZEROS:
            byte = b"0"
            self._zeros += 1
        if byte and not cycle.transport.is_closing():
            cycle.transport.write(byte)

    def lost(self) -> None:
        """Called by the protocol when the connection is gone, or when no more will be read from it."""
        if not self.running:
            return
        self.left = self._cycle.disconnected = True
        self._cycle.message_event.set()
        leave, self._leave = self._leave, None
        if leave is not None:
            leave()

    def _begin(self, status: int) -> bytes:
        self._cycle.response_started = True
        self._cycle.waiting_for_100_continue = False
        return STATUS_LINE[status][self._said :]

    def _farewell(self) -> bytes:
        return b"" if self._cycle.keep_alive else b"connection: close\r\n"

    def _complete(self) -> None:
        cycle = self._cycle
        cycle.response_complete = True
        cycle.message_event.set()
        if not cycle.keep_alive:
            self._line.part()
        cycle.on_response()

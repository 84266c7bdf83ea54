"""HTTP/1.1 over asyncio streams, bare: faults are made of bytes that no web framework lets through."""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus

MOST_BYTES = 64_000_000
_SLICE_S = 0.02  # how late a caller's leaving is noticed


class Left(Exception):
    """The caller closed the connection before the reply's end."""


class Stopped(Exception):
    """The script says that the reply ends here."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """One HTTP request."""

    method: str
    path: str
    headers: dict[str, str]  # names in lower case
    body: bytes


class Connection:
    """One caller's connection; what is sent goes out at once."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter):
        self._reader = reader
        self._writer = writer

    async def receive(self) -> Incoming | None:
        """None when the caller has gone."""
        try:
            head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError):
            return None
        line, *rows = head[:-4].split("\r\n")
        method, _, rest = line.partition(" ")
        pairs = (row.partition(":") for row in rows)
        headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
        length = int(headers.get("content-length") or 0)
        if length > MOST_BYTES:
            return None
        try:
            body = await self._reader.readexactly(length)
        except (asyncio.IncompleteReadError, ConnectionError):
            return None
        return Incoming(method, rest.split(" ")[0], headers, body)

    async def send(self, data: bytes) -> None:
        """Raises Left."""
        if self.gone:
            raise Left
        self._writer.write(data)
        try:
            await self._writer.drain()
        except ConnectionError:
            raise Left from None

    async def head(self, status: int, content_type: str, extra: dict[str, str], *, length: int | None) -> None:
        """`length` None: the body follows in chunks."""
        frame = "transfer-encoding: chunked" if length is None else f"content-length: {length}"
        rows = [f"HTTP/1.1 {status} {_phrase(status)}", f"content-type: {content_type}", "x-simulated: true", frame]
        rows += [f"{name}: {value}" for name, value in extra.items()]
        await self.send("\r\n".join((*rows, "", "")).encode("latin-1"))

    async def chunk(self, data: bytes) -> None:
        await self.send(b"%x\r\n%s\r\n" % (len(data), data))

    async def last_chunk(self) -> None:
        await self.send(b"0\r\n\r\n")

    async def pause(self, seconds: float) -> None:
        """Raises Left as soon as the caller has gone."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            await asyncio.sleep(min(left, _SLICE_S))
            if self.gone:
                raise Left

    @property
    def gone(self) -> bool:
        return self._reader.at_eof() or self._writer.transport.is_closing()

    def abort(self) -> None:
        """Resets the connection."""
        plug = self._writer.transport.get_extra_info("socket")
        if plug is not None:
            plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()

    def close(self) -> None:
        self._writer.close()


Serve = Callable[[Connection, Incoming], Awaitable[bool]]  # True: the connection may be used again


class VendorListener:
    """A loopback port that can be shut, as if the process were gone, and opened again."""

    def __init__(self, serve: Serve):
        self.port = 0
        self._serve = serve
        self._server: asyncio.Server | None = None
        self._open: set[Connection] = set()

    async def open(self) -> None:
        if self._server is None:
            self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port, backlog=512)
            self.port = self._server.sockets[0].getsockname()[1]

    def shut(self) -> None:
        """New connections are refused, running ones are reset."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for connection in tuple(self._open):
            connection.abort()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = Connection(reader, writer)
        self._open.add(connection)
        try:
            again = True
            while again:
                incoming = await connection.receive()
                again = incoming is not None and await self._serve(connection, incoming)
        except Left:
            pass
        finally:
            self._open.discard(connection)
            connection.close()


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"

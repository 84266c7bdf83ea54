"""A vendor that does to each connection what its script says, and notes what it saw."""

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable

from gateway.catalog.facts import Pin
from gateway.upstreams.http1 import Client, Reply, Target, header_lines

Script = Callable[["Line"], Awaitable[None]]
HEADERS = header_lines({"content-type": "application/json", "authorization": "Bearer secret-key"})
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello"


class Line:
    """One connection, seen from the vendor."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter):
        self.reader = reader
        self.writer = writer

    async def request(self) -> bytes:
        """The next request, head and body; b"" when the caller is gone."""
        try:
            head = await self.reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            return b""
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        return head + await self.reader.readexactly(length)

    async def say(self, *parts: bytes) -> None:
        """Each part in a write of its own."""
        for part in parts:
            self.writer.write(part)
            with contextlib.suppress(ConnectionError):
                await self.writer.drain()
            await asyncio.sleep(0.002)

    def reset(self) -> None:
        """Closes with RST instead of FIN."""
        plug = self.writer.get_extra_info("socket")
        plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    async def gone(self) -> None:
        """Returns when the caller has closed."""
        with contextlib.suppress(ConnectionError):
            while await self.reader.read(65536):
                pass


class Vendor:
    """Takes its scripts in turn, one a connection; the last serves all that follow."""

    def __init__(self, *scripts: Script):
        self.scripts = list(scripts)
        self.connections = 0
        self.requests: list[bytes] = []
        self.closed = asyncio.Event()  # the last connection was closed by the caller
        self.port = 0
        self.lines: set[asyncio.Task[None]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        script = self.scripts[min(self.connections, len(self.scripts) - 1)]
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self.lines.add(task)
        task.add_done_callback(self.lines.discard)
        with contextlib.suppress(ConnectionError, asyncio.CancelledError):
            await script(Line(reader, writer))
        writer.transport.abort()

    def answering(self, *parts: bytes, then: Script | None = None) -> Script:
        """A script: for every request, notes it and says `parts`; `then`, if given, ends the connection."""

        async def script(line: Line) -> None:
            while request := await line.request():
                self.requests.append(request)
                await line.say(*parts)
                if then is not None:
                    return await then(line)
            self.closed.set()

        return script


@contextlib.asynccontextmanager
async def running(vendor: Vendor, tls: ssl.SSLContext | None = None) -> AsyncIterator[Vendor]:
    server = await asyncio.start_server(vendor.serve, "127.0.0.1", 0, ssl=tls)
    vendor.port = server.sockets[0].getsockname()[1]
    try:
        yield vendor
    finally:
        server.close()
        lines = tuple(vendor.lines)
        for line in lines:
            line.cancel()
        await asyncio.gather(*lines, return_exceptions=True)
        await asyncio.sleep(0.01)


def target(port: int, *, scheme: str = "http", host: str = "127.0.0.1", pin: Pin | None = None) -> Target:
    return Target.of(f"{scheme}://{host}:{port}/v1", "/chat/completions", pin)


async def ask(
    client: Client, where: Target, *, body: bytes = b"{}", connect_s: float = 5, first_byte_s: float = 5
) -> Reply:
    return await client.send(target=where, headers=HEADERS, body=body, connect_s=connect_s, first_byte_s=first_byte_s)


async def hang_up(line: Line) -> None:
    line.writer.close()


async def reset(line: Line) -> None:
    line.reset()


async def stall(line: Line) -> None:
    await line.gone()

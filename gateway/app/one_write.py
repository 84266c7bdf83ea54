"""What uvicorn lacks: a bound on the headers it takes in, and head and first body of a reply in one write."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_LIMIT = 64 * 1024  # bytes of headers beyond the packets in which they begin and end
_HEAD = b"HTTP/1.1 "


class OneWriteProtocol(HttpToolsProtocol):
    """uvicorn's protocol over a transport that keeps a head back until its body comes, or the loop turns.

    Apart they would cost a system call and a packet more.
    """

    _in_head = False
    _head_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Called by the event loop."""
        super().connection_made(cast(asyncio.Transport, _OneWrite(transport)))

    def data_received(self, data: bytes) -> None:
        """Called by the event loop. Headers that never end would fill the memory, before any key is looked at."""
        began = self._in_head
        super().data_received(data)
        self._head_bytes = self._head_bytes + len(data) if began and self._in_head else 0
        if self._head_bytes > HEAD_LIMIT:
            self._in_head = False
            self.send_400_response(f"The headers are longer than {HEAD_LIMIT} bytes.")

    def on_message_begin(self) -> None:
        """Called by the parser."""
        self._in_head = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Called by the parser."""
        self._in_head = False
        super().on_headers_complete()


class _OneWrite:
    """A transport; everything but writing and closing goes straight through."""

    __slots__ = ("_head", "_loop", "_transport")

    def __init__(self, transport: asyncio.Transport):
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._head = b""

    def write(self, data: bytes) -> None:
        if self._head:
            head, self._head = self._head, b""
            self._transport.write(head + data)
        elif data.startswith(_HEAD):
            self._head = data
            self._loop.call_soon(self._flush)
        else:
            self._transport.write(data)

    def close(self) -> None:
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        if self._head:
            head, self._head = self._head, b""
            self._transport.write(head)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

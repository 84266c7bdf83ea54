"""uvicorn's protocol and what it lacks: bounded headers, replies in one write, word at once when a caller leaves."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

FRESH_S = 1.0  # how long a draining server waits for the first request of a connection
HEAD_LIMIT = 64 * 1024  # bytes of headers beyond the packets in which they begin and end


class ServerProtocol(HttpToolsProtocol):
    """Hands the application an Exchange with every request, as `exchange` of its scope."""

    _in_head = False
    _head_bytes = 0
    _exchange: Exchange | None = None  # the last that began; pipelined requests wait behind it
    _idle_since: float | None = None

    def __init__(self, config: Config, server_state: ServerState, *, leaving: Callable[[], bool]):
        super().__init__(config, server_state, {})
        self._leaving = leaving  # the server is draining

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Called by the event loop."""
        super().connection_made(transport)
        if self._leaving():
            self.shutdown()

    def shutdown(self) -> None:
        """Called when the server drains. Who has just come may have sent a request that no other server will see."""
        if self.cycle is None:
            self.loop.call_later(FRESH_S, self._part)
        else:
            super().shutdown()

    def _part(self) -> None:
        if self.cycle is None and not self._in_head and not self.transport.is_closing():
            self.transport.close()

    def data_received(self, data: bytes) -> None:
        """Called by the event loop. Headers that never end would fill the memory, before any key is looked at."""
        began = self._in_head
        super().data_received(data)
        self._head_bytes = self._head_bytes + len(data) if began and self._in_head else 0
        if self._head_bytes > HEAD_LIMIT:
            self._in_head = False
            self.send_400_response(f"The headers are longer than {HEAD_LIMIT} bytes.")

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the event loop."""
        super().connection_lost(exc)
        if self.timeout_keep_alive_task is not None:
            self.timeout_keep_alive_task.cancel()
            self.timeout_keep_alive_task = None
        if self._exchange is not None:
            self._exchange.lost()

    def on_message_begin(self) -> None:
        """Called by the parser."""
        self._in_head = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Called by the parser."""
        self._in_head = False
        super().on_headers_complete()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        cycle.keep_alive = cycle.keep_alive and not self._leaving()
        exchange = cycle.scope["exchange"] = Exchange(cycle)  # type: ignore[typeddict-unknown-key]
        exchange.task = self.loop.create_task(cycle.run_asgi(app))
        exchange.task.add_done_callback(self.tasks.discard)
        self.tasks.add(exchange.task)
        self._exchange = exchange

    # One timer a connection, which looks at the clock when it rings: uvicorn sets and cancels one for every request.

    def _unset_keepalive_if_required(self) -> None:
        self._idle_since = None

    def on_response_complete(self) -> None:
        """Called when a reply has been written."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            cycle, app = self.pipeline.pop()
            self._start_asgi_task(cycle, app)
            return
        self._idle_since = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self._ring_in(self.timeout_keep_alive)

    def timeout_keep_alive_handler(self) -> None:
        """Closes a connection that has been idle for long enough."""
        self.timeout_keep_alive_task = None
        if self._idle_since is None:
            return
        left_s = self._idle_since + self.timeout_keep_alive - self.loop.time()
        if left_s > 0:
            self._ring_in(left_s)
        else:
            super().timeout_keep_alive_handler()

    def _ring_in(self, seconds: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(seconds, self.timeout_keep_alive_handler)


class Exchange:
    """A request and its reply without ASGI's messages. See `api.wire.Exchange`."""

    __slots__ = ("_cycle", "_leave", "left", "task")

    task: asyncio.Task[None]  # set by the protocol, before it runs

    def __init__(self, cycle: RequestResponseCycle):
        self.left = False
        self._cycle = cycle
        self._leave: Callable[[], object] | None = None

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
        self._begin()
        lines = (STATUS_LINE[status], head, b"content-length: %d\r\n" % len(body), self._farewell(), b"\r\n", body)
        self._cycle.transport.write(b"".join(lines))
        self._complete()

    def begin(self, head: bytes, opening: bytes) -> None:
        """Writes the head of a stream and what there is of its body."""
        if self.left:
            return
        self._begin()
        lines = [STATUS_LINE[200], head, self._farewell(), b"transfer-encoding: chunked\r\n\r\n"]
        if opening:
            lines += (b"%x\r\n" % len(opening), opening, b"\r\n")
        self._cycle.transport.write(b"".join(lines))

    def write(self, chunk: bytes) -> bool:
        """Writes more of a stream. False: the caller reads too slowly; wait for `room`."""
        if not self.left:
            self._cycle.transport.write(b"%x\r\n%b\r\n" % (len(chunk), chunk))
        return not self._cycle.flow.write_paused

    async def room(self) -> None:
        """Returns when the caller has read enough."""
        await self._cycle.flow.drain()

    def finish(self) -> None:
        """Ends a stream."""
        if not self.left:
            self._cycle.transport.write(b"0\r\n\r\n")
            self._complete()

    def lost(self) -> None:
        """Called by the protocol when the connection is gone."""
        if self._cycle.response_complete:
            return
        self.left = self._cycle.disconnected = True
        leave, self._leave = self._leave, None
        if leave is not None:
            leave()

    def _begin(self) -> None:
        self._cycle.response_started = True
        self._cycle.waiting_for_100_continue = False

    def _farewell(self) -> bytes:
        return b"" if self._cycle.keep_alive else b"connection: close\r\n"

    def _complete(self) -> None:
        cycle = self._cycle
        cycle.response_complete = True
        cycle.message_event.set()
        if not cycle.keep_alive:
            cycle.transport.close()
        cycle.on_response()

"""uvicorn's protocol and what it lacks: bounds in time and size, callers who have ended their side, other protocols."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from time import time
from typing import Any

import httptools
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from gateway.data_plane.asgi import EXTENSION
from gateway.data_plane.connections import Guests
from gateway.data_plane.exchange import Exchange
from gateway.data_plane.problem import error_lines
from gateway.data_plane.request_ids import fresh_id
from gateway.errors import GatewayError

HEAD_LIMIT = 64 * 1024  # bytes of headers beyond the packets in which they begin and end
HEAD_S = 10.0  # from a connection, or the first byte of a request, to the end of its headers
BODY_S = 20.0  # for a body, and a second more for each
BODY_RATE = 10_000  # bytes of it
UNREAD_S = 30.0  # that a reply may lie in our buffer while its caller takes nothing
FRESH_S = 1.0  # how long a draining server waits for the first request of a connection
LINGER_S = 2.0  # for a caller who still sends to read why it is not listened to
PROBE_S = 0.1  # after a caller has ended its side
_UPGRADING = (b"upgrade", b"http2-settings")


@dataclass(frozen=True, slots=True)
class House:
    """What the connections of a worker share."""

    guests: Guests
    keep_alive_s: float
    leaving: Callable[[], bool]  # the server is draining


class ServerProtocol(HttpToolsProtocol):
    """Hands the application an Exchange with every request, as an extension of its scope."""

    def __init__(self, config: Config, server_state: ServerState, house: House):
        super().__init__(config, server_state, {})
        self._house = house
        self._exchange: Exchange | None = None  # the last that began; pipelined requests wait behind it
        self._turned_away = False  # there is no room
        self.entering: asyncio.Task[None] | None = None  # agrees on TLS before there is a transport
        self._in_head = False
        self._head_bytes = 0
        self._upgrading = False
        self._deaf = False  # what comes is thrown away
        self._ended = False  # the caller has ended its side
        self._since = self.loop.time()  # that a head, or its first byte, has been awaited
        self._due_s = HEAD_S
        self._body_since = 0.0
        self._body_bytes = 0
        self._unread = (0, 0.0)  # bytes in our buffer, and since when
        self._part_since: float | None = None

    @property
    def busy(self) -> bool:
        """A request is being served."""
        return self._exchange is not None and self._exchange.running

    # What the event loop calls

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Called by the event loop."""
        super().connection_made(transport)
        if self._turned_away:
            self._say(GatewayError("overloaded", "this gateway has as many connections as it can hold"))
        elif self._house.leaving():
            self.shutdown()

    def data_received(self, data: bytes) -> None:
        """Called by the event loop. Headers that never end would fill the memory, before any key is looked at."""
        if self._deaf:
            return
        began = self._in_head
        self._feed(data)
        self._head_bytes = self._head_bytes + len(data) if began and self._in_head else 0
        if self._head_bytes > HEAD_LIMIT:
            self._refuse(GatewayError("headers_too_large", f"the headers are longer than {HEAD_LIMIT} bytes"))

    def eof_received(self) -> bool:  # type: ignore[override]
        """Called by the event loop. A caller who says no more may still wait for its reply: see `Exchange.probe`."""
        exchange = self._exchange
        waits = exchange is not None and exchange.running and self.transport.can_write_eof()  # in TLS both sides end
        if exchange is None or not waits or self.cycle.more_body or self._part_since is not None:
            return False
        self._ended = True
        self.cycle.keep_alive = False
        for times in (0, 1, 3):
            self.loop.call_later(times * PROBE_S, exchange.probe)
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the event loop."""
        super().connection_lost(exc)
        self._house.guests.leave(self)
        if self._exchange is not None:
            self._exchange.lost()

    # What the worker calls

    def turn_away(self) -> None:
        """There is no room for this connection: it will be told so."""
        self._turned_away = True

    def shutdown(self) -> None:
        """Called when the server drains. Who has just come may have sent a request that no other server will see."""
        if self.cycle is None:
            self.loop.call_later(FRESH_S, self._leave_if_silent)
        elif not self.busy:
            self.transport.close()
        else:
            self.cycle.keep_alive = False

    def abort(self) -> None:
        """Cuts the caller off."""
        if self.transport is not None:
            self.transport.abort()
        elif self.entering is not None:
            self.entering.cancel()

    def look(self, now: float) -> None:
        """Called once a second: ends what has lasted too long."""
        if self.transport is None:  # it is just coming in
            return
        if self._part_since is not None:
            if now - self._part_since > LINGER_S:
                self.abort()
        elif self._exchange is not None and self._exchange.running:
            self._look_at_body(now)
            if self._ended:
                self._exchange.probe()
            return
        elif now - self._since > self._due_s:
            self._hurry()
        self._look_at_unread(now)

    def _look_at_body(self, now: float) -> None:
        exchange = self._exchange
        if exchange is None or not exchange.reading:
            return
        if now - self._body_since > BODY_S + self._body_bytes / BODY_RATE:
            self._refuse(GatewayError("request_timeout", f"the body came too slowly: {self._body_bytes} bytes so far"))

    def _hurry(self) -> None:
        if self._in_head:
            self._refuse(GatewayError("request_timeout", f"the headers were not complete after {HEAD_S:g} s"))
        elif not self.transport.is_closing():
            self.transport.close()

    def _look_at_unread(self, now: float) -> None:
        size = self.transport.get_write_buffer_size()
        if size != self._unread[0]:
            self._unread = (size, now)
        elif size and now - self._unread[1] > UNREAD_S:
            self.abort()

    def _leave_if_silent(self) -> None:
        if self.cycle is None and not self._in_head and not self.transport.is_closing():
            self.transport.close()

    # What the parser calls

    def _feed(self, data: bytes) -> None:
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            if self.parser.get_method() == b"CONNECT":
                self._refuse(GatewayError("method_not_allowed", "this is no proxy: CONNECT is not served"))
                return
            head = self._plain_head()
            self.parser = httptools.HttpRequestParser(self)
            self._upgrading = False
            self._feed(head + data[upgrade.args[0] :])
        except httptools.HttpParserError:
            self._refuse(GatewayError("invalid_request", "this is no HTTP request"))

    def _plain_head(self) -> bytes:
        """The head again without its wish for another protocol: the parser would take the body for that protocol's."""
        lines = [b"%b %b HTTP/%b\r\n" % (self.parser.get_method(), self.url, self.parser.get_http_version().encode())]
        for name, value in self.headers:
            if name == b"connection":
                words = [word.strip() for word in value.split(b",")]
                value = b", ".join(word for word in words if word.lower() not in _UPGRADING)
            if name not in _UPGRADING:
                lines.append(b"%b: %b\r\n" % (name, value))
        return b"".join((*lines, b"\r\n"))

    def on_message_begin(self) -> None:
        """Called by the parser."""
        self._in_head = True
        if not self.busy:
            self._since, self._due_s = self.loop.time(), HEAD_S
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Called by the parser, also for trailers: no proxy before us looks at those, so they say nothing here."""
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Called by the parser."""
        self._in_head = False
        if self.parser.should_upgrade():
            self._upgrading = True
            return
        super().on_headers_complete()
        if self.scope["http_version"] == "1.0":
            self.cycle.waiting_for_100_continue = False

    def on_body(self, body: bytes) -> None:
        """Called by the parser."""
        self._body_bytes += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Called by the parser."""
        if not self._upgrading:
            super().on_message_complete()

    # Replies

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        cycle.keep_alive = cycle.keep_alive and not self._house.leaving()
        exchange = Exchange(cycle, self)
        cycle.scope["extensions"] = {EXTENSION: exchange}  # type: ignore[dict-item]
        exchange.task = self.loop.create_task(cycle.run_asgi(app))
        exchange.task.add_done_callback(self.tasks.discard)
        self.tasks.add(exchange.task)
        self._exchange = exchange
        self._body_since, self._body_bytes = self.loop.time(), len(cycle.body)

    def on_response_complete(self) -> None:
        """Called when a reply has been written."""
        self.server_state.total_requests += 1
        if self.transport.is_closing() or self._part_since is not None:
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
            return
        if self._deaf or self._ended or self.cycle.more_body:
            self.part()
        self._since = self.loop.time()
        self._due_s = HEAD_S if self._in_head else self._house.keep_alive_s

    def admit(self) -> None:
        """The caller has shown a good key."""
        self._house.guests.admit(self)

    def part(self) -> None:
        """Ends the connection after what was written. A caller who still sends gets the time to read it."""
        if self.transport.is_closing() or self._part_since is not None:
            return
        sends = self._turned_away or self._deaf or self.cycle.more_body
        if self._ended or not sends or not self.transport.can_write_eof():  # TLS sees to who still sends itself
            self.transport.close()
            return
        self._deaf, self._part_since = True, self.loop.time()
        self.transport.write_eof()
        self.flow.resume_reading()

    def _unset_keepalive_if_required(self) -> None:
        """No connection has a timer of its own: see `look`."""

    def _refuse(self, error: GatewayError) -> None:
        """What comes cannot be read, or takes too long: says so if no reply has begun, and listens no more."""
        self._deaf = True
        self._in_head = False
        exchange = self._exchange
        if exchange is None or not exchange.running:
            self._say(error)
        elif not exchange.reading:  # it is a later request; the running one gets its reply
            self.pipeline.clear()
            self.cycle.keep_alive = False
            exchange.close_after()
        else:
            started = self.cycle.response_started
            exchange.lost()
            if started:
                self.transport.close()
            else:
                self._say(error)

    def _say(self, error: GatewayError) -> None:
        if self.transport.is_closing():
            return
        lines, body = error_lines(error, [(b"x-request-id", fresh_id(time()).encode())])
        head = (STATUS_LINE[error.status], lines, b"content-length: %d\r\nconnection: close\r\n\r\n" % len(body), body)
        self._deaf = True
        self.transport.write(b"".join(head))
        self.part()

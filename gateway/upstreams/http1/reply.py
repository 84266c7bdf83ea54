"""One reply of an upstream as it arrives: parsed by httptools, read by one task, complete only if it says so."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from math import inf

import httptools

from gateway.upstreams.fault import FaultKind, UpstreamFault
from gateway.upstreams.http1.carrier import Carrier
from gateway.upstreams.http1.encoding import Decoder, decoder_of

HEAD_LIMIT = 64 * 1024  # bytes of headers, those of interim replies included


class Reply:
    """Status and headers are there when the client hands it out; the body is read once, by `next` or `read`."""

    __slots__ = ("_blocks", "_carrier", "_decoder", "_end_by", "_fault", "_fed", "_first_byte_s", "_head_bytes",
                 "_headed", "_idle_s", "_parser", "_take", "_total_s", "_waiter", "complete", "headers", "held",
                 "reusable", "status")  # fmt: skip

    def __init__(self, carrier: Carrier):
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []  # names in lower case
        self.complete = False
        self.reusable = False  # the connection may carry another request
        self.held = 0  # bytes of the body that arrived and were not taken
        self._carrier = carrier
        self._parser: httptools.HttpResponseParser | None = httptools.HttpResponseParser(self)
        self._blocks: list[bytes] = []
        self._decoder: Decoder | None = None  # of a compressed body
        self._fed = False
        self._head_bytes = 0
        self._headed = False
        self._fault: tuple[FaultKind, str] | None = None
        self._first_byte_s: float | None = None  # None: the first byte of the body came
        self._end_by, self._total_s, self._idle_s = inf, inf, inf
        self._take: Callable[[bytes], bool] | None = None
        self._waiter: asyncio.Future[None] | None = None

    @property
    def peer(self) -> str:
        """Resolved address and port of the connection."""
        return self._carrier.peer

    @property
    def certificate(self) -> str | None:
        """Name on the TLS certificate of the connection; None without TLS."""
        return self._carrier.certificate

    @property
    def failed(self) -> bool:
        return self._fault is not None

    @property
    def untouched(self) -> bool:
        """Not one byte of it arrived."""
        return not self._fed

    # What the reader calls.

    async def head(self) -> None:
        """Returns when status and headers are there. Raises UpstreamFault."""
        while not self._headed:
            self._raise_fault()
            await self._wait()

    async def next(self) -> bytes:
        """The bytes that came since the last call, b"" at the end of the body. Raises UpstreamFault if it was cut."""
        while not self._blocks:
            if self.complete:
                return b""
            self._raise_fault()
            await self._wait()
        return self._taken()

    def _taken(self) -> bytes:
        blocks = self._blocks
        self._blocks = []
        self.held = 0
        if not self.complete:
            self._carrier.resume()
        return blocks[0] if len(blocks) == 1 else b"".join(blocks)

    async def pour(self, take: Callable[[bytes], bool]) -> bool:
        """Hands what comes to `take` as it comes, until that says False; True: the body has ended.

        Raises UpstreamFault if it was cut.
        """
        while True:
            if self._blocks and not take(self._taken()):
                return False
            if self.complete:
                return True
            self._raise_fault()
            self._take = take
            try:
                await self._wait()
            finally:
                poured, self._take = self._take is not None, None
            if not poured:
                return False

    async def next_by(self, by: float) -> bytes | None:
        """Like `next`; None if nothing came before the loop's clock said `by`. Raises UpstreamFault."""
        loop = self._carrier.loop
        while not self._blocks and not self.complete:
            left_s = by - loop.time()
            if left_s <= 0:
                return None
            self._raise_fault()
            timer = loop.call_later(left_s, self._wake)
            try:
                await self._wait()
            finally:
                timer.cancel()
        return await self.next()

    async def read(self, limit: int) -> bytes:
        """The whole body. Raises UpstreamFault if it is cut or longer than `limit` bytes."""
        if self.complete and self.held <= limit:
            return self._taken()
        blocks, size = [], 0
        while block := await self.next():
            blocks.append(block)
            size += len(block)
            if size > limit:
                self.close()
                raise UpstreamFault("protocol", f"the body is longer than {limit} bytes")
        return blocks[0] if len(blocks) == 1 else b"".join(blocks)

    def end_by(self, at: float, total_s: float, *, idle_s: float = inf) -> None:
        """The body must be whole when the loop's clock says `at`, after `total_s` in all. `idle_s`: longest silence."""
        self._end_by, self._total_s, self._idle_s = at, total_s, idle_s
        if self._first_byte_s is None and not self.complete and self._fault is None:
            self._carrier.expect(self._next_by())

    def _next_by(self) -> float:
        if self._idle_s == inf:
            return self._end_by
        return min(self._end_by, self._carrier.loop.time() + self._idle_s)

    def close(self) -> None:
        """Ends the exchange: unless the reply is complete the connection closes at once, so the model stops."""
        self._blocks = []
        if not self.complete:
            self.fail("closed", "closed on our side")
            self._carrier.abort()

    # What the connection calls.

    def start(self, first_byte_s: float) -> None:
        """The first byte of the body, or the end of an empty one, must come within that."""
        self._first_byte_s = first_byte_s
        self._carrier.expect(self._carrier.loop.time() + first_byte_s)

    def expire(self) -> None:
        """What was expected did not come in time."""
        if self._first_byte_s is not None:
            self.fail("timeout", f"no first byte within {self._first_byte_s:g} s")
        elif self._carrier.loop.time() >= self._end_by:
            self.fail("timeout", f"the reply was not complete within {self._total_s:g} s")
        elif self.held:  # it is the reader who is slow
            return self._carrier.expect(self._next_by())
        else:
            self.fail("timeout", f"nothing came for {self._idle_s:g} s")
        self._carrier.abort()

    def feed(self, data: bytes) -> None:
        if self._parser is None:
            return
        self._fed = True
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            cause = error.__context__
            self._garbled(cause.detail if isinstance(cause, UpstreamFault) else "the reply is not HTTP/1.1")
        if not self._headed:
            self._count_head(len(data))
        elif self.complete:
            self._carrier.expect(inf)
        elif self._first_byte_s is not None and self._blocks:
            self._first_byte_s = None
            self._carrier.expect(self._next_by())
        elif self._idle_s != inf:
            self._carrier.expect(self._next_by())
        if self.complete or self._fault is not None:
            self._parser = None  # it points back here: a cycle that only the garbage collector would find
        elif self._take is not None and self._blocks:
            if self._take(self._taken()):
                return
            self._take = None
        self._wake()

    def end(self, error: Exception | None) -> None:
        """The connection is gone; only a body that ends with its connection is whole then."""
        if self._headed and error is None and self._ends_with_connection() and not self.failed and self._whole():
            self.complete = True
            self._carrier.expect(inf)
            self._wake()
        elif not self.complete:
            self.fail(
                "closed", "the upstream closed " + ("in the middle of the body" if self._headed else "unanswered")
            )

    def fail(self, kind: FaultKind, detail: str) -> None:
        """The first fault counts; what arrived before it can still be read."""
        if self._fault is None:
            self._fault = (kind, detail)
        self._carrier.expect(inf)
        self._wake()

    # What the parser calls.

    def on_message_begin(self) -> None:
        if self.complete:
            self.reusable = False  # bytes that nobody asked for

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._headed:
            return  # a trailer
        self._head_bytes += len(name) + len(value)
        if self._head_bytes > HEAD_LIMIT:
            raise UpstreamFault("protocol", f"the headers are longer than {HEAD_LIMIT} bytes")
        self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        if self._headed:
            return
        assert self._parser is not None
        self.status = self._parser.get_status_code()
        if self.status < 200:
            self.headers.clear()
            return
        self._decoder = decoder_of(self.headers)
        self._headed = True

    def on_body(self, data: bytes) -> None:
        if self._decoder is not None:
            data = self._decoder.feed(data)
        if data and not self.complete:
            self._blocks.append(data)
            self.held += len(data)

    def on_message_complete(self) -> None:
        if self._headed and not self.complete and self._parser is not None:
            if not self._whole():
                return self._garbled("the compressed body is cut")
            self.complete = True
            self.reusable = self._parser.should_keep_alive()

    def _whole(self) -> bool:
        return self._decoder is None or self._decoder.whole

    def _garbled(self, detail: str) -> None:
        if self.complete:
            self.reusable = False
        else:
            self.fail("protocol", detail)

    def _count_head(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > 2 * HEAD_LIMIT:
            self.fail("protocol", f"the headers are longer than {HEAD_LIMIT} bytes")

    def _ends_with_connection(self) -> bool:
        return not any(name in (b"content-length", b"transfer-encoding") for name, _ in self.headers)

    def _raise_fault(self) -> None:
        if self._fault is not None:
            raise UpstreamFault(*self._fault)

    def _wake(self) -> None:
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    async def _wait(self) -> None:
        """Until something happens. A reader who is cancelled here closes the connection."""
        self._waiter = self._carrier.loop.create_future()
        try:
            await self._waiter
        except asyncio.CancelledError:
            self.close()
            raise
        finally:
            self._waiter = None

"""Sends requests to upstreams over kept connections; every new connection is checked against its pin first."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable

from gateway.upstreams.fault import UpstreamFault
from gateway.upstreams.http1.connection import Connection, certificate_of, reason_of
from gateway.upstreams.http1.reply import Reply
from gateway.upstreams.http1.resolver import Resolver
from gateway.upstreams.http1.target import Target
from gateway.upstreams.http1.tunnel import Hop, Tunnel, request_line
from gateway.upstreams.pins import violation


class Client:
    """One per event loop. Proxies of the environment are ignored: a request leaves for its endpoint or not at all."""

    def __init__(
        self,
        *,
        idle_s: float = 15.0,  # how long an unused connection is kept
        idle_per_origin: int = 1024,
        stale_s: float = 2.0,  # see `send`
        tls: ssl.SSLContext | None = None,  # None: verified against the system's authorities
    ):
        self._idle_s = idle_s
        self._idle_per_origin = idle_per_origin
        self._stale_s = stale_s
        self._tls = tls
        self._resolver = Resolver()
        self._idle: dict[str, list[Connection]] = {}  # the last used is last
        self._sweep: asyncio.TimerHandle | None = None
        self._closed = False

    async def send(
        self,
        *,
        target: Target,
        headers: bytes,
        body: bytes,
        connect_s: float,
        first_byte_s: float,
        before_write: Callable[[], object] = bool,
    ) -> Reply:
        """Returns when the headers of the reply are there. Raises UpstreamFault.

        `before_write` is called once the connection is there, before a byte of the request leaves.

        A server may close a kept connection just when a request is on its way. Such a request is sent once more, on a
        fresh connection, only if it went out on a used one and that closed within `stale_s` without a byte in reply. A
        later close comes from a server that was at work, and asking again could make the model answer, and bill, twice.
        """
        request = b"".join((target.head, headers, b"content-length: %d\r\n\r\n" % len(body), body))
        used = self._take(target)
        if used is not None:
            self._let(before_write, used)
            sent_at = used.loop.time()
            reply = used.ask(request, first_byte_s)
            try:
                await reply.head()
                return reply
            except UpstreamFault as fault:
                if fault.kind != "closed" or not reply.untouched or used.loop.time() - sent_at > self._stale_s:
                    raise
        connection = await self._connect(target, connect_s)
        self._let(before_write, connection)
        reply = connection.ask(request, first_byte_s)
        await reply.head()
        return reply

    def _let(self, before_write: Callable[[], object], connection: Connection) -> None:
        """Keeps the connection for others if this request may not go out on it after all."""
        try:
            before_write()
        except BaseException:
            self._keep(connection)
            raise

    def close(self) -> None:
        """Drops the kept connections; those that carry a reply end with it."""
        self._closed = True
        if self._sweep is not None:
            self._sweep.cancel()
        for kept in self._idle.values():
            for connection in tuple(kept):
                connection.abort()
        self._idle.clear()

    async def _connect(self, target: Target, connect_s: float) -> Connection:
        """To the first of its addresses that takes one. Raises UpstreamFault."""
        if target.unix is not None:
            return await self._connect_here(target.unix, target.pool, connect_s)
        loop = asyncio.get_running_loop()
        by = loop.time() + connect_s
        host = target.hop.host if target.hop is not None else target.host
        addresses = await self._resolver.addresses(host, by=by)
        for left in range(len(addresses), 0, -1):
            address = addresses[-left]
            try:
                return await self._connect_to(address, target, max(0.0, by - loop.time()) / left)
            except UpstreamFault as fault:
                if fault.kind not in ("connect", "timeout"):
                    raise
                self._resolver.unreachable(host, address)
                if left == 1:
                    raise
        raise UpstreamFault("connect", "its name has no address")

    async def _connect_here(self, path: str, pool: str, connect_s: float) -> Connection:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(connect_s):
                _, connection = await loop.create_unix_connection(
                    lambda: Connection(pool, self._keep, self._forget), path
                )
        except TimeoutError:
            raise UpstreamFault("timeout", f"no connection within {connect_s:.2g} s") from None
        except OSError as error:
            raise UpstreamFault("connect", reason_of(error)) from None
        return connection

    async def _connect_to(self, where: str, target: Target, connect_s: float) -> Connection:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(connect_s):
                if target.hop is not None:
                    transport, connection = await self._through(target.hop, where, target)
                else:
                    transport, connection = await loop.create_connection(
                        lambda: Connection(target.pool, self._keep, self._forget),
                        where,
                        target.port,
                        ssl=(target.context or self._context()) if target.tls else None,
                        server_hostname=target.host if target.tls else None,
                    )
        except TimeoutError:
            raise UpstreamFault("timeout", f"no connection within {connect_s:.2g} s") from None
        except ssl.SSLError as error:
            raise UpstreamFault("tls", reason_of(error)) from None
        except OSError as error:
            raise UpstreamFault("connect", reason_of(error)) from None
        address, port = transport.get_extra_info("peername")[:2]
        certificate = certificate_of(transport)
        connection.peer = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
        connection.certificate = certificate.name_for(target.host) if certificate else None
        wrong = target.pin and violation(target.pin, host=target.host, address=address, certificate=certificate)
        if wrong:
            connection.abort()
            raise UpstreamFault("pin", wrong)
        return connection

    async def _through(self, hop: Hop, where: str, target: Target) -> tuple[asyncio.BaseTransport, Connection]:
        """TLS with the endpoint itself, inside a tunnel of the proxy's. Raises UpstreamFault, OSError."""
        loop = asyncio.get_running_loop()
        plain, tunnel = await loop.create_connection(Tunnel, where, hop.port)
        try:
            plain.write(request_line(target.host, target.port, hop))
            await tunnel.opened
            connection = Connection(target.pool, self._keep, self._forget)
            context = target.context or self._context()
            secured = await loop.start_tls(plain, connection, context, server_hostname=target.host)
            if secured is None:  # it went while the handshake did
                raise UpstreamFault("tls", "the connection broke during the handshake")
        except BaseException:
            plain.abort()
            raise
        connection.connection_made(secured)
        return secured, connection

    def _context(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = ssl.create_default_context()
            self._tls.set_alpn_protocols(["http/1.1"])
        return self._tls

    def _take(self, target: Target) -> Connection | None:
        kept = self._idle.get(target.pool)
        while kept:
            connection = kept.pop()
            if connection.transport is not None and not connection.transport.is_closing():
                if connection.loop.time() - connection.idle_since < self._idle_s:
                    return connection
                connection.abort()
        return None

    def _keep(self, connection: Connection) -> None:
        kept = self._idle.setdefault(connection.pool, [])
        if self._closed or len(kept) >= self._idle_per_origin:
            connection.abort()
            return
        connection.idle_since = connection.loop.time()
        kept.append(connection)
        if self._sweep is None:
            self._sweep = connection.loop.call_later(self._idle_s, self._drop_unused, connection.loop)

    def _forget(self, connection: Connection) -> None:
        kept = self._idle.get(connection.pool, [])
        if connection in kept:
            kept.remove(connection)

    def _drop_unused(self, loop: asyncio.AbstractEventLoop) -> None:
        oldest = loop.time() - self._idle_s
        for pool, kept in tuple(self._idle.items()):
            while kept and kept[0].idle_since <= oldest:
                kept.pop(0).abort()
            if not kept:
                del self._idle[pool]
        self._sweep = loop.call_later(self._idle_s, self._drop_unused, loop) if self._idle else None

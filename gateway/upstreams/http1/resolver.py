"""Addresses of upstream hosts, kept a while. Each is looked up in a thread of its own: a silent name stops no other."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
import threading
from dataclasses import dataclass
from math import inf

from gateway.upstreams.fault import UpstreamFault

FRESH_S = 30.0  # an answer is used for that long without asking again
AGEING_S = 300.0  # for that long it is used while a newer one is looked up
PATIENCE_S = 1.0  # how long a newer answer is awaited before an older one is used
HUNG_S = 10.0  # a lookup that takes longer is given up for another
MOST_LOOKUPS = 3  # of one host at a time, hung ones included


@dataclass(slots=True)
class _Host:
    addresses: tuple[str, ...] = ()
    asked_at: float = -inf  # when the addresses were right, by the loop's clock
    error: str = ""  # why the last lookup failed
    lookup: asyncio.Future[None] | None = None  # done when the next answer is there
    began_at: float = -inf  # the last lookup
    lookups: int = 0  # under way


class Resolver:
    """One per event loop. Stale answers are better than none: the peer is checked in any case, by TLS and by pins."""

    def __init__(self) -> None:
        self._hosts: dict[str, _Host] = {}

    async def addresses(self, name: str, *, by: float) -> tuple[str, ...]:
        """At least one, best first. `by`: the loop's clock. Raises UpstreamFault."""
        loop = asyncio.get_running_loop()
        host = self._hosts.get(name)
        if host is None:
            host = self._hosts[name] = _Host(*_literal(name))
        age_s = loop.time() - host.asked_at
        if age_s < FRESH_S:
            return host.addresses
        answer = self._look_up(name, host, loop)
        if not host.addresses:
            await asyncio.wait([answer], timeout=max(0.0, by - loop.time()))
            if not host.addresses:
                why = (
                    f"its name does not resolve: {host.error}" if answer.done() else "its name was not resolved in time"
                )
                raise UpstreamFault("connect", why)
        elif age_s > AGEING_S:
            await asyncio.wait([answer], timeout=min(PATIENCE_S, max(0.0, by - loop.time()) / 2))
        return host.addresses

    def unreachable(self, name: str, address: str) -> None:
        """No connection could be made to it: others go first, and the name is asked about again."""
        host = self._hosts.get(name)
        if host is not None and host.asked_at != inf and address in host.addresses:
            host.addresses = (*(other for other in host.addresses if other != address), address)
            host.asked_at = -inf

    def _look_up(self, name: str, host: _Host, loop: asyncio.AbstractEventLoop) -> asyncio.Future[None]:
        """Starts a lookup unless one is under way."""
        if host.lookup is None or host.lookup.done():
            host.lookup = loop.create_future()
        elif loop.time() - host.began_at < HUNG_S or host.lookups >= MOST_LOOKUPS:
            return host.lookup
        if host.lookups < MOST_LOOKUPS:
            host.lookups += 1
            host.began_at = loop.time()
            thread = threading.Thread(target=_ask, args=(name, host, loop), name=f"resolves {name}", daemon=True)
            try:
                thread.start()
            except RuntimeError:
                _take(host, (), "no thread is left to ask in", loop.time())
        return host.lookup


def _literal(name: str) -> tuple[tuple[str, ...], float] | tuple[()]:
    """An address needs no lookup, ever."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return ()
    return (name,), inf


def _ask(name: str, host: _Host, loop: asyncio.AbstractEventLoop) -> None:
    """In a thread of its own: the system may take its time."""
    addresses: tuple[str, ...] = ()
    error = ""
    began_at = loop.time()
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
        addresses = tuple(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))
    except (OSError, UnicodeError) as failure:
        error = getattr(failure, "strerror", None) or type(failure).__name__
    with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits
        loop.call_soon_threadsafe(_take, host, addresses, error, began_at)


def _take(host: _Host, addresses: tuple[str, ...], error: str, at: float) -> None:
    host.lookups -= 1
    host.error = error
    if addresses and at >= host.asked_at:
        host.addresses, host.asked_at = addresses, at
    if host.lookup is not None and not host.lookup.done():
        host.lookup.set_result(None)

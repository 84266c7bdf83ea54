"""Where a request goes: everything about it that can be worked out before the request is there. Pure."""

from __future__ import annotations

import itertools
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from gateway.catalog.address import address_of
from gateway.catalog.facts import Pin
from gateway.upstreams.http1.tunnel import Hop

_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_VALUE = re.compile(r"[\x20-\x7e\t]*")
_contexts = itertools.count(1)
_numbers: WeakKeyDictionary[ssl.SSLContext, int] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class Target:
    """One path at one origin."""

    host: str  # in ASCII, without brackets
    port: int
    tls: bool
    pin: Pin | None
    head: bytes  # the request line and the headers that never change
    pool: str  # connections with the same key may stand in for one another
    unix: str | None = None  # the path of a socket of this machine, instead of host and port
    hop: Hop | None = None  # the proxy that it is reached through
    context: ssl.SSLContext | None = None  # None: verified against the system's authorities, without our certificate

    @classmethod
    def of(
        cls,
        base_url: str,
        path: str,
        pin: Pin | None = None,
        *,
        hop: Hop | None = None,
        context: ssl.SSLContext | None = None,
    ) -> Target:
        """`path` is put behind the path of `base_url`, before its query. Raises ValueError."""
        address = address_of(base_url)
        host, port, tls = address.host, address.port, address.tls
        where = address.path + path + (f"?{address.query}" if address.query else "")
        name = f"[{host}]" if ":" in host else host
        authority = name if port == (443 if tls else 80) else f"{name}:{port}"
        head = f"POST {where} HTTP/1.1\r\nhost: {authority}\r\naccept-encoding: identity\r\n".encode()
        pool = f"{address.scheme}://{name}:{port} {pin} {hop.pool if hop else ''} {_number(context)}"
        return cls(host, port, tls, pin, head, pool, hop=hop, context=context)


def _number(context: ssl.SSLContext | None) -> str:
    """Of a context, and of none that comes after it: an address in memory is given again."""
    return "" if context is None else str(_numbers.setdefault(context, next(_contexts)))


def header_lines(headers: Mapping[str, str]) -> bytes:
    """The headers as they stand in a request. Raises ValueError, without the value, for what no header may hold."""
    for name, value in headers.items():
        if not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
            raise ValueError(f"header {name!r} holds a character that no header may hold")
    return "".join(f"{name}: {value}\r\n" for name, value in headers.items()).encode()

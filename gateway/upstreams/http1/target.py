"""Where a request goes: everything about it that can be worked out before the request is there. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from gateway.catalog.facts import Pin

_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_VALUE = re.compile(r"[\x20-\x7e\t]*")
_PATH = re.compile(r"[\x21-\x7e]*")


@dataclass(frozen=True, slots=True)
class Target:
    """One path at one origin."""

    host: str  # in ASCII, without brackets
    port: int
    tls: bool
    pin: Pin | None
    head: bytes  # the request line and the headers that never change
    pool: str  # connections with the same key may stand in for one another

    @classmethod
    def of(cls, base_url: str, path: str, pin: Pin | None = None) -> Target:
        """`path` is put behind the path of `base_url`, before its query. Raises ValueError."""
        parts = urlsplit(base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("a base URL starts with http:// or https:// and names a host")
        if parts.username is not None or parts.password is not None:
            raise ValueError("a base URL holds no user name or password")
        tls = parts.scheme == "https"
        host = parts.hostname if parts.hostname.isascii() else parts.hostname.encode("idna").decode()
        port = parts.port or (443 if tls else 80)
        where = parts.path.rstrip("/") + path + (f"?{parts.query}" if parts.query else "")
        if not _PATH.fullmatch(where):
            raise ValueError("the path of a base URL is written in ASCII, without blanks")
        name = f"[{host}]" if ":" in host else host
        authority = name if port == (443 if tls else 80) else f"{name}:{port}"
        head = f"POST {where} HTTP/1.1\r\nhost: {authority}\r\naccept-encoding: identity\r\n".encode()
        return cls(host, port, tls, pin, head, f"{parts.scheme}://{name}:{port} {pin}")


def header_lines(headers: Mapping[str, str]) -> bytes:
    """The headers as they stand in a request. Raises ValueError, without the value, for what no header may hold."""
    for name, value in headers.items():
        if not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
            raise ValueError(f"header {name!r} holds a character that no header may hold")
    return "".join(f"{name}: {value}\r\n" for name, value in headers.items()).encode()

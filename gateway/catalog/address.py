"""The address of an endpoint, taken apart once and alike for whoever checks it and whoever connects to it. Pure."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

_PATH = re.compile(r"[\x21-\x7e]*")
_LABEL = re.compile(r"[A-Za-z0-9_{}]([A-Za-z0-9_{}-]{0,61}[A-Za-z0-9_{}])?")  # braces: for an author to fill in


@dataclass(frozen=True, slots=True)
class Address:
    """Where a base URL leads."""

    scheme: str  # http or https
    host: str  # in ASCII, without brackets
    port: int
    path: str  # without a slash at its end
    query: str

    @property
    def tls(self) -> bool:
        return self.scheme == "https"


def address_of(base_url: str) -> Address:
    """Raises ValueError with a sentence for an author, which repeats nothing of the URL."""
    try:
        parts = urlsplit(base_url)
        named = parts.hostname
        port = parts.port
    except ValueError:  # brackets that do not close, letters that become separators, ports beyond 65535
        raise ValueError("this is no web address") from None
    if parts.scheme not in ("http", "https") or not named:
        raise ValueError("a base URL starts with http:// or https:// and names a host")
    if parts.username is not None or parts.password is not None:
        raise ValueError("a base URL holds no user name or password")
    path = parts.path.rstrip("/")
    if not _PATH.fullmatch(path) or not _PATH.fullmatch(parts.query):
        raise ValueError("the path of a base URL is written in ASCII, without blanks")
    default = 443 if parts.scheme == "https" else 80
    return Address(parts.scheme, _host(parts, named), default if port is None else port, path, parts.query)


def _host(parts: SplitResult, named: str) -> str:
    if "[" in parts.netloc:
        try:
            ipaddress.IPv6Address(named.partition("%")[0])
        except ValueError:
            raise ValueError("what stands in brackets is no IPv6 address") from None
        return named
    try:
        host = named if named.isascii() else named.encode("idna").decode()
    except UnicodeError:
        raise ValueError("this is no host name") from None
    labels = host.removesuffix(".").split(".")
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise ValueError("this is no host name")
    return host

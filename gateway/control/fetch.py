"""Fetches what an identity provider publishes: bounded in time and size, of the host that was named and no other."""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from time import monotonic
from urllib.parse import urlsplit

from gateway.settings import is_loopback

WITHIN_S = 5.0
MOST_BYTES = 262_144
_HEADERS = {"accept": "application/json", "accept-encoding": "identity", "connection": "close"}


class FetchFailed(Exception):
    """Why nothing was got; the text names host and reason, never what was sent."""


@dataclass(frozen=True, slots=True)
class _Place:
    """A URL that may be asked."""

    host: str
    port: int
    tls: bool
    path: str


def fetch(url: str, *, form: str | None = None, headers: Mapping[str, str] | None = None) -> bytes:
    """The body of a 200; `form` is posted. Follows no redirect, uses no proxy. Raises FetchFailed."""
    place = place_of(url)
    deadline = monotonic() + WITHIN_S
    try:
        plug = _connect(place, deadline)
        try:
            return _ask(plug, place, form, headers or {}, deadline)
        finally:
            plug.close()
    except (OSError, http.client.HTTPException, ValueError) as wrong:
        reason = getattr(wrong, "strerror", None) or type(wrong).__name__
        raise FetchFailed(f"{place.host} cannot be asked: {reason}") from None


def place_of(url: str) -> _Place:
    """Raises FetchFailed for what is neither https nor on this machine."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise FetchFailed("the address cannot be read") from None
    if not host or parts.username is not None or parts.password is not None or parts.fragment:
        raise FetchFailed("the address names no host, or more than a host and a path")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(host)):
        raise FetchFailed(f"{host} is asked by https alone; plain http goes no further than this machine")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return _Place(host, port or (443 if parts.scheme == "https" else 80), parts.scheme == "https", path)


def _connect(place: _Place, deadline: float) -> socket.socket:
    """To an address that may be asked. Raises OSError, FetchFailed."""
    found = socket.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM)
    addresses = [str(where[0]) for *_, where in found]
    for address in addresses:
        if not _may_be_asked(ip_address(address.partition("%")[0]), local=is_loopback(place.host)):
            raise FetchFailed(f"{place.host} leads to {address}, which is asked for nothing")
    plug = socket.create_connection((addresses[0], place.port), timeout=_left(deadline))
    if not place.tls:
        return plug
    try:
        return ssl.create_default_context().wrap_socket(plug, server_hostname=place.host)
    except BaseException:
        plug.close()
        raise


def _may_be_asked(address: IPv4Address | IPv6Address, *, local: bool) -> bool:
    """Not: a cloud's metadata, what is nobody's; and this machine only where it was named."""
    plain = getattr(address, "ipv4_mapped", None) or address
    if plain.is_loopback:
        return local
    return not (plain.is_link_local or plain.is_multicast or plain.is_unspecified or plain.is_reserved)


def _ask(plug: socket.socket, place: _Place, form: str | None, headers: Mapping[str, str], deadline: float) -> bytes:
    line = http.client.HTTPConnection(place.host, place.port)
    if place.tls:
        line.default_port = 443
    line.sock = plug
    kind = {"content-type": "application/x-www-form-urlencoded"} if form is not None else {}
    plug.settimeout(_left(deadline))
    line.request("GET" if form is None else "POST", place.path, form, {**_HEADERS, **kind, **headers})
    reply = line.getresponse()
    if reply.status != 200:
        raise FetchFailed(f"{place.host} answers {reply.status}")
    if reply.getheader("content-encoding", "identity") != "identity":
        raise FetchFailed(f"{place.host} answers in a packed form")
    body = bytearray()
    while chunk := reply.read1(65_536):
        body += chunk
        if len(body) > MOST_BYTES:
            raise FetchFailed(f"{place.host} answers with more than {MOST_BYTES:,} bytes")
        plug.settimeout(_left(deadline))
    return bytes(body)


def _left(deadline: float) -> float:
    left = deadline - monotonic()
    if left <= 0:
        raise TimeoutError(f"no answer within {WITHIN_S:g} s")
    return left

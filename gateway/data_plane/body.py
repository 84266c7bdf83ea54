"""The body of a request: bounded in its own size and in what all requests hold together, unpacked if it is packed."""

from __future__ import annotations

import zlib
from collections.abc import Callable

from gateway.data_plane.asgi import Receive, Scope, header
from gateway.errors import GatewayError
from gateway.threads import PARSING

SMALL_BYTES = 65_536  # no longer body counts, or is unpacked and parsed beside the event loop
BODIES = 8  # of the greatest size, held at once
_GZIP, _ZLIB, _DEFLATE = 31, 15, -15
_PACKED: dict[str, tuple[int, ...]] = {"gzip": (_GZIP,), "x-gzip": (_GZIP,), "deflate": (_ZLIB, _DEFLATE)}


class CallerLeft(Exception):
    """The caller closed the connection before the request was read."""


class Room:
    """Bytes of bodies that the requests of a worker may hold together."""

    def __init__(self, most: int):
        self._most = most
        self.held = 0

    def take(self, size: int) -> None:
        """Raises GatewayError `overloaded`."""
        if self.held + size > self._most:
            words = f"the bodies of running requests fill {self._most:,} bytes; try again in a moment"
            raise GatewayError("overloaded", words, retry_after_s=1)
        self.held += size

    def give(self, size: int) -> None:
        """What `take` took."""
        self.held -= size


class Share:
    """What one request holds of the room, until `end`."""

    __slots__ = ("_held", "_room")

    def __init__(self, room: Room):
        self._room = room
        self._held = 0

    def reach(self, size: int) -> None:
        """Holds so much in all, if it is much. Raises GatewayError `overloaded`."""
        if size > SMALL_BYTES and size > self._held:
            self._room.take(size - self._held)
            self._held = size

    def end(self) -> None:
        """Holds nothing any more."""
        self._room.give(self._held)
        self._held = 0


async def read_body(scope: Scope, receive: Receive, share: Share | None = None, *, most_bytes: int) -> bytes:
    """Raises CallerLeft, GatewayError `request_too_large` or `overloaded`; of an announced size before it is sent."""
    announced = int(header(scope, b"content-length") or 0)
    check_size(announced, most_bytes)
    if share is not None:
        share.reach(announced)
    parts: list[bytes] = []
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise CallerLeft
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        check_size(size, most_bytes)
        if share is not None:
            share.reach(size)
        more = message.get("more_body", False)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def check_size(size: int, most_bytes: int) -> None:
    """Raises GatewayError `request_too_large`."""
    if size > most_bytes:
        raise GatewayError(
            "request_too_large",
            f"the body is longer than {most_bytes:,} bytes; send less, or raise GATEWAY_MAX_BODY_BYTES",
        )


def check_encoding(encoding: str) -> str:
    """The name by which `unpack` knows it; empty for none. Raises GatewayError `unsupported_encoding`."""
    name = encoding.strip().lower()
    if name in ("", "identity"):
        return ""
    if name not in _PACKED:
        words = f"a body in `{name[:80]}` cannot be read here; send it plain, or in gzip or deflate"
        raise GatewayError("unsupported_encoding", words, param="content-encoding")
    return name


async def unpack(body: bytes, encoding: str, share: Share, *, most_bytes: int) -> bytes:
    """What was packed. Raises GatewayError `request_too_large` before more is unpacked, `invalid_request`."""
    plain = await PARSING.run(_unpack, None, body, _PACKED[encoding], most_bytes)
    check_size(len(plain), most_bytes)
    share.reach(len(body) + len(plain))
    return plain


def _unpack(body: bytes, formats: tuple[int, ...], most_bytes: int) -> bytes:
    """At most one byte more than `most_bytes`."""
    for place, written in enumerate(formats, 1):
        try:
            return _members(body, lambda written=written: zlib.decompressobj(written), most_bytes)  # type: ignore[misc]
        except zlib.error:
            if place == len(formats):
                raise GatewayError("invalid_request", "the body is not what its content-encoding says") from None
    raise AssertionError


def _members(body: bytes, begin: Callable[[], zlib._Decompress], most_bytes: int) -> bytes:
    """One after the other, as gzip allows."""
    plain = bytearray()
    while body and len(plain) <= most_bytes:
        member = begin()
        plain += member.decompress(body, most_bytes + 1 - len(plain))
        if not member.eof and len(plain) <= most_bytes:
            raise GatewayError("invalid_request", "the packed body ends too early")
        body = member.unused_data
    return bytes(plain)

"""Plain ASGI for the pages; for what reaches a model an Exchange, which spares it ASGI's messages."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from typing import Any, Protocol

import msgspec

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Headers = Sequence[tuple[bytes, bytes]]

SOURCE = b"x-gateway-source"
JSON = (b"content-type", b"application/json")
encode = msgspec.json.Encoder().encode


class Exchange(Protocol):
    """One request and its reply. Nothing is written once the caller has left."""

    left: bool  # the caller closed the connection before the reply was complete
    task: asyncio.Task[None]  # that serves it

    def admit(self) -> None:
        """The caller has shown a good key."""

    def add(self, headers: Headers) -> None:
        """Header lines for the reply, whoever writes it."""

    def body(self) -> bytes | None:
        """The whole body if it is there; None: read it from `receive`."""

    def watch(self, leave: Callable[[], object] | None) -> None:
        """What is called once, at once, when the caller leaves; None: nothing any more."""

    def whole(self, status: int, head: bytes, body: bytes) -> None:
        """Writes a reply; `head` holds its header lines, but not the length."""

    def begin(self, head: bytes, opening: bytes) -> None:
        """Writes the head of a stream and what there is of its body."""

    def write(self, chunk: bytes) -> bool:
        """Writes more of a stream. False: the caller reads too slowly; wait for `room`."""

    async def room(self, by_s: float) -> bool:
        """True when the caller has read enough; False if that takes longer than `by_s` seconds."""

    def finish(self) -> None:
        """Ends a stream."""

    def abort(self) -> None:
        """Cuts the caller off, with all that it has not read."""


def header(scope: Scope, name: bytes) -> str | None:
    """The header of this name (lower-case), stripped; given twice, both, joined by a comma; None if absent."""
    found: list[str] = [value.decode("latin-1").strip() for key, value in scope["headers"] if key == name]
    return ", ".join(found) if found else None


def headers(scope: Scope, wanted: frozenset[bytes]) -> Mapping[bytes, str]:
    """The wanted ones as `header` gives them, in one pass."""
    found: dict[bytes, str] = {}
    for name, value in scope["headers"]:
        if name in wanted:
            text = value.decode("latin-1").strip()
            between = "\n" if name == SOURCE else ", "  # a path may hold a comma
            found[name] = f"{found[name]}{between}{text}" if name in found else text
    return found


def sources_of(said: Mapping[bytes, str]) -> tuple[str, ...]:
    """What `x-gateway-source` says, one a header or a line; written in UTF-8."""
    if SOURCE not in said:
        return ()
    return tuple(said[SOURCE].encode("latin-1").decode(errors="replace").splitlines())


def is_strict(said: str | None) -> bool:
    """What `x-gateway-strict` asks for. What is not understood is taken for yes: nothing is adapted against a wish."""
    return said is not None and said.lower() not in ("", "false")


async def send_whole(send: Send, status: int, headers: Headers, body: bytes) -> None:
    """One reply, head and body."""
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [*headers, (b"content-length", b"%d" % len(body))],
        }
    )
    await send({"type": "http.response.body", "body": body})


async def send_json(send: Send, value: object, *, status: int = 200, headers: Headers = ()) -> None:
    """One JSON document."""
    await send_whole(send, status, [JSON, *headers], encode(value))


EXTENSION = "entrepot.exchange"  # of ASGI, in each request's scope


def exchange_of(scope: Scope) -> Exchange:
    """Taken out of the scope, which the exchange knows. Raises RuntimeError under a server that offers none."""
    exchange: Exchange | None = scope.get("extensions", {}).pop(EXTENSION, None)
    if exchange is None:
        raise RuntimeError(f"callers are served by `gateway serve`: this server offers no {EXTENSION}")
    return exchange

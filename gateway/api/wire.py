"""Plain ASGI: reading a body within bounds, sending whole and streamed replies, seeing a caller leave."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping, Sequence
from typing import Any

import msgspec

from gateway.errors import GatewayError

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Headers = Sequence[tuple[bytes, bytes]]

_JSON = (b"content-type", b"application/json")
encode = msgspec.json.Encoder().encode
UNWATCHED_S = 0.01  # a request that is over by then never pays for a watcher; leaving is not forgotten meanwhile


class CallerLeft(Exception):
    """The caller closed the connection before the request was read."""


async def read_body(scope: Scope, receive: Receive, *, most_bytes: int) -> bytes:
    """Raises GatewayError `request_too_large`, before the body is sent where its length is announced; CallerLeft."""
    _check_size(int(header(scope, b"content-length") or 0), most_bytes)
    message = await receive()
    if message["type"] == "http.disconnect":
        raise CallerLeft
    body: bytes = message.get("body", b"")
    if not message.get("more_body"):
        _check_size(len(body), most_bytes)
        return body
    parts, size = [body], len(body)
    while message.get("more_body"):
        _check_size(size, most_bytes)
        message = await receive()
        if message["type"] == "http.disconnect":
            raise CallerLeft
        parts.append(message.get("body", b""))
        size += len(parts[-1])
    _check_size(size, most_bytes)
    return b"".join(parts)


def _check_size(size: int, most_bytes: int) -> None:
    if size > most_bytes:
        raise GatewayError(
            "request_too_large",
            f"the body is longer than {most_bytes:,} bytes; send less, or raise GATEWAY_MAX_BODY_BYTES",
        )


def header(scope: Scope, name: bytes) -> str | None:
    """The header of this name (lower-case), stripped; given twice, both, joined by a comma; None if absent."""
    found: list[str] = [value.decode("latin-1").strip() for key, value in scope["headers"] if key == name]
    return ", ".join(found) if found else None


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


async def send_stream(send: Send, headers: Headers, opening: bytes, rest: AsyncIterator[bytes]) -> None:
    """A streamed reply. The body ends cleanly; what went wrong stands in its last event."""
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    if opening:
        await send({"type": "http.response.body", "body": opening, "more_body": True})
    async for chunk in rest:
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def send_json(send: Send, value: object, *, status: int = 200, headers: Headers = ()) -> None:
    """One JSON document."""
    await send_whole(send, status, [_JSON, *headers], encode(value))


class Watch:
    """Notices that the caller leaves, and cancels the task that serves it. Ends with the request."""

    __slots__ = ("_begin", "_task", "_watcher", "left")

    def __init__(self, receive: Receive):
        self.left = False
        self._task = asyncio.current_task()
        self._watcher: asyncio.Future[None] | None = None
        self._begin = asyncio.get_running_loop().call_later(UNWATCHED_S, self._start, receive)

    def _start(self, receive: Receive) -> None:
        self._watcher = asyncio.ensure_future(self._run(receive))

    async def _run(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self.left = True
        if self._task is not None:
            self._task.cancel()

    def end(self) -> None:
        """No more cancelling: the reply is out, or the caller's leaving has been dealt with."""
        self._begin.cancel()
        if self._watcher is not None:
            self._watcher.cancel()
        self._task = None

"""How every request of litellm's leaves: to the host of the call's endpoint or not at all, redirects not followed.

What the vendor says is noted beside, so that an error goes back as the vendor wrote it.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

MOST_ERROR_BYTES = 65_536
CONNECT_S = 5.0
CALL: ContextVar[Call | None] = ContextVar("call", default=None)


@dataclass(slots=True)
class Call:
    """One request of the gateway's, under way."""

    hosts: frozenset[str]  # of the endpoint, and where its login is made
    api: str = ""  # whose streams litellm does not read as they are written, see `_READABLE`
    sent: bool = False  # once is all: litellm asks again after a connection that broke, and a model would answer twice
    status: int | None = None  # of the vendor's last reply
    headers: dict[str, str] = field(default_factory=dict)
    error: bytes | None = None  # the vendor's own words, of a status that is no success
    open: list[httpx.Response] = field(default_factory=list)

    async def close(self) -> None:
        """Lets go of the vendor's connections: a model that still writes stops."""
        for response in self.open:
            await response.aclose()


class Guarded(httpx.AsyncBaseTransport):
    """One a process: its connections are kept for all calls."""

    def __init__(self) -> None:
        self._inner = httpx.AsyncHTTPTransport(
            trust_env=False, limits=httpx.Limits(max_connections=None, max_keepalive_connections=64)
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        call = CALL.get()
        if call is None or request.url.host not in call.hosts:
            raise httpx.ConnectError("the adapter connects to its endpoints alone", request=request)
        if call.sent:
            raise httpx.ReadError("the endpoint has been asked already", request=request)
        call.sent = True
        request.extensions["timeout"] = {"connect": CONNECT_S}  # the gateway keeps the others: it leaves
        response = await self._inner.handle_async_request(request)
        call.open.append(response)
        call.status, call.headers = response.status_code, dict(response.headers)
        if not response.is_success:
            call.error = await _most(response)
            return httpx.Response(response.status_code, headers=_plain(response), content=call.error)
        kind = response.headers.get("content-type", "")
        form = _READABLE.get(call.api)
        if form and kind.startswith("text/event-stream") and isinstance(response.stream, httpx.AsyncByteStream):
            response.stream = form(response.stream)
        return response

    async def aclose(self) -> None:
        """The clients that litellm makes come and go; the connections stay."""


def _plain(response: httpx.Response) -> list[tuple[str, str]]:
    gone = ("content-encoding", "content-length", "transfer-encoding", "location")
    return [(name, value) for name, value in response.headers.multi_items() if name.lower() not in gone]


async def _most(response: httpx.Response) -> bytes:
    """Of an error's body; what is packed is read whole, since no part of it can be."""
    body = b""
    try:
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > MOST_ERROR_BYTES:
                break
    finally:
        await response.aclose()
    return body[:MOST_ERROR_BYTES]


class _Lines(httpx.AsyncByteStream):
    """litellm 1.109 reads Cohere's events as lines of JSON, and half of them below `data`: here they become that."""

    def __init__(self, inner: httpx.AsyncByteStream):
        self._inner = inner

    async def __aiter__(self) -> AsyncIterator[bytes]:
        rest = b""
        async for chunk in self._inner:
            *lines, rest = (rest + chunk).split(b"\n")
            out = b"".join(map(_as_line, lines))
            if out:
                yield out
        if last := _as_line(rest):
            yield last

    async def aclose(self) -> None:
        await self._inner.aclose()


def _as_line(line: bytes) -> bytes:
    if not line.startswith(b"data:"):
        return b""
    try:
        event = json.loads(line[5:])
    except ValueError:
        return b""  # [DONE]
    return json.dumps({**event, "event": event.get("type"), "data": event}).encode() + b"\n"


class _UsageAtTheEnd(httpx.AsyncByteStream):
    """litellm 1.109 reads no further than the finish reason: usage that watsonx tells after it is put beside it."""

    def __init__(self, inner: httpx.AsyncByteStream):
        self._inner = inner

    async def __aiter__(self) -> AsyncIterator[bytes]:
        rest, end = b"", b""
        async for chunk in self._inner:
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                if not line.startswith(b"data:"):
                    continue
                if end and (joined := _joined(end, line)):
                    end = joined
                    continue
                if end:
                    yield end + b"\n\n"
                end = line if _finishes(line) else b""
                if not end:
                    yield line + b"\n\n"
        if end or rest.startswith(b"data:"):
            yield (end or rest) + b"\n\n"

    async def aclose(self) -> None:
        await self._inner.aclose()


def _event(line: bytes) -> dict[str, Any]:
    try:
        event = json.loads(line[5:])
    except ValueError:
        return {}  # [DONE]
    return event if isinstance(event, dict) else {}


def _finishes(line: bytes) -> bool:
    choices = _event(line).get("choices")
    return isinstance(choices, list) and any(isinstance(c, dict) and c.get("finish_reason") for c in choices)


def _joined(end: bytes, line: bytes) -> bytes:
    """The event that finishes with the usage of one that tells nothing else; b"" if it tells more."""
    more = _event(line)
    if more.get("choices") or not more.get("usage"):
        return b""
    return b"data: " + json.dumps({**_event(end), "usage": more["usage"]}).encode()


_READABLE: Final = {"cohere": _Lines, "watsonx": _UsageAtTheEnd}

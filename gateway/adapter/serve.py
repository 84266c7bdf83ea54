"""The adapter's one page, which asks one endpoint. Nothing of a request, a reply or a login is kept or written down."""

from __future__ import annotations

import json
from typing import Any

import httpx
from aiohttp import web

from gateway.adapter import calls, logins, replies
from gateway.adapter.calls import Asked
from gateway.adapter.egress import Egress
from gateway.adapter.transport import Call
from gateway.upstreams.adapted import embedding_objection, objection

_EGRESS: web.AppKey[Egress] = web.AppKey("egress", Egress)
_UNDER_WAY: set[int] = set()
_JSON = "application/json"


def application(egress: Egress, *, most_bytes: int) -> web.Application:
    """One a process."""
    made = web.Application(client_max_size=most_bytes)
    made[_EGRESS] = egress
    made.router.add_post("/chat/completions", _chat)
    made.router.add_post("/embeddings", _chat)
    return made


def under_way() -> int:
    """How many requests."""
    return len(_UNDER_WAY)


async def _chat(request: web.Request) -> web.StreamResponse:
    _UNDER_WAY.add(id(request))
    try:
        return await _answer(request)
    finally:
        _UNDER_WAY.discard(id(request))


async def _answer(request: web.Request) -> web.StreamResponse:
    try:
        document = json.loads(await request.read())
        asked, fields = Asked(**document["endpoint"]), document["request"]
        call = calls.call_of(asked)
    except (ValueError, TypeError, KeyError):
        return _error(401, "what logs in there cannot be read", "login")
    embeds = request.path == "/embeddings"
    if (found := embedding_objection(fields) if embeds else objection(fields)) is not None:
        return _error(400, f"`{found[0]}` {found[1]}", "unsupported_parameter", found[0])
    try:
        if embeds:
            made = await calls.embed(asked, fields, request.app[_EGRESS], call)
            body = replies.vectors(made, fields.get("encoding_format"), counted=asked.api != "gemini")
            return web.Response(body=body, content_type=_JSON)
        reply = await calls.ask(asked, fields, request.app[_EGRESS], call)
        if not fields.get("stream"):
            return web.Response(body=replies.body(reply, called=replies.calls_tools(reply)), content_type=_JSON)
        return await _stream(request, reply, asked, call)
    except Exception as wrong:  # noqa: BLE001 - whatever a library of clouds raises, the gateway is told in our words
        status, body, headers = _why(wrong, asked, call)
        return web.Response(status=status, body=body, headers=headers, content_type=_JSON)
    finally:
        await call.close()


async def _stream(request: web.Request, reply: Any, asked: Asked, call: Call) -> web.StreamResponse:
    out = web.StreamResponse(headers={"content-type": "text/event-stream", "cache-control": "no-store"})
    await out.prepare(request)
    try:
        first: str | None = None
        called = False
        async for chunk in calls.chunks(reply):
            chunk.id = first = first or chunk.id  # litellm gives some events ids of their own
            called = called or replies.calls_tools(chunk)
            await out.write(replies.event(replies.body(chunk, called=called)))
        await out.write(replies.event(b"[DONE]"))
    except ConnectionError:
        raise  # the gateway has left
    except Exception as wrong:  # noqa: BLE001 - as above; the status has been said
        _, body, _ = _why(wrong, asked, call)
        await out.write(replies.event(body))
    await out.write_eof()
    return out


def _why(wrong: Exception, asked: Asked, call: Call) -> tuple[int, bytes, dict[str, str]]:
    """Status, body, headers. Words of libraries go to the caller alone, and only those about the request itself."""
    if call.error is not None:
        return replies.vendor_error(asked.api, call)
    if isinstance(wrong, EOFError):
        return 502, replies.error("the stream ended without a finish reason", code="upstream_error"), {}
    if calls.unsupported(wrong):
        name, words = replies.unsupported_field(str(wrong))
        return 400, replies.error(words, code="unsupported_parameter", param=name or None), {}
    chain = _chain(wrong)
    if any(isinstance(each, httpx.TransportError) for each in chain) or "TransportError" in _names(chain):
        return 502, replies.error("the endpoint cannot be reached, or broke off", code="connection"), {}
    if any(
        isinstance(each, logins.Refused) or type(each).__module__.startswith(("google.auth", "botocore"))
        for each in chain
    ):
        return 401, replies.error("the login was not accepted", code="login"), {}
    if calls.at_fault(wrong) and not call.sent:
        return 400, replies.error(replies.without(str(wrong), asked.login), code="invalid_request"), {}
    return 502, replies.error(f"the adapter cannot read the reply ({type(wrong).__name__})", code="upstream_error"), {}


def _chain(wrong: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    left: BaseException | None = wrong
    while left is not None and left not in found:
        found.append(left)
        left = left.__cause__ or left.__context__
    return found


def _names(chain: list[BaseException]) -> set[str]:
    return {type(each).__name__ for each in chain}


def _error(status: int, message: str, code: str, param: str | None = None) -> web.Response:
    return web.Response(status=status, body=replies.error(message, code=code, param=param), content_type=_JSON)

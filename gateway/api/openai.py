"""OpenAI's interfaces that reach a model: parse, hand to the pipeline, write the reply out."""

from __future__ import annotations

import os
import random
from asyncio import CancelledError
from collections.abc import Mapping
from time import monotonic, time

from gateway.api import story
from gateway.api.problem import send_error
from gateway.api.wire import CallerLeft, Exchange, Receive, Scope, Send, check_size, header, headers, read_body
from gateway.dispatch.reply import StreamedReply
from gateway.errors import GatewayError
from gateway.pipeline import Gateway, Served, handle
from gateway.request import ID_BITS, Arrival, Kind, new_id, parse

_READ = frozenset({b"authorization", b"x-gateway-data-class", b"x-gateway-tag", b"x-client-request-id", b"traceparent"})
_ids = random.Random()  # names, not secrets: a decision is shown to its own team only
os.register_at_fork(after_in_child=_ids.seed)


async def serve(
    exchange: Exchange,
    scope: Scope,
    receive: Receive,
    send: Send,
    *,
    kind: Kind,
    gateway: Gateway,
    most_bytes: int,
) -> None:
    """One request from its first byte to its Outcome."""
    said = headers(scope, _READ)
    arrival = _arrival(said)
    served: Served | None = None
    try:
        body = exchange.body()
        if body is None:
            body = await read_body(scope, receive, most_bytes=most_bytes)
        check_size(len(body), most_bytes)
        if exchange.left:
            return
        exchange.watch(exchange.task.cancel)
        served = await handle(parse(kind, body, arrival), _key(said.get(b"authorization")), gateway)
        if served.error is not None:
            await send_error(send, served.error, story.of_error(served.end()))
            return
        await _write(exchange, served)
    except GatewayError as error:
        await send_error(send, error, story.of_every(arrival))
    except CallerLeft:
        return
    except CancelledError:
        if not exchange.left:
            raise
    finally:
        exchange.watch(None)
        if served is not None:
            served.end()


def bearer(scope: Scope) -> str:
    """The caller's key; empty if none was sent."""
    return _key(header(scope, b"authorization"))


def _key(authorization: str | None) -> str:
    scheme, _, key = (authorization or "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""


def _arrival(said: Mapping[bytes, str]) -> Arrival:
    at = time()
    return Arrival(
        id=new_id(at, _ids.getrandbits(ID_BITS)),
        received_at=at,
        started=monotonic(),
        data_class=said.get(b"x-gateway-data-class"),
        tag=said.get(b"x-gateway-tag"),
        client_request_id=said.get(b"x-client-request-id"),
        traceparent=said.get(b"traceparent"),
    )


async def _write(exchange: Exchange, served: Served) -> None:
    reply = served.reply
    assert reply is not None
    if isinstance(reply, StreamedReply):
        exchange.begin(story.of_stream(served), reply.opening)
        await reply.pour(exchange)
        exchange.finish()
        await reply.catch_up()
        return
    outcome = served.end()
    exchange.whole(reply.status, story.of_whole(outcome), reply.opening)

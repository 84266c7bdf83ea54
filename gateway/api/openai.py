"""OpenAI's interfaces that reach a model: parse, hand to the pipeline, write the reply out."""

from __future__ import annotations

import os
import random
from asyncio import CancelledError
from time import monotonic, time

from gateway.api.problem import send_error
from gateway.api.story import Story
from gateway.api.wire import CallerLeft, Receive, Scope, Send, Watch, header, read_body, send_stream, send_whole
from gateway.dispatch.reply import StreamedReply
from gateway.errors import GatewayError
from gateway.pipeline import Gateway, Served, handle
from gateway.request import Arrival, Kind, parse

_ids = random.Random()  # names, not secrets: a decision is shown to its own team only
os.register_at_fork(after_in_child=_ids.seed)


async def serve(scope: Scope, receive: Receive, send: Send, *, kind: Kind, gateway: Gateway, most_bytes: int) -> None:
    """One request from its first byte to its Outcome."""
    arrival = Arrival(
        id=f"req_{_ids.getrandbits(96):024x}",
        received_at=time(),
        started=monotonic(),
        data_class=header(scope, b"x-gateway-data-class"),
        tag=header(scope, b"x-gateway-tag"),
        client_request_id=header(scope, b"x-client-request-id"),
    )
    story = Story(arrival)
    try:
        body = await read_body(scope, receive, most_bytes=most_bytes)
        watch = Watch(receive)
    except GatewayError as error:
        await send_error(send, error, story.headers())
        return
    except CallerLeft:
        return
    served: Served | None = None
    try:
        served = await handle(parse(kind, body, arrival), bearer(scope), gateway)
        await _write(send, served, story)
    except GatewayError as error:
        await send_error(send, error, story.headers())
    except CancelledError:
        if not watch.left:
            raise
    finally:
        watch.end()
        if served is not None:
            served.end()


def bearer(scope: Scope) -> str:
    """The caller's key; empty if none was sent."""
    given = header(scope, b"authorization") or ""
    scheme, _, key = given.partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""


async def _write(send: Send, served: Served, story: Story) -> None:
    reply = served.reply
    assert reply is not None
    if isinstance(reply, StreamedReply):
        await send_stream(send, story.of_stream(served), reply.opening, reply.rest())
        return
    outcome = served.end()
    await send_whole(send, reply.status, story.of_whole(outcome), reply.opening)

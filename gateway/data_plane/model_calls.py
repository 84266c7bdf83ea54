"""OpenAI's interfaces that reach a model: parse, hand to the pipeline, write the reply out."""

from __future__ import annotations

from asyncio import CancelledError
from collections.abc import Callable, Mapping
from functools import partial
from time import monotonic, time

from gateway.data_plane import response_headers as story
from gateway.data_plane.asgi import SOURCE, Exchange, Receive, Scope, headers, is_strict, sources_of
from gateway.data_plane.body import SMALL_BYTES, CallerLeft, Share, check_encoding, check_size, read_body, unpack
from gateway.data_plane.cache_headers import NO_CACHE, cache_control
from gateway.data_plane.keys import HEADERS, chosen
from gateway.data_plane.problem import write_error
from gateway.data_plane.request_ids import fresh_id
from gateway.data_plane.worker_state import State
from gateway.dispatch.reply import Reply, Sink
from gateway.errors import GatewayError
from gateway.interfaces import Interface
from gateway.outcome.request_state import Keeping
from gateway.pipeline import Served, handle
from gateway.request import Arrival, Request, parse
from gateway.threads import PARSING
from gateway.upstreams.dialect_headers import NAMES, options_of

_READ = HEADERS | {
    b"content-encoding",
    b"content-type",
    b"x-gateway-data-class",
    b"x-gateway-tag",
    SOURCE,
    b"x-client-request-id",
    b"traceparent",
    b"x-gateway-strict",
    NO_CACHE,
    b"cache-control",
    *NAMES,
}


async def serve(
    exchange: Exchange,
    scope: Scope,
    receive: Receive,
    *,
    interface: Interface,
    state: State,
) -> None:
    """One request from its first byte to its Outcome. Its key is looked at before its body is asked for."""
    said, gateway, most_bytes = headers(scope, _READ), state.gateway, state.settings.max_body_bytes
    arrival, share, served = _arrival(said), Share(state.room), None
    try:
        caller = state.credentials.identify(chosen(said), gateway.keyring, arrival.received_at)
        exchange.admit()
        packed = check_encoding(said.get(b"content-encoding", ""))
        if (body := exchange.body()) is None:
            body = await read_body(scope, receive, share, most_bytes=most_bytes)
        if exchange.left:
            return
        exchange.watch(exchange.task.cancel)
        parsed = partial(parse, interface, arrival=arrival, content_type=said.get(b"content-type", ""))
        request = await _parsed(parsed, body, packed, share, most_bytes)
        del body
        served = await handle(request, caller, gateway)
        await _write(exchange, served)
    except GatewayError as error:
        write_error(exchange, error, story.of_every(arrival), dialect=interface.dialect)
    except CallerLeft:
        return
    except CancelledError:
        if not exchange.left:
            raise
    finally:
        exchange.watch(None)
        if served is not None:
            served.end()
        share.end()


async def _parsed(
    parsed: Callable[[bytes], Request], body: bytes, packed: str, share: Share, most_bytes: int
) -> Request:
    """Long ones beside the event loop. Raises GatewayError."""
    share.reach(len(body))
    check_size(len(body), most_bytes)
    if packed:
        body = await unpack(body, packed, share, most_bytes=most_bytes)
    if len(body) > SMALL_BYTES:
        return await PARSING.run(parsed, None, body)
    return parsed(body)


def _arrival(said: Mapping[bytes, str]) -> Arrival:
    at = time()
    return Arrival(
        id=fresh_id(at),
        received_at=at,
        started=monotonic(),
        data_class=said.get(b"x-gateway-data-class"),
        tag=said.get(b"x-gateway-tag"),
        sources=sources_of(said),
        client_request_id=said.get(b"x-client-request-id"),
        traceparent=said.get(b"traceparent"),
        strict=is_strict(said.get(b"x-gateway-strict")),
        cache_control=cache_control(said),
        options=options_of(said),
    )


async def _write(exchange: Exchange, served: Served) -> None:
    if served.error is not None:
        dialect = served.trail.request.interface.dialect
        write_error(exchange, served.error, story.of_error(served.end(), served.trail), dialect=dialect)
        return
    reply = served.reply
    assert reply is not None
    if reply.stream:
        await _write_stream(exchange, served, reply)
        return
    outcome = served.end()
    trail = served.trail
    lines = story.of_whole(outcome, reply) + story.of_adapted(trail.adapted) + story.of_rates(trail)
    exchange.whole(reply.status, lines, reply.opening)


async def _write_stream(exchange: Exchange, served: Served, reply: Reply) -> None:
    keeping = served.trail.keeping
    sink: Sink = exchange
    if keeping is not None:
        keeping.add(reply.opening)
        sink = _Copied(exchange, keeping)
    exchange.begin(story.of_stream(served), reply.opening)
    if not await reply.pour(sink):
        exchange.abort()
        return
    exchange.finish()
    if keeping is not None:
        keeping.whole = not exchange.left
    await reply.catch_up()


class _Copied:
    """A caller's connection, and what is kept of what it is sent."""

    def __init__(self, exchange: Exchange, keeping: Keeping):
        self._exchange = exchange
        self._keeping = keeping

    def write(self, chunk: bytes) -> bool:
        self._keeping.add(chunk)
        return self._exchange.write(chunk)

    async def room(self, by_s: float) -> bool:
        return await self._exchange.room(by_s)

"""Scripted vendors behind the real dispatch: what the caller gets of them, and what is recorded."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic, time
from typing import Any

from gateway.background.refusal_detection import judge_of
from gateway.dispatch.breaker import Breakers
from gateway.dispatch.dispatch import DispatchContext, dispatch
from gateway.dispatch.reply import Reply, StreamedReply
from gateway.errors import GatewayError
from gateway.interfaces import INTERFACES
from gateway.outcome.request_state import RequestState
from gateway.policy.authoring.cases import signals_of
from gateway.policy.authoring.compile import compile_folder
from gateway.policy.decide import decide
from gateway.policy.in_force import InForce
from gateway.policy.permit import Permit, permit
from gateway.policy.view import View
from gateway.request import Arrival, parse
from gateway.upstreams.fleet import Fleet
from gateway.upstreams.http1 import Client

IDS = ("m@a", "m@b", "w@c")
NO = "I'm sorry, but I can't help with that request. It goes against my guidelines, so I will not answer it."
YES = "Here is what you asked for: a short history in four parts, with the dates that matter and where to read more. "
THOUGHTS = "<think>" + "The user wants to know something about history; let me think. " * 8 + "</think>\n\n"
RISK = (400, {"error": {"message": "Content Exists Risk", "type": "invalid_request_error"}})
BROKEN = (500, {"error": {"message": "oops"}})
POLICY = b"""
version: 1
aliases: {auto: any}
guards: []
defaults: {limits: {first_byte_s: 5, total_s: TOTAL, attempts: 6, USD}RULES}
routes: [{name: rest, try: [m@a, m@b, w@c], order: listed, affinity: none}]
"""
CATALOG = """
labs: [{id: l, name: L, country: US, lists: [], screened: 2026-11-01}]
models:
  - {id: m, lab: l, base: [], open_weights: true, licence: MIT, context_tokens: 90000, kinds: [chat], can: [tools]}
  - {id: w, lab: l, base: [], open_weights: true, licence: MIT, context_tokens: 90000, kinds: [chat], can: [tools]}
operators: [OPERATORS]
endpoints:
"""
ENDPOINT = """
  - {id: ID, model: MODEL, operator: OPERATOR, hosting: hosted, storage: [], inference: [US], trains_on_data: false,
     retention_days: 0, api: WIRE, base_url: "http://127.0.0.1:PORT/OPERATOR", upstream_model: x, key_env: null,
     prices: [{since: 2026-01-01, input: 1, output: 2}]}
"""
Act = tuple[int, Any] | list[Any]
# A status and a document, or the events of a stream: a document, or bytes as they are; a number is a pause, a list
# comes in one piece, after CUT the connection is lost.
CUT = "cut"


@dataclass
class Vendors:
    """Each does what its script says and then answers."""

    acts: dict[str, list[Act]]
    asked: list[str] = field(default_factory=list)
    lines: set[asyncio.Task[Any]] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = asyncio.current_task()
        assert line is not None
        self.lines.add(line)
        with suppress(ConnectionError, asyncio.CancelledError):
            await self.play(reader, writer)
        writer.transport.abort()

    async def play(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        body = await reader.readexactly(int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0]))
        name = head.split(b"/")[1].decode()
        self.asked.append(name)
        acts = self.acts.get(name)
        usual: Act = [*pieces(YES), None] if b'"stream":true' in body else (200, said(YES))
        act = acts.pop(0) if acts else usual
        await (_whole(writer, *act) if isinstance(act, tuple) else _stream(writer, act))
        writer.close()
        await writer.wait_closed()

    async def leave(self) -> None:
        """Ends what still plays."""
        for line in self.lines:
            line.cancel()
        await asyncio.gather(*self.lines, return_exceptions=True)
        await asyncio.sleep(0.01)


async def _whole(writer: asyncio.StreamWriter, status: int, document: Any) -> None:
    body = json.dumps(document).encode()
    writer.write(b"HTTP/1.1 %d X\r\nconnection: close\r\ncontent-length: %d\r\n\r\n%b" % (status, len(body), body))
    await writer.drain()


async def _stream(writer: asyncio.StreamWriter, events: list[Any]) -> None:
    unended = CUT in events  # the body says that more follows
    framing = b"transfer-encoding: chunked" if unended else b"connection: close"
    writer.write(b"HTTP/1.1 200 OK\r\n%b\r\n\r\n" % framing)
    for event in events:
        if event is CUT:
            break
        if isinstance(event, float):
            await asyncio.sleep(event)
            continue
        together = event if isinstance(event, list) else [event]
        said = b"".join(map(_event, together))
        writer.write(b"%x\r\n%b\r\n" % (len(said), said) if unended else said)
        await writer.drain()
        await asyncio.sleep(0.001)


def _event(document: Any) -> bytes:
    if isinstance(document, bytes):
        return document
    return b"data: %b\n\n" % (b"[DONE]" if document is None else json.dumps(document).encode())


def said(*texts: str | None, finish: str = "stop") -> dict[str, Any]:
    """A whole reply with a choice for each text; None: the filter cut that choice."""
    return {
        "choices": [
            {
                "index": n,
                "message": {"content": text},
                "finish_reason": finish if text is not None else "content_filter",
            }
            for n, text in enumerate(texts)
        ]
    }


def pieces(text: str, index: int = 0, *, ended: bool = True) -> Iterator[dict[str, Any]]:
    """A choice's part of a stream."""
    for at in range(0, len(text), 20):
        yield {"choices": [{"index": index, "delta": {"content": text[at : at + 20]}, "finish_reason": None}]}
    if ended:
        yield {"choices": [{"index": index, "delta": {}, "finish_reason": "stop"}]}


class Caller:
    """Takes a stream."""

    def __init__(self) -> None:
        self.got = b""

    def write(self, chunk: bytes) -> bool:
        self.got += chunk
        return True

    async def room(self, by_s: float) -> bool:
        """There always is."""
        return True


@dataclass
class Told:
    """What became of one request."""

    reply: Reply | GatewayError
    body: bytes
    trail: RequestState
    vendors: Vendors
    breakers: Breakers

    @property
    def attempts(self) -> list[tuple[str, str]]:
        return [(attempt.endpoint.id, attempt.outcome) for attempt in self.trail.attempts]


@dataclass(frozen=True, slots=True)
class Scene:
    """What is asked, by what policy."""

    model: str = "auto"
    poor: frozenset[str] = frozenset()  # endpoints that the budget does not reach for
    total: float = 20  # seconds for the request
    usd: str = ""  # limit of the route, as it is written
    rules: str = ""  # `on_refusal`, as it is written
    topic: frozenset[str] = frozenset()
    wire: str = "openai"  # of every endpoint
    kind: str = "chat"  # of the request
    moderation: str = ""  # a row of the catalogue


def told(acts: dict[str, list[Act]], scene: Scene = Scene(), **body) -> Told:
    """`body`: fields of the request."""
    return asyncio.run(_told(Vendors(acts), scene, body))


async def _told(vendors: Vendors, scene: Scene, body: dict[str, Any]) -> Told:
    server = await asyncio.start_server(vendors.serve, "127.0.0.1", 0)
    folder = compile_folder(files(server.sockets[0].getsockname()[1], scene))
    content = INTERFACES[scene.kind].content
    message = {"model": scene.model, content: [{"role": "user", "content": "Tell me some history."}], **body}
    given: dict[str, Any] = {"model": scene.model, "topic": scene.topic}
    signals = signals_of(folder.keyring.teams["t"], given, folder.policy)
    trail = RequestState(
        parse(scene.kind, json.dumps(message).encode(), Arrival("r", time(), monotonic())),
        next(iter(folder.keyring.callers.values())),
        decide(folder.policy, signals, View(at=time())),
    )

    async def admit(trail: RequestState, endpoint: Any) -> Permit | GatewayError:
        if endpoint.id in scene.poor:
            return GatewayError("budget_exceeded", "spent")
        return permit("r", trail.decision, endpoint, purpose="serve")

    client = Client()
    fleet = Fleet(folder.catalog, key_of=lambda name: None, client=client, in_force=InForce())
    means = DispatchContext(fleet, Breakers(), admit, judge_of)
    reply, got = await _poured(trail, means)
    client.close()
    server.close()
    await vendors.leave()
    return Told(reply, got, trail, vendors, means.breakers)


async def _poured(trail: RequestState, means: DispatchContext) -> tuple[Reply | GatewayError, bytes]:
    try:
        reply = await dispatch(trail, means)
    except GatewayError as error:
        return error, b""
    caller = Caller()
    caller.write(reply.opening)
    if isinstance(reply, StreamedReply):
        await reply.pour(caller)
    reply.end()
    return reply, caller.got


def files(port: int, scene: Scene = Scene()) -> dict[str, bytes]:
    """A policy folder whose endpoints are all at this port."""
    operators = ", ".join(
        f"{{id: {id[2:]}, name: {id[2:]}, country: US, parent_country: US, lists: [], screened: 2026-11-01}}"
        for id in IDS
    )
    endpoints = [
        ENDPOINT.replace("ID", id)
        .replace("MODEL", id[0])
        .replace("OPERATOR", id[2:])
        .replace("PORT", str(port))
        .replace("WIRE", scene.wire)
        for id in IDS
    ]
    rows = "".join(endpoints) + (f"moderation: [{scene.moderation}]\n" if scene.moderation else "")
    digest = hashlib.sha256(b"key").hexdigest()
    return {
        "policy.yaml": POLICY.replace(b"TOTAL", str(scene.total).encode())
        .replace(b"USD", scene.usd.encode())
        .replace(b"RULES", scene.rules.encode()),
        "callers.yaml": f"teams: {{t: {{data_class: public}}}}\nkeys: [{{id: k, team: t, sha256: {digest}}}]".encode(),
        "catalog/all.yaml": (CATALOG.replace("OPERATORS", operators) + rows).encode(),
    }

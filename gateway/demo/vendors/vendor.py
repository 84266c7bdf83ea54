"""One simulated vendor at work: reads a request, decides what to say, says it at its own pace, and notes it."""

from __future__ import annotations

import hashlib
import json
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from gateway.demo.vendors import beyond_text, embeddings, prose, reading, saying, wire, wire_messages, wire_responses
from gateway.demo.vendors.asked import Asked
from gateway.demo.vendors.connection import Connection, Incoming, Left, Stopped
from gateway.demo.vendors.profiles import Vendor
from gateway.demo.vendors.refusals import Say
from gateway.demo.vendors.script import Act, Script

KEPT = 10_000  # requests that are remembered
CACHE_BLOCK = 64  # tokens: prompts are cached in whole blocks


class Wire(Protocol):
    """How replies of one wire are written."""

    def whole(self, asked: Asked, say: Say, vendor: Vendor, *, usage: bool) -> bytes: ...

    def chunks(self, asked: Asked, say: Say, vendor: Vendor, *, usage: bool) -> Iterator[bytes]: ...

    def error(self, about: dict[str, Any]) -> bytes: ...


_WIRES: dict[str, Wire] = {"/v1/messages": wire_messages, "/v1/responses": wire_responses}  # others: Chat's
_FAULT = {"message": "simulated fault", "type": "server_error"}
_UNREADABLE = {"message": "the simulated vendor cannot read this request", "type": "invalid_request_error"}


@dataclass(slots=True)
class Playing:
    """A vendor's state: what it was told, what it was asked."""

    vendor: Vendor
    seed: int
    pace: float  # 1: as the profile says; 0: at once
    script: Script = field(default_factory=Script)
    count: int = 0
    requests: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=KEPT))
    cached: set[str] = field(default_factory=set)

    async def serve(self, connection: Connection, incoming: Incoming) -> bool:
        """True if the connection may be used again."""
        if incoming.method == "GET" and incoming.path == "/v1/models":
            return await _models(connection, self.vendor)
        self.count += 1
        noted = _note(self.count, incoming)
        self.requests.append(noted)
        try:
            await self._reply(connection, incoming, self.script.next())
        except Left:
            noted["ended"] = "left"
            return False
        except Stopped:
            noted["ended"] = "stopped"
            return False
        noted["ended"] = "complete"
        return True

    async def _reply(self, connection: Connection, incoming: Incoming, act: Act) -> None:
        if act.stop and act.after is None:
            await _stop(connection, act)
        if act.raw is not None:
            await connection.send(act.raw.encode())
            raise Stopped
        first = self.vendor.first_byte_s * self.pace if act.first_byte_s is None else act.first_byte_s
        await connection.pause(first)
        writing = _WIRES.get(incoming.path, wire)
        if act.status != 200 or act.body is not None:
            body = act.body.encode() if act.body is not None else writing.error(_FAULT)
            await _send_whole(connection, act.status, body, act)
            return
        vectors = _embedded(incoming)
        if vectors is not None:
            await _send_whole(connection, 200, vectors, act)
            return
        if await self._send_beyond_text(connection, incoming, act):
            return
        asked = self._read(incoming)
        if asked is None:
            await _send_whole(connection, 400, writing.error(_UNREADABLE), act)
            return
        await self._answer(connection, asked, saying.say(asked, self.vendor, act, self.seed), act, writing)

    async def _send_beyond_text(self, connection: Connection, incoming: Incoming, act: Act) -> bool:
        """True if it asked for an image, sound, a transcript, scores or a moderation, and got them."""
        made = beyond_text.reply(incoming.path, incoming.headers.get("content-type", ""), incoming.body)
        if made is None:
            return False
        if len(made.parts) == 1:
            await _send_whole(connection, made.status, made.parts[0], replace(act, content_type=made.content_type))
            return True
        await connection.head(200, made.content_type, act.headers, length=None)
        for sent, part in enumerate(made.parts):
            if act.stop and sent == act.after:
                await _stop(connection, act)
            await connection.chunk(part)
            await connection.pause(self.pace / self.vendor.tokens_per_s if act.chunk_s is None else act.chunk_s)
        await connection.last_chunk()
        return True

    async def _answer(self, connection: Connection, asked: Asked, say: Say, act: Act, writing: Wire) -> None:
        if say.error is not None:
            await _send_whole(connection, 400, writing.error(say.error), act)
            return
        pause = self.pace / self.vendor.tokens_per_s if act.chunk_s is None else act.chunk_s
        if not asked.stream:
            await connection.pause(pause * len(prose.tokens(say.thoughts + say.text)))
            await _send_whole(connection, 200, writing.whole(asked, say, self.vendor, usage=act.usage), act)
            return
        await connection.head(200, act.content_type or "text/event-stream", act.headers, length=None)
        for _ in range(act.comments):
            await connection.chunk(b": keep-alive\n\n")
            await connection.pause(pause)
        for sent, chunk in enumerate(writing.chunks(asked, say, self.vendor, usage=act.usage)):
            if act.stop and sent == act.after:
                await _stop(connection, act)
            await connection.chunk(chunk)
            await connection.pause(pause)
        await connection.last_chunk()

    def _read(self, incoming: Incoming) -> Asked | None:
        kind = reading.KINDS.get(incoming.path)
        if kind is None:
            return None
        digest = hashlib.sha256(incoming.body + str(self.seed).encode()).hexdigest()
        try:
            body = json.loads(incoming.body)
            pieces = prose.tokens("\n".join(turn.text for turn in reading.turns(kind, body)))
            return reading.read(
                kind,
                body,
                id=digest[:24],
                created=int(time.time()),
                model=self.vendor.named(body.get("model")),
                input_tokens=len(pieces),
                cached_tokens=self._cached(pieces),
            )
        except (ValueError, LookupError, TypeError, AttributeError):
            return None

    def _cached(self, pieces: list[str]) -> int:
        """How many tokens of whole blocks were seen before, from the beginning; from here on all of them were."""
        hits, known = 0, True
        for end in range(CACHE_BLOCK, len(pieces) + 1, CACHE_BLOCK):
            block = hashlib.sha256("".join(pieces[:end]).encode()).hexdigest()
            known = known and block in self.cached
            hits = end if known else hits
            self.cached.add(block)
        return hits


async def _stop(connection: Connection, act: Act) -> None:
    if act.stop == "hang":
        await connection.pause(3600)
    elif act.stop == "abort":
        connection.abort()
    elif act.stop == "end":
        await connection.last_chunk()
    raise Stopped


async def _send_whole(connection: Connection, status: int, body: bytes, act: Act) -> None:
    await connection.head(status, act.content_type or "application/json", act.headers, length=len(body))
    if act.stop and act.after is not None:
        await connection.send(body[: len(body) // 2])
        await _stop(connection, act)
    await connection.send(body)


def _embedded(incoming: Incoming) -> bytes | None:
    """None if this is no request for embeddings."""
    if incoming.path != "/v1/embeddings":
        return None
    try:
        return embeddings.reply(json.loads(incoming.body))
    except (ValueError, KeyError, TypeError):
        return None


async def _models(connection: Connection, vendor: Vendor) -> bool:
    beside = {"object": "model", "created": 0, "owned_by": f"{vendor.id} (simulated)"}
    rows = [{"id": model, **beside} for model in dict.fromkeys((vendor.model, *vendor.reasoning_models))]
    body = json.dumps({"object": "list", "data": rows}).encode()
    await connection.head(200, "application/json", {}, length=len(body))
    await connection.send(body)
    return True


def _note(number: int, incoming: Incoming) -> dict[str, Any]:
    """What is kept of a request: hashes of what it said, never the words."""
    noted: dict[str, Any] = {
        "number": number,
        "path": incoming.path,
        "body_sha256": _sha256(incoming.body),
        "body_bytes": len(incoming.body),
        "headers": sorted(incoming.headers),
        "ended": None,
    }
    try:
        body = json.loads(incoming.body)
        noted |= {"model": body.get("model"), "stream": bool(body.get("stream")), "fields": sorted(body)}
        noted["texts_sha256"] = [_sha256(text.encode()) for text in _texts(incoming.path, body)]
    except (ValueError, LookupError, TypeError, AttributeError):
        noted["texts_sha256"] = []
    return noted


def _texts(path: str, body: dict[str, Any]) -> list[str]:
    """Every turn's text in order, or the texts to embed."""
    if path in reading.KINDS:
        return [turn.text for turn in reading.turns(reading.KINDS[path], body)]
    return [body["input"]] if isinstance(body["input"], str) else [str(text) for text in body["input"]]


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()

"""One simulated vendor at work: reads a request, decides what to say, says it at its own pace, and notes it."""

from __future__ import annotations

import hashlib
import json
from collections import deque
from dataclasses import dataclass, field, replace
from typing import Any

from gateway.demo.vendors import embeddings, prose, refusals, wire
from gateway.demo.vendors.connection import Connection, Incoming, Left, Stopped
from gateway.demo.vendors.profiles import Vendor
from gateway.demo.vendors.refusals import Say
from gateway.demo.vendors.script import Act, Script
from gateway.demo.vendors.shaped import shaped
from gateway.demo.vendors.wire import Asked

KEPT = 10_000  # requests that are remembered
CACHE_BLOCK = 64  # tokens: prompts are cached in whole blocks
_KINDS = {"/v1/chat/completions": "chat", "/v1/completions": "completion"}


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
        if act.status != 200 or act.body is not None:
            body = (
                act.body if act.body is not None else json.dumps(_error("simulated fault", "server_error"))
            ).encode()
            await _send_whole(connection, act.status, body, act)
            return
        vectors = _embedded(incoming)
        if vectors is not None:
            await _send_whole(connection, 200, vectors, act)
            return
        asked = self._read(incoming)
        if asked is None:
            body = json.dumps(_error("the simulated vendor cannot read this request", "invalid_request_error")).encode()
            await _send_whole(connection, 400, body, act)
            return
        await self._answer(connection, asked, self._say(asked, incoming, act), act)

    async def _answer(self, connection: Connection, asked: Asked, say: Say, act: Act) -> None:
        if say.error is not None:
            await _send_whole(connection, 400, json.dumps(say.error, ensure_ascii=False).encode(), act)
            return
        pause = self.pace / self.vendor.tokens_per_s if act.chunk_s is None else act.chunk_s
        if not asked.stream:
            await connection.pause(pause * len(prose.tokens(say.thoughts + say.text)))
            await _send_whole(connection, 200, wire.whole(asked, say, self.vendor, usage=act.usage), act)
            return
        await connection.head(200, act.content_type or "text/event-stream", act.headers, length=None)
        for _ in range(act.comments):
            await connection.chunk(b": keep-alive\n\n")
            await connection.pause(pause)
        for sent, chunk in enumerate(wire.chunks(asked, say, self.vendor, usage=act.usage)):
            if act.stop and sent == act.after:
                await _stop(connection, act)
            await connection.chunk(chunk)
            await connection.pause(pause)
        await connection.last_chunk()

    def _say(self, asked: Asked, incoming: Incoming, act: Act) -> Say:
        if act.text is not None or act.tool_call is not None:
            return Say(act.text or "", thoughts=act.thoughts or "", tool_call=act.tool_call)
        body = json.loads(incoming.body)
        text = prose.answer(asked.prompt, weights=self.vendor.model, seed=self.seed, points=self.vendor.points)
        thinks = self.vendor.reasons and _thinks(body)
        thoughts = prose.thoughts(asked.prompt, weights=self.vendor.model, seed=self.seed) if thinks else ""
        usual = Say(text, thoughts=thoughts)
        way = act.no or refusals.way(asked.prompt, self.vendor)
        if way is None and _must_call(body):
            name = body["tools"][0]["function"]["name"]
            return replace(usual, text="", tool_call={"name": name, "arguments": '{"simulated": true}'})
        if way is None:
            usual = replace(usual, text=shaped(body.get("response_format"), text))
        said = refusals.WAYS[way](asked.prompt, usual) if way else usual
        return wire.cut_to_length(said, asked.max_tokens)

    def _read(self, incoming: Incoming) -> Asked | None:
        kind = _KINDS.get(incoming.path)
        try:
            body = json.loads(incoming.body)
            texts = _texts(body)
        except (ValueError, KeyError, TypeError, AttributeError):
            return None
        if kind is None or not texts:
            return None
        pieces = prose.tokens("\n".join(texts))
        digest = hashlib.sha256(incoming.body + str(self.seed).encode()).hexdigest()
        return Asked(
            kind=kind,
            prompt=texts[-1],
            input_tokens=len(pieces),
            cached_tokens=self._cached(pieces),
            max_tokens=body.get("max_completion_tokens") or body.get("max_tokens"),
            stream=bool(body.get("stream")),
            include_usage=bool((body.get("stream_options") or {}).get("include_usage")),
            choices=body.get("n") or 1,
            id=f"simulated-{digest[:24]}",
        )

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
    row = {"id": vendor.model, "object": "model", "created": 0, "owned_by": f"{vendor.id} (simulated)"}
    body = json.dumps({"object": "list", "data": [row]}).encode()
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
        noted["texts_sha256"] = [_sha256(text.encode()) for text in _texts(body)]
    except (ValueError, KeyError, TypeError, AttributeError):
        noted["texts_sha256"] = []
    return noted


def _texts(body: dict[str, Any]) -> list[str]:
    """Every message's text in order, or the prompt."""
    if "input" in body:
        return [body["input"]] if isinstance(body["input"], str) else [str(text) for text in body["input"]]
    if "prompt" in body:
        return [body["prompt"] if isinstance(body["prompt"], str) else json.dumps(body["prompt"], ensure_ascii=False)]
    return [_text(message.get("content")) for message in body["messages"]]


def _text(content: Any) -> str:
    if isinstance(content, list):
        return "\n".join(part.get("text", "") for part in content)
    return content or ""


def _thinks(body: dict[str, Any]) -> bool:
    effort = body.get("reasoning_effort")
    thinking = body.get("thinking")
    switched_on = isinstance(thinking, dict) and thinking.get("type") == "enabled"
    return switched_on or effort not in (None, "none", "minimal")


def _must_call(body: dict[str, Any]) -> bool:
    return bool(body.get("tools")) and body.get("tool_choice") not in (None, "auto", "none")


def _error(message: str, kind: str) -> dict[str, Any]:
    return {"error": {"message": message, "type": kind, "param": None, "code": None}, "simulated": True}


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()

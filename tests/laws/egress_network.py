"""Connections that lead into memory: a vendor with a fault behind each address; every byte that is written is noted."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from gateway.upstreams.fault import UpstreamFault
from gateway.upstreams.http1 import Client, Target
from gateway.upstreams.http1.connection import Connection
from tests.laws.egress_worlds import Rules

FAULTS = (
    *("answer", "answer", "answer", "refusal", "blank", "filter", "filtered finish", "garbled", "cut", "no finish"),
    *("closed", "garbage", "refused", "error inside", "redirect", "400", "401", "404", "429", "500", "503"),
)
NO = "I'm sorry, but I can't help with that request. It goes against my guidelines."


@dataclass
class Byte:
    """A request that was written: where to, and what was in force then."""

    host: str
    rules: Rules
    frozen: tuple[tuple[str, str], ...]


@dataclass
class Network:
    """Where connections lead: nothing is behind any address but a vendor with a fault."""

    faults: dict[str, str] = field(default_factory=dict)
    redirects: tuple[str, ...] = ()
    sent: list[Byte] = field(default_factory=list)
    asked: int = 0
    between: Callable[[], None] = lambda: None  # called at each connection, before anything is written on it
    state: Callable[[], tuple[Rules, tuple[tuple[str, str], ...]]] = field(default=lambda: (Rules(), ()))

    def receive(self, host: str, data: bytes) -> tuple[bytes, bool]:
        """What comes back, and whether the connection closes after it."""
        head, _, body = data.partition(b"\r\n\r\n")
        if host == "adapter":
            host = str(json.loads(body)["endpoint"]["base_url"]).partition("//")[2].partition("/")[0]
        self.sent.append(Byte(host, *self.state()))
        self.between()
        return reply(self.faults.get(host, "answer"), head.split(b" ")[1], body, self.redirects)


def reply(fault: str, path: bytes, body: bytes, redirects: tuple[str, ...]) -> tuple[bytes, bool]:
    """Head and body."""
    stream = b'"stream":true' in body
    if fault == "closed":
        return b"", True
    if fault == "garbage":
        return b"SSH-2.0-nonsense\r\n\r\n", True
    if fault.isdigit():
        return _framed(int(fault), b'{"error": {"message": "no"}}'), False
    if fault == "redirect":
        location = f"location: https://{redirects[len(body) % len(redirects)]}/chat/completions\r\n".encode()
        return _framed(307, b"", location), False
    if fault == "filter":
        return _framed(400, b'{"error": {"message": "Content Exists Risk", "type": "invalid_request_error"}}'), False
    said = b"".join(_stream(fault, path)) if stream else json.dumps(_whole(fault, path)).encode()
    if fault == "cut":
        return _framed(200, said + b" " * 50)[: -60 - len(said) // 2], True
    return _framed(200, said), False


def _framed(status: int, body: bytes, more: bytes = b"") -> bytes:
    return b"HTTP/1.1 %d X\r\n%bcontent-length: %d\r\n\r\n%b" % (status, more, len(body), body)


def _text(fault: str) -> str:
    return {"refusal": NO, "blank": "", "filtered finish": ""}.get(fault, "Ships float: ANSWERED. " * 10)


def _whole(fault: str, path: bytes) -> Any:
    text, finish = _text(fault), "content_filter" if fault == "filtered finish" else "stop"
    if fault in ("error inside", "garbled"):
        return {"error": {"message": "no"}} if fault == "error inside" else ["no"]
    if path.endswith(b"/messages"):
        content = [{"type": "text", "text": text}] if text else []
        return {"type": "message", "role": "assistant", "content": content, "stop_reason": "end_turn"}
    if path.endswith(b"/responses"):
        part = {"type": "output_text", "text": text, "annotations": []}
        item = {"type": "message", "id": "m", "role": "assistant", "status": "completed", "content": [part]}
        return {"object": "response", "id": "r", "status": "completed", "output": [item]}
    if path.endswith(b"/chat/completions"):
        return {"choices": [{"index": 0, "message": {"content": text}, "finish_reason": finish}]}
    return {"data": [{"embedding": [0.5], "index": 0, "url": "x"}], "results": [{"index": 0, "relevance_score": 0.5}],
            "text": text, "choices": [{"text": text, "finish_reason": finish}]}  # fmt: skip


def _stream(fault: str, path: bytes) -> list[bytes]:
    text = _text(fault)
    if fault == "error inside":
        return [b'data: {"error": {"message": "no"}}\n\n']
    if path.endswith(b"/chat/completions"):
        events: list[Any] = [{"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}]}]
        if fault != "no finish":
            finish = "content_filter" if fault == "filtered finish" else "stop"
            events.append({"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]})
        lines = [b"data: %b\n\n" % json.dumps(event).encode() for event in events]
        return [*lines[:1], *([b'data: {"cho\n\n'] if fault == "garbled" else []), *lines[1:], b"data: [DONE]\n\n"]
    if path.endswith(b"/messages"):
        events = [{"type": "message_start", "message": {}},
                  {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
                  {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}},
                  {"type": "content_block_stop", "index": 0},
                  {"type": "message_delta", "delta": {"stop_reason": "end_turn"}},
                  {"type": "message_stop"}]  # fmt: skip
    else:
        place = {"item_id": "m", "output_index": 0, "content_index": 0}
        whole = _whole(fault, b"/responses")
        events = [
            {"type": "response.output_text.delta", "delta": text, **place},
            {"type": "response.completed", "response": whole},
        ]
    cut = events[: 3 if fault == "no finish" else None]
    return [b"event: %b\ndata: %b\n\n" % (e["type"].encode(), json.dumps(e).encode()) for e in cut]


class Wire(asyncio.Transport):
    """A connection into memory."""

    def __init__(self, network: Network, host: str, connection: Connection):
        super().__init__()
        self._network, self._host, self._connection, self._closing = network, host, connection, False

    def write(self, data: Any) -> None:
        said, closes = self._network.receive(self._host, bytes(data))
        loop = asyncio.get_running_loop()
        if said:
            loop.call_soon(self._hand, said)
        if closes:
            loop.call_soon(self.abort)

    def _hand(self, said: bytes) -> None:
        if not self._closing:
            self._connection.data_received(said)

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return _Plug() if name == "socket" else default

    def is_closing(self) -> bool:
        return self._closing

    def abort(self) -> None:
        if not self._closing:
            self._closing = True
            asyncio.get_running_loop().call_soon(self._connection.connection_lost, None)

    def get_write_buffer_size(self) -> int:
        return 0

    def pause_reading(self) -> None:
        return None

    def resume_reading(self) -> None:
        return None


class _Plug:
    family = 1  # AF_UNIX: no options of TCP are set


class Memory(Client):
    """Our client, whose connections lead into memory."""

    def __init__(self, network: Network):
        super().__init__()
        self._network = network

    async def _connect(self, target: Target, connect_s: float) -> Connection:
        await asyncio.sleep(0)
        self._network.asked += 1
        self._network.between()
        host = "adapter" if target.unix is not None else f"{target.host}:{target.port}"
        if self._network.faults.get(host) == "refused":
            raise UpstreamFault("connect", "nobody listens")
        connection = Connection(target.pool, self._keep, self._forget)
        connection.connection_made(Wire(self._network, host, connection))
        return connection

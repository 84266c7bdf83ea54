"""A vendor for the soak: answers, fails in every way by a seeded draw, and notes the usage of what it said whole."""

from __future__ import annotations

import asyncio
import json
import re
from collections import defaultdict
from dataclasses import dataclass, field
from random import Random

FAULTS = ("500", "503", "429", "400", "closed", "cut", "garbage", "garbled", "no finish", "blank", "refusal")
_SERIAL = re.compile(rb"serial (\d+)")
_REFUSAL = "I'm sorry, but I can't help with that request. It goes against my guidelines, so I will not answer it."
_ANSWER = "Here is what you asked for: a short history in four parts, with the dates that matter. " * 3
_STATUSES = {"500": "500 Oops", "503": "503 Busy", "429": "429 Slow", "400": "400 Bad"}


@dataclass
class Vendor:
    """One listening socket. `usage`: of each serial, what every whole reply reported (input, output tokens)."""

    seed: int
    share: float  # of the requests that meet a fault
    usage: dict[int, list[tuple[int, int]]] = field(default_factory=lambda: defaultdict(list))
    asked: int = 0
    port: int = 0

    async def open(self) -> asyncio.Server:
        loop = asyncio.get_running_loop()
        self.chance = Random(self.seed)
        server = await loop.create_server(lambda: _Line(self), "127.0.0.1", 0, backlog=512)
        self.port = server.sockets[0].getsockname()[1]
        return server

    def answer(self, body: bytes) -> tuple[bytes, bool]:
        """The bytes of the reply, and whether the connection closes after them."""
        self.asked += 1
        found = _SERIAL.search(body)
        assert found is not None
        stream = b'"stream":true' in body
        fault = self.chance.choice(FAULTS) if self.chance.random() < self.share else ""
        if fault == "closed":
            return b"", True
        if fault == "garbage":
            return b"SSH-2.0-nonsense\r\n\r\n", True
        if fault in _STATUSES:
            return _framed(_STATUSES[fault], b'{"error": {"message": "no"}}'), False
        usage = (self.chance.randint(1, 5000), self.chance.randint(1, 900))
        whole = fault not in ("cut", "garbled", "no finish")
        if whole:
            self.usage[int(found[1])].append(usage)
        said = _stream(fault, usage) if stream else _whole(fault, usage)
        if fault == "cut" or (fault in ("garbled", "no finish") and not stream):
            return _framed("200 OK", said + b" " * 99)[: -len(said) // 2 - 99], True
        return _framed("200 OK", said), False


def _framed(status: str, body: bytes) -> bytes:
    return f"HTTP/1.1 {status}\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body


def _counted(usage: tuple[int, int]) -> dict[str, int]:
    return {"prompt_tokens": usage[0], "completion_tokens": usage[1], "total_tokens": sum(usage)}


def _text(fault: str) -> str:
    return {"blank": "", "refusal": _REFUSAL}.get(fault, _ANSWER)


def _whole(fault: str, usage: tuple[int, int]) -> bytes:
    choice = {"index": 0, "message": {"role": "assistant", "content": _text(fault)}, "finish_reason": "stop"}
    return json.dumps({"choices": [choice], "usage": _counted(usage)}).encode()


def _stream(fault: str, usage: tuple[int, int]) -> bytes:
    text = _text(fault)
    pieces = [text[at : at + 40] for at in range(0, len(text), 40)]
    events: list[object] = [{"choices": [{"index": 0, "delta": {"content": each}}]} for each in pieces]
    lines = [b"data: %b\n\n" % json.dumps(each).encode() for each in events]
    if fault == "garbled":
        return b"".join([*lines[:3], b'data: {"choi\n\n', *lines[3:]])
    if fault == "no finish":
        return b"".join([*lines, b"data: [DONE]\n\n"])
    end = [{"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}, {"choices": [], "usage": _counted(usage)}]
    return b"".join([*lines, *(b"data: %b\n\n" % json.dumps(each).encode() for each in end), b"data: [DONE]\n\n"])


class _Line(asyncio.Protocol):
    """Reads one request after the other."""

    def __init__(self, vendor: Vendor):
        self.vendor, self.held = vendor, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.held += data
        head, found, rest = self.held.partition(b"\r\n\r\n")
        if not found:
            return
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        if len(rest) < length:
            return
        self.held = rest[length:]
        said, closes = self.vendor.answer(rest[:length])
        self.transport.write(said)
        if closes:
            self.transport.close()

"""A vendor of three wires on a port of loopback, which plays the script and notes what it was asked and who left."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from clients.reading import READERS
from clients.script import WrongRequest, turn
from clients.wording import WORDINGS

VECTOR = (0.25, -0.5, 0.125)
SSE = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"
WRONG = {400: "invalid_request_error", 429: "rate_limit_error", 500: "api_error"}


@dataclass
class Vendor:
    """`asked` holds path and body of each request, `left` the model of each stream that was left before its end."""

    port: int = 0
    asked: list[tuple[str, Any]] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection: one request."""
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            body = json.loads(await reader.readexactly(length))
            path = head.split(b" ")[1].decode()
            self.asked.append((path, body))
            if path == "/embeddings":
                writer.write(_whole(200, _embeddings(body)))
            else:
                await self._answer(path, body, reader, writer)
            await writer.drain()
        with contextlib.suppress(ConnectionError):
            writer.close()

    async def _answer(self, path: str, body: Any, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        wording = WORDINGS[path]
        try:
            ask = READERS[path](body)
        except WrongRequest as wrong:
            writer.write(_whole(400, wording.error("invalid_request_error", str(wrong))))
            return
        fault = ask.model.rpartition("-")[2]
        if fault.isdigit():
            status = int(fault)
            writer.write(_whole(status, wording.error(WRONG[status], f"scripted {status}")))
            return
        said = turn(ask)
        if not ask.stream:
            writer.write(_whole(200, wording.whole(ask, said)))
            return
        writer.write(SSE)
        closed = asyncio.ensure_future(reader.read())  # ends when the gateway closes its side
        events = wording.events(ask, said, body)
        for number, event in enumerate(events):
            if fault == "broken" and number == 6:
                break
            writer.write(event)
            if said.gap_s and (await asyncio.wait({closed}, timeout=said.gap_s))[0]:
                self.left.append(ask.model)
                break
        closed.cancel()


@contextlib.contextmanager
def running() -> Iterator[Vendor]:
    """In a thread and a loop of its own."""
    vendor, loop = Vendor(), asyncio.new_event_loop()
    server = loop.run_until_complete(asyncio.start_server(vendor.serve, "127.0.0.1", 0, limit=2**24))
    vendor.port = server.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield vendor
    finally:
        asyncio.run_coroutine_threadsafe(_leave(server), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(30)
        loop.close()


async def _leave(server: asyncio.Server) -> None:
    server.close()
    rest = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)


def _whole(status: int, document: Any) -> bytes:
    body = json.dumps(document).encode()
    head = f"HTTP/1.1 {status} X\r\ncontent-type: application/json\r\nconnection: close\r\n"
    return f"{head}content-length: {len(body)}\r\n\r\n".encode() + body


def _embeddings(body: Any) -> dict[str, Any]:
    texts = body["input"] if isinstance(body["input"], list) else [body["input"]]
    packed = base64.b64encode(struct.pack(f"<{len(VECTOR)}f", *VECTOR)).decode()
    vector = packed if body.get("encoding_format") == "base64" else list(VECTOR)
    rows = [{"object": "embedding", "index": place, "embedding": vector} for place in range(len(texts))]
    usage = {"prompt_tokens": 4, "total_tokens": 4}
    return {"object": "list", "data": rows, "model": body["model"], "usage": usage}

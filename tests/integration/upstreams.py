"""Vendors that do what a test says, and a policy folder that leads to them: for gateways that are processes."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import itertools
import json
import socket
import ssl
import struct
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from io import BufferedIOBase
from pathlib import Path
from typing import Any

from tests.integration.rerouted import YES, pieces, said
from tests.running import PATIENCE_S, Running

KEY = "gw-test-key"
OPERATORS = ("a", "b", "c")
POLICY = """
version: 1
aliases: {auto: any}
guards: []
defaults: {limits: {LIMITS}, order: listed, affinity: none}
routes:
  - {name: named, when: {model_known: true}, try: [requested]}
  - {name: rest, try: [m@a, m@b, w@c]}
"""
CATALOG = """
labs: [{id: l, name: L, country: US, lists: [], screened: 2026-11-01}]
models:
  - {id: m, lab: l, base: [], open_weights: true, licence: MIT, context_tokens: 900000, kinds: [chat], can: [tools]}
  - {id: w, lab: l, base: [], open_weights: true, licence: MIT, context_tokens: 900000, kinds: [chat], can: [tools]}
operators: [OPERATORS]
endpoints:
"""
ENDPOINT = """
  - {id: MODEL@NAME, model: MODEL, operator: NAME, hosting: self, storage: [], inference: [US], trains_on_data: false,
     retention_days: 0, api: openai, base_url: "URL", upstream_model: up-NAME, key_env: KEY_ENV, MORE
     prices: [{since: 2026-01-01, input: 1, output: 2}]}
"""
SSE = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"


def read_head(stream: BufferedIOBase) -> bytes:
    """A request's head without its last, empty line; nothing once the other side has closed."""
    lines = iter(stream.readline, b"")
    return b"".join(itertools.takewhile(lambda line: line != b"\r\n", lines))


@dataclass(slots=True)
class Line:
    """One request on its connection, seen from the vendor."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    head: bytes
    body: bytes

    @property
    def document(self) -> Any:
        return json.loads(self.body)

    async def say(self, *parts: bytes, gap_s: float = 0.0) -> None:
        for part in parts:
            self.writer.write(part)
            with contextlib.suppress(ConnectionError):
                await self.writer.drain()
            await asyncio.sleep(gap_s)

    def reset(self) -> None:
        """Closes with RST instead of FIN."""
        plug = self.writer.get_extra_info("socket")
        plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


Act = Callable[[Line], Awaitable[None]]


def whole(status: int, document: Any, *headers: str) -> bytes:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    lines = "".join(f"{line}\r\n" for line in headers)
    return f"HTTP/1.1 {status} X\r\n{lines}connection: close\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body


def event(document: Any) -> bytes:
    return b"data: " + (document if isinstance(document, bytes) else json.dumps(document).encode()) + b"\n\n"


def answer(text: str = YES) -> Act:
    """Whole or streamed, as it is asked."""

    async def act(line: Line) -> None:
        if line.document.get("stream"):
            await line.say(SSE, *map(event, pieces(text)), event(b"[DONE]"))
        else:
            await line.say(whole(200, said(text)))

    return act


def saying(*parts: bytes, gap_s: float = 0.002) -> Act:
    async def act(line: Line) -> None:
        await line.say(*parts, gap_s=gap_s)

    return act


@dataclass
class Upstreams:
    """`acts` by operator; who has none answers. `asked` holds (operator, head, body) of each request."""

    acts: dict[str, Act] = field(default_factory=dict)
    asked: list[tuple[str, bytes, bytes]] = field(default_factory=list)
    port: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            body = await reader.readexactly(length)
            name = head.split(b"/")[1].decode()
            self.asked.append((name, head, body))
            await self.acts.get(name, answer())(Line(reader, writer, head, body))
        with contextlib.suppress(ConnectionError):
            writer.close()

    def url(self, name: str, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}/{name}"


@contextlib.contextmanager
def serving(tls: ssl.SSLContext | None = None) -> Iterator[Upstreams]:
    """In a thread and a loop of their own."""
    upstreams, loop = Upstreams(), asyncio.new_event_loop()
    server = loop.run_until_complete(asyncio.start_server(upstreams.serve, "127.0.0.1", 0, limit=2**24, ssl=tls))
    upstreams.port = server.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield upstreams
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


def folder(
    path: Path,
    urls: dict[str, str],
    *,
    limits: str = "first_byte_s: 30, total_s: 60, attempts: 3",
    key_env: str = "null",
    more: str = "",
) -> Path:
    """A policy folder. `urls`: by operator, of OPERATORS; `more`: fields of every endpoint's row."""
    rows = [
        ENDPOINT.replace("MODEL", "w" if name == "c" else "m").replace("NAME", name).replace("URL", url)
        .replace("KEY_ENV", key_env).replace("MORE", more)
        for name, url in urls.items()
    ]  # fmt: skip
    operators = ", ".join(
        f"{{id: {name}, name: {name}, country: US, parent_country: US, lists: [], screened: 2026-11-01}}"
        for name in urls
    )
    (path / "catalog").mkdir(parents=True)
    (path / "policy.yaml").write_text(POLICY.replace("{LIMITS}", f"{{{limits}}}"))
    digest = hashlib.sha256(KEY.encode()).hexdigest()
    (path / "callers.yaml").write_text(
        f'teams: {{t: {{data_class: public}}}}\nkeys: [{{id: k, team: t, sha256: "{digest}"}}]\n'
    )
    (path / "catalog" / "all.yaml").write_text(CATALOG.replace("OPERATORS", operators) + "".join(rows))
    return path


def chat(model: str = "auto", text: str = "Tell me some history.", **body: Any) -> dict[str, Any]:
    return {"model": model, "messages": [{"role": "user", "content": text}], **body}


def ask(gateway: Running, body: object) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body."""
    return gateway.ask("POST", "/v1/chat/completions", body, headers={"authorization": f"Bearer {KEY}"})


def decision(gateway: Running, headers: dict[str, str]) -> Any:
    """What is recorded of a request; it can be read a moment after the reply."""
    path, key = f"/v1/decisions/{headers['x-request-id']}", {"authorization": f"Bearer {KEY}"}
    until = time.monotonic() + PATIENCE_S
    while (told := gateway.ask("GET", path, headers=key))[0] != 200 and time.monotonic() < until:
        time.sleep(0.05)
    assert told[0] == 200, told
    return json.loads(told[2])

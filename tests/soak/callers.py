"""Callers for the soak, over kept connections: they send in turn and note the id of what came back whole."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from dataclasses import dataclass, field

from tests.integration.upstreams import KEY

PATIENCE_S = 120.0


@dataclass
class Book:
    """What callers have seen."""

    ids: dict[str, int] = field(default_factory=dict)  # of replies that came to their end: the serial
    statuses: Counter[int] = field(default_factory=Counter)
    lost: int = 0  # requests whose connection ended before their reply did


@dataclass
class Work:
    """What is still to be sent: serial numbers, of which a share are streams."""

    left: list[bool]  # for each: whether it is a stream; the last is sent next
    book: Book = field(default_factory=Book)
    port: int = 0
    sent: int = 0

    def next(self) -> tuple[int, bool] | None:
        if not self.left:
            return None
        self.sent += 1
        return self.sent, self.left.pop()


async def caller(work: Work) -> None:
    """One connection, made anew whenever it ends."""
    while work.left:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", work.port)
        except OSError:
            await asyncio.sleep(0.05)  # it is restarted
            continue
        try:
            await _talk(work, reader, writer)
        except (OSError, asyncio.IncompleteReadError, TimeoutError):
            work.book.lost += 1
        finally:
            writer.close()


async def _talk(work: Work, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while (task := work.next()) is not None:
        serial, stream = task
        text = f"Tell me some history. This is serial {serial}."
        body = json.dumps({"model": "auto", "stream": stream, "messages": [{"role": "user", "content": text}]}).encode()
        head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {KEY}\r\n"
        writer.write(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)
        async with asyncio.timeout(PATIENCE_S):
            closes = await _hear(work.book, serial, reader)
        if closes:
            return


async def _hear(book: Book, serial: int, reader: asyncio.StreamReader) -> bool:
    """Reads one reply; True if the connection ends with it."""
    lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    if "content-length" in headers:
        await reader.readexactly(int(headers["content-length"]))
    else:
        while (size := int(await reader.readline(), 16)) > 0:
            await reader.readexactly(size + 2)
        await reader.readexactly(2)
    book.ids[headers["x-request-id"]] = serial
    book.statuses[int(lines[0].split(" ")[1])] += 1
    return headers.get("connection", "").lower() == "close"

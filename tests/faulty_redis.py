"""What lies between a gateway and a real Redis: commands and replies that come late, twice or never."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
from contextlib import suppress
from typing import Literal

Fate = Literal["pass", "late reply", "lost reply", "lost command", "twice", "late command", "late and twice"]
LATE_S = 0.06


class FaultyRedis:
    """Each script as `fates` says, in the order they come; all else, and all after them, passes.

    A late command is carried out even if who sent it has gone.
    """

    def __init__(self, port: int, fates: Iterable[Fate] = ()):
        self._redis_port = port
        self._fates = iter(fates)
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.port = 0

    async def __aenter__(self) -> FaultyRedis:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.sleep(0)

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def suffer(self, fates: Iterable[Fate]) -> None:
        """From now on these, then none."""
        self._fates = iter(fates)

    async def settled(self) -> None:
        """Until every late command has been carried out."""
        while late := [task for task in self._tasks if task.get_name() == "late"]:
            await asyncio.wait(late)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self._redis_port)
        try:
            await self._pass(reader, writer, up_reader, up_writer)
        finally:
            writer.close()
            up_writer.close()

    async def _pass(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        up_reader: asyncio.StreamReader,
        up_writer: asyncio.StreamWriter,
    ) -> None:
        replies = self._spawn(_pour(up_reader, writer), "replies")
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                command = await _command(reader)
                fate = next(self._fates, "pass") if b"EVAL" in command[:40] else "pass"
                if fate in ("twice", "late and twice"):
                    self._spawn(self._aside(command, LATE_S if fate == "late and twice" else 0.0), "late")
                if fate == "late command":
                    self._spawn(self._aside(command, LATE_S), "late")
                    await asyncio.sleep(2 * LATE_S)
                if fate in ("lost command", "late command"):
                    break
                if fate in ("late reply", "lost reply"):
                    replies.cancel()
                    await asyncio.wait([replies])
                up_writer.write(command)
                if fate == "late reply":
                    await asyncio.sleep(LATE_S)
                    replies = self._spawn(_pour(up_reader, writer), "replies")
                if fate == "lost reply":
                    await up_reader.read(1)  # it was carried out
                    break
        replies.cancel()

    async def _aside(self, command: bytes, wait_s: float) -> None:
        """The command on a connection of its own, whose reply nobody reads."""
        await asyncio.sleep(wait_s)
        reader, writer = await asyncio.open_connection("127.0.0.1", self._redis_port)
        writer.write(command)
        await reader.read(1)
        writer.close()

    def _spawn(self, work: Coroutine[None, None, None], name: str) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


async def _pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(65_536):
            writer.write(data)


async def _command(reader: asyncio.StreamReader) -> bytes:
    """One, in Redis's own words: an array of texts."""
    head = await reader.readuntil(b"\r\n")
    parts = [head]
    for _ in range(int(head[1:])):
        length = await reader.readuntil(b"\r\n")
        parts += [length, await reader.readexactly(int(length[1:]) + 2)]
    return b"".join(parts)

"""The line on which workers pass callers' decisions and feedback to the control process: a Unix socket of this user.

One question and one answer a connection, each as msgpack behind its length in four bytes.
"""

from __future__ import annotations

import asyncio
import errno
import socket
from asyncio import StreamReader, StreamWriter
from pathlib import Path

import msgspec

from gateway.errors import GatewayError

NAMED = "control.socket"  # below the state folder: a file that holds the socket's path
LONGEST = 16_000_000  # bytes of an answer
PATIENCE_S = 15.0
MOST_WAITING = 64  # of one worker
_encode = msgspec.msgpack.Encoder().encode


class DecisionAsked(msgspec.Struct, frozen=True, tag="decision"):
    """Why a request went where it went; by whom it is asked."""

    request_id: str
    team: str


class FeedbackGiven(msgspec.Struct, frozen=True, tag="feedback"):
    """Whether a reply answered; `key_id` is whose request it must be."""

    request_id: str
    answered: bool
    key_id: str


class Said(msgspec.Struct, frozen=True, tag="said"):
    """A reply's body, JSON."""

    body: bytes


class Denied(msgspec.Struct, frozen=True, tag="denied"):
    """A GatewayError."""

    code: str
    message: str
    param: str | None = None
    retry_after_s: float | None = None


Question = DecisionAsked | FeedbackGiven
Answer = Said | Denied
_answer = msgspec.msgpack.Decoder(Answer).decode


async def send_frame(writer: StreamWriter, message: Question | Answer) -> None:
    """One message."""
    data = _encode(message)
    writer.write(len(data).to_bytes(4, "big") + data)
    await writer.drain()


async def read_frame(reader: StreamReader, most: int) -> bytes:
    """One message. Raises asyncio.IncompleteReadError, ValueError for one that is longer than `most`."""
    size = int.from_bytes(await reader.readexactly(4), "big")
    if size > most:
        raise ValueError(f"a message of {size} bytes")
    return await reader.readexactly(size)


class ControlLine:
    """A worker's end."""

    def __init__(self, state_dir: Path):
        self._named = state_dir / NAMED
        self._waiting = 0

    def answers(self) -> bool:
        """True if a control process listens; waits for nothing."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as plug:
            plug.setblocking(False)
            try:
                return plug.connect_ex(self._path()) in (0, errno.EAGAIN, errno.EINPROGRESS)
            except OSError:
                return False

    async def ask(self, question: Question) -> bytes:
        """The body of the reply. Raises GatewayError: the control process's own, `overloaded` if none answers."""
        if self._waiting >= MOST_WAITING:
            raise GatewayError("overloaded", "too many ask the control process", retry_after_s=2)
        self._waiting += 1
        try:
            answer = await asyncio.wait_for(self._ask(question), PATIENCE_S)
        except (OSError, TimeoutError, EOFError, ValueError, msgspec.DecodeError):
            raise GatewayError("overloaded", "the control process does not answer", retry_after_s=5) from None
        finally:
            self._waiting -= 1
        if isinstance(answer, Denied):
            raise GatewayError(answer.code, answer.message, param=answer.param, retry_after_s=answer.retry_after_s)
        return answer.body

    async def _ask(self, question: Question) -> Answer:
        reader, writer = await asyncio.open_unix_connection(self._path())
        try:
            await send_frame(writer, question)
            answer: Answer = _answer(await read_frame(reader, LONGEST))
            return answer
        finally:
            writer.close()

    def _path(self) -> str:
        """Raises OSError where no control process has been."""
        return self._named.read_text(encoding="utf-8")

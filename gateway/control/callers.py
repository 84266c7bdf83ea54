"""What workers pass on for callers, who ask with their own keys: decisions, and whether a reply answered."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import tempfile
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from time import time

import msgspec

from gateway.control.decisions import explained, find
from gateway.control.state import State
from gateway.data_plane.control_line import (
    NAMED,
    Answer,
    DecisionAsked,
    Denied,
    FeedbackGiven,
    Question,
    Said,
    read_frame,
    send_frame,
)
from gateway.errors import GatewayError

WITHIN_S = 86_400.0  # in which feedback is taken
LONGEST = 65_536  # bytes of a question
PATIENCE_S = 10.0  # for a question to come whole
_PREFIX = "entrepot-"
_OURS_ALONE = ("peer", "certificate")  # of attempts: for operators, in the ledger
_question = msgspec.msgpack.Decoder(Question).decode
_encode = msgspec.json.Encoder().encode


@contextlib.asynccontextmanager
async def line(state: State) -> AsyncIterator[None]:
    """Workers are answered meanwhile. The socket lies in a folder of its own, which this user alone may enter."""
    named = state.settings.state_dir / NAMED
    _remove_old(named)
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX))  # short: a socket's path has 107 bytes
    path = folder / "control"

    async def serve(reader: StreamReader, writer: StreamWriter) -> None:
        await _serve(reader, writer, state)

    server = await asyncio.start_unix_server(serve, path)
    try:
        os.chmod(path, 0o600)
        fresh = named.with_suffix(".fresh")
        fresh.write_text(str(path), encoding="utf-8")
        os.replace(fresh, named)
        yield
    finally:
        server.close()
        shutil.rmtree(folder, ignore_errors=True)


def _remove_old(named: Path) -> None:
    """Of a control process that was killed."""
    with contextlib.suppress(OSError):
        folder = Path(named.read_text(encoding="utf-8")).parent
        if folder.parent == Path(tempfile.gettempdir()) and folder.name.startswith(_PREFIX):
            shutil.rmtree(folder, ignore_errors=True)


async def _serve(reader: StreamReader, writer: StreamWriter, state: State) -> None:
    with contextlib.suppress(OSError, EOFError, ValueError, TimeoutError, msgspec.DecodeError):
        question = _question(await asyncio.wait_for(read_frame(reader, LONGEST), PATIENCE_S))
        await send_frame(writer, await _answer(question, state))
    writer.close()


async def _answer(question: Question, state: State) -> Answer:
    try:
        if isinstance(question, DecisionAsked):
            return Said(await _decision(question, state))
        return Said(await _feedback(question, state))
    except GatewayError as error:
        return Denied(error.code, error.message, error.param, error.retry_after_s)


async def _decision(asked: DecisionAsked, state: State) -> bytes:
    """Raises GatewayError `not_found` for an unknown request and for another team's."""
    row = await find(asked.request_id, state)
    if row is None or row.get("team") != asked.team:
        raise GatewayError("not_found", "no request of your team has this id; it is the `x-request-id` of a reply")
    attempts = [{key: value for key, value in a.items() if key not in _OURS_ALONE} for a in row["attempts"]]
    return _encode({**row, "attempts": attempts, "why": await explained(row, state)})


async def _feedback(given: FeedbackGiven, state: State) -> bytes:
    """Raises GatewayError `not_found` for another key's request, `invalid_request` if it is late or was given."""
    row = await find(given.request_id, state)
    if row is None or row.get("key_id") != given.key_id:
        raise GatewayError("not_found", "no request of this key has this id; it is the `x-request-id` of a reply")
    at = time()
    if at - datetime.fromisoformat(row["at"]).timestamp() > WITHIN_S:
        raise GatewayError("invalid_request", "feedback is taken for a day; this request is older", param="request_id")
    if not await state.ledger.ask(lambda store: store.give_feedback(given.request_id, given.answered, at)):
        raise GatewayError("invalid_request", "feedback was given for this request already", param="request_id")
    return _encode({"request_id": given.request_id, "answered": given.answered})

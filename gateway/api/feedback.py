"""POST /v1/feedback: a caller says whether a reply answered; once, within a day, for its own team's estimates."""

from __future__ import annotations

import asyncio
from datetime import datetime
from time import time

import msgspec

from gateway.api import access
from gateway.api.body import CallerLeft, read_body
from gateway.api.state import State
from gateway.api.wire import Receive, Scope, Send, send_json
from gateway.errors import GatewayError

WITHIN_S = 86_400.0
_MOST_BYTES = 4_096


class Feedback(msgspec.Struct, forbid_unknown_fields=True):
    """What the body holds."""

    request_id: str
    answered: bool


_feedback = msgspec.json.Decoder(Feedback)


async def give(scope: Scope, receive: Receive, send: Send, state: State) -> None:
    """Raises GatewayError `not_found` for another key's request, `invalid_request` if it is late or was given."""
    caller = access.caller(scope, state)
    try:
        given = _feedback.decode(await read_body(scope, receive, most_bytes=_MOST_BYTES))
    except CallerLeft:
        return
    except msgspec.DecodeError as wrong:
        words = f'feedback is {{"request_id": "…", "answered": true}}: {wrong}'
        raise GatewayError("invalid_request", words) from None
    row = await asyncio.to_thread(state.decision, given.request_id)
    if row is None or row.get("key_id") != caller.key_id:
        raise GatewayError("not_found", "no request of this key has this id; it is the `x-request-id` of a reply")
    at = time()
    if at - datetime.fromisoformat(row["at"]).timestamp() > WITHIN_S:
        raise GatewayError("invalid_request", "feedback is taken for a day; this request is older", param="request_id")
    if not await asyncio.to_thread(state.feedback, given.request_id, given.answered, at):
        raise GatewayError("invalid_request", "feedback was given for this request already", param="request_id")
    await send_json(send, {"request_id": given.request_id, "answered": given.answered})

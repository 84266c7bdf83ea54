"""POST /v1/feedback: a caller says whether a reply answered; once, within a day, for its own team's estimates."""

from __future__ import annotations

import msgspec

from gateway.data_plane import access
from gateway.data_plane.asgi import JSON, Receive, Scope, Send, send_whole
from gateway.data_plane.body import CallerLeft, read_body
from gateway.data_plane.control_line import FeedbackGiven
from gateway.data_plane.worker_state import State
from gateway.errors import GatewayError

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
    body = await state.control.ask(FeedbackGiven(given.request_id, given.answered, caller.key_id))
    await send_whole(send, 200, [JSON], body)

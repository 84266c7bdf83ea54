"""GET /v1/decisions/{request_id}: why a request went where it went, for the team that made it."""

from __future__ import annotations

from gateway.data_plane import access
from gateway.data_plane.asgi import JSON, Receive, Scope, Send, send_whole
from gateway.data_plane.control_line import DecisionAsked
from gateway.data_plane.worker_state import State

_LONGEST = 200  # characters of an id


async def one(scope: Scope, receive: Receive, send: Send, state: State) -> None:
    """Raises GatewayError `not_found` for an unknown request and for another team's."""
    caller, request_id = access.caller(scope, state), scope["path"].removeprefix("/v1/decisions/")
    body = await state.control.ask(DecisionAsked(request_id[:_LONGEST], caller.team.id))
    await send_whole(send, 200, [JSON], body)

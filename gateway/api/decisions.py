"""GET /v1/decisions/{request_id}: why a request went where it went, for the team that made it."""

from __future__ import annotations

import asyncio

from gateway.api import access
from gateway.api.state import State
from gateway.api.wire import Receive, Scope, Send, send_json
from gateway.errors import GatewayError


async def one(scope: Scope, receive: Receive, send: Send, state: State) -> None:
    """Raises GatewayError `not_found` for an unknown request and for another team's."""
    caller, request_id = access.caller(scope, state), scope["path"].removeprefix("/v1/decisions/")
    decision = await asyncio.to_thread(state.decision, request_id)
    if decision is None or decision.get("team") != caller.team.id:
        raise GatewayError("not_found", "no request of your team has this id; it is the `x-request-id` of a reply")
    await send_json(send, decision)

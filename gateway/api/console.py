"""GET /: the console."""

from __future__ import annotations

from gateway.api import access
from gateway.api.state import State
from gateway.api.wire import Receive, Scope, Send, send_json


async def page(scope: Scope, receive: Receive, send: Send, state: State) -> None:
    """What this gateway serves with, until the console itself is built."""
    access.check_console(scope, state)
    await send_json(send, {"gateway": "entrepot", "policy": state.gateway.policy.version})

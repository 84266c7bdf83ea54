"""GET /v1/decisions/{request_id}: why a request went where it went, for the team that made it."""

from __future__ import annotations

import asyncio
from typing import Any

from gateway.api import access
from gateway.api.state import State
from gateway.api.wire import Receive, Scope, Send, send_json
from gateway.errors import GatewayError
from gateway.policy.compiled import Policy
from gateway.policy.recorded import decide_again

_OURS_ALONE = ("peer", "certificate")  # of attempts: for operators, in the ledger


async def one(scope: Scope, receive: Receive, send: Send, state: State) -> None:
    """Raises GatewayError `not_found` for an unknown request and for another team's."""
    caller, request_id = access.caller(scope, state), scope["path"].removeprefix("/v1/decisions/")
    row = await asyncio.to_thread(state.decision, request_id)
    if row is None or row.get("team") != caller.team.id:
        raise GatewayError("not_found", "no request of your team has this id; it is the `x-request-id` of a reply")
    attempts = [{key: value for key, value in a.items() if key not in _OURS_ALONE} for a in row["attempts"]]
    await send_json(send, {**row, "attempts": attempts, "why": why(row, state.gateway.policy)})


def why(row: dict[str, Any], policy: Policy) -> list[str]:
    """The decision and what came of it, sentence by sentence."""
    if row["policy_version"] is None:
        told = ["it was stopped before a decision was made"]
    elif row["policy_version"] == policy.version:
        told = list(decide_again(policy, row, at=0.0).why)
    else:
        told = [f"decided under policy {row['policy_version']}, which no longer serves; `removed` says what it removed"]
    return told + [_tried(number, attempt) for number, attempt in enumerate(row["attempts"], 1)]


def _tried(number: int, attempt: dict[str, Any]) -> str:
    what = f"attempt {number}: {attempt['endpoint']} {attempt['outcome']}"
    return f"{what} ({attempt['failure']})" if attempt["failure"] else what

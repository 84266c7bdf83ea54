"""Recorded decisions: a request of the ledger with the sentences that say why it went where it went."""

from __future__ import annotations

import asyncio
import re
from time import monotonic
from typing import Any

from fastapi import APIRouter, Query, Request

from gateway.control.auth import TOKEN, Guarded, asking
from gateway.control.roles import sees
from gateway.control.shapes import DecisionListed, DecisionShown, DecisionsListed, problems
from gateway.control.state import State
from gateway.errors import GatewayError
from gateway.policy.explain.recorded import why
from gateway.record.store import Store
from gateway.threads import FILES, POLICIES

READABLE_S = 2.0  # after its end a request is in the ledger
MOST_PATIENT = 32  # that wait for a request which is not there yet; beyond these it is looked for once
MOST_LISTED = 200
_LOOK_S = 0.15
_ID = re.compile(r"req_[0-9a-f]{24}")
_patient = asyncio.Semaphore(MOST_PATIENT)

router = APIRouter(
    prefix="/api/decisions",
    tags=["decisions"],
    dependencies=[TOKEN],
    route_class=Guarded,
    responses=problems(401, 403),
)


@router.get("", response_model=DecisionsListed)
async def recent(request: Request, limit: int = Query(50, ge=1, le=MOST_LISTED)) -> dict[str, Any]:
    """The last requests, newest first."""
    state: State = request.app.state.control
    teams = asking(request).teams

    def newest(store: Store) -> list[dict[str, Any]]:
        return list(store.rows(since=store.newest_since(limit, teams=teams), teams=teams))

    rows = await state.ledger.ask(newest)
    return {"rows": [listed(row) for row in reversed(rows[-limit:])]}


@router.get("/{request_id}", response_model=DecisionShown, responses=problems(404))
async def one(request: Request, request_id: str) -> dict[str, Any]:
    """Why a request went where it went, and what came of it."""
    state: State = request.app.state.control
    row = await find(request_id, state)
    if row is None or not sees(asking(request), row.get("team")):
        raise GatewayError("not_found", "the ledger has no request of this id")
    return {**row, "why": await explained(row, state)}


async def find(request_id: str, state: State) -> dict[str, Any] | None:
    """The row of a request; one that has just ended is waited for until it must be there."""
    if _ID.fullmatch(request_id) is None:
        return None
    row = await FILES.run(state.journalled, None, request_id)  # asks no database
    if row is None:
        row = await state.ledger.ask(lambda store: store.row(request_id))
    if row is not None or _patient.locked():
        return row
    async with _patient:
        until = monotonic() + READABLE_S
        while row is None and monotonic() < until:
            await asyncio.sleep(_LOOK_S)
            row = await state.ledger.ask(lambda store: store.row(request_id))
    return row


def listed(row: dict[str, Any]) -> DecisionListed:
    """One line of the list."""
    last = row["attempts"][-1]["endpoint"] if row["attempts"] else None
    names = ("request_id", "at", "team", "app", "route", "outcome", "denied_by", "cost_usd", "total_s")
    return DecisionListed(endpoint=last, model=row["signals"].get("model"), **{name: row[name] for name in names})


async def explained(row: dict[str, Any], state: State) -> list[str]:
    """Sentence by sentence, by the policy of its day; one that was not looked at for a while is compiled first."""
    version = row["policy_version"]
    policy = await POLICIES.run(state.served.of, None, version) if version is not None else None
    return why(row, policy)

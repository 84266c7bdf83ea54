"""Below /api/audit: who did what to this gateway; and the heads of that record, kept in the ledger's database."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from pathlib import Path
from time import time

from fastapi import APIRouter, Query, Request

from gateway.control.auth import TOKEN, Guarded
from gateway.control.ledger import Ledger
from gateway.control.shapes import AuditShown, problems
from gateway.control.state import State
from gateway.errors import GatewayError
from gateway.processes import audit
from gateway.processes.audit_walk import Walk
from gateway.threads import FILES

LOOK_S = 1.0
MOST = 1_000
_log = logging.getLogger("gateway")

router = APIRouter(
    prefix="/api/audit", tags=["audit"], dependencies=[TOKEN], route_class=Guarded, responses=problems(401, 403, 503)
)


@router.get("", response_model=AuditShown)
async def shown(request: Request, limit: int = Query(100, ge=1, le=MOST)) -> AuditShown:
    """The last rows, newest first, and what is wrong with the record; nothing, if it is whole.

    Reads the end of the file, and of the rest what is new: `gateway audit verify` reads all of it.
    """
    state: State = request.app.state.control
    rows = await FILES.run(audit.newest, None, state.settings.state_dir, limit)
    broken = await FILES.run(state.audit.look, None)
    return AuditShown.model_validate({"rows": rows, "problems": broken})


class Heads:
    """Keeps the last row's hash in the ledger and in the log: whoever cuts rows off the file does not reach these."""

    def __init__(self, state_dir: Path, ledger: Ledger, walk: Walk):
        self._state_dir = state_dir
        self._walk = walk
        self._ledger = ledger
        self._kept: audit.Head | None = None

    async def forever(self) -> None:
        """Until cancelled."""
        while True:
            with suppress(OSError, GatewayError):  # a ledger that is away gets it later
                await self._look()
            with suppress(OSError):
                await FILES.run(self._walk.look, None)  # so that pages find it read
            await asyncio.sleep(LOOK_S)

    async def _look(self) -> None:
        head = await FILES.run(audit.head, None, self._state_dir)
        if head is None or head == self._kept:
            return
        await self._ledger.ask(lambda store: store.keep_audit_head(head.chain, head.n, head.hash, time()))
        self._kept = head
        _log.info("audit: row %d of %s, head %s", head.n, head.chain, head.hash)

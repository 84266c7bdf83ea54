"""GET /api/overview: all that the console shows of the requests so far. However many look, it is worked out once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import monotonic, time

import msgspec
from fastapi import APIRouter, Request, Response

from gateway.control.auth import TOKEN, guarded
from gateway.control.helper import Helpers
from gateway.control.job import OverviewJob
from gateway.control.overview_shapes import OverviewShown
from gateway.control.shapes import problems
from gateway.control.state import State
from gateway.estimates import Snapshot
from gateway.identity import DATA_CLASSES

KEPT_S = 1.0  # however many look, it is worked out once in this time
RENEWED_S = 10.0  # what is learned is passed on so often at most: it takes some milliseconds

router = APIRouter(
    prefix="/api", tags=["overview"], dependencies=[TOKEN], route_class=guarded("viewer"), responses=problems(401, 503)
)
_encode = msgspec.json.Encoder().encode


@router.get("/overview", response_model=OverviewShown)
async def overview(request: Request) -> Response:
    """What the console shows: adoption, money, rules, refusals, endpoints, the last decisions."""
    state: State = request.app.state.control
    told = await state.overview()
    compiled = state.served.compiled
    choices = {
        "teams": sorted(compiled.keyring.teams),
        "data_classes": DATA_CLASSES,
        "models": sorted(compiled.policy.named),
    }
    ours = _encode({**choices, "at": time(), "reload": state.reload_problem()})
    return Response(told[:-1] + b"," + ours[1:], media_type="application/json")  # two objects become one, unread


class OverviewDesk:
    """Viewers share one answer, and one helper process."""

    def __init__(self, helpers: Helpers, snapshot: Callable[[], Snapshot]):
        self._helpers = helpers
        self._snapshot = snapshot
        self._told = b""
        self._told_at = float("-inf")
        self._asking: asyncio.Task[bytes] | None = None
        self._sent: Snapshot | None = None
        self._sent_at = float("-inf")

    async def __call__(self) -> bytes:
        """A JSON object. Raises GatewayError if it is not known in time."""
        if monotonic() - self._told_at <= KEPT_S:
            return self._told
        if self._asking is None:
            self._asking = asyncio.ensure_future(self._ask())
            self._asking.add_done_callback(self._asked)
        return await asyncio.shield(self._asking)  # who leaves does not take the others' answer along

    async def _ask(self) -> bytes:
        snapshot = self._snapshot()
        renewed = snapshot is not self._sent and monotonic() - self._sent_at > RENEWED_S
        self._told = (await self._helpers.do(OverviewJob(snapshot if renewed else None))).body
        self._told_at = monotonic()
        if renewed:
            self._sent, self._sent_at = snapshot, monotonic()
        return self._told

    def _asked(self, task: asyncio.Task[bytes]) -> None:
        self._asking = None
        if not task.cancelled():
            task.exception()  # whoever still waits is told of it

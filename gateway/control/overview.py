"""GET /api/overview: all that the console shows of the requests so far. However many look, it is worked out once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import monotonic, time

import msgspec
from fastapi import APIRouter, Request, Response

from gateway.control.auth import TOKEN, Guarded, asking
from gateway.control.helper import Helpers
from gateway.control.job import OverviewJob
from gateway.control.overview_shapes import OverviewShown
from gateway.control.roles import sees
from gateway.control.shapes import problems
from gateway.control.state import State
from gateway.estimates import Snapshot
from gateway.identity import DATA_CLASSES

KEPT_S = 1.0  # however many look, it is worked out once in this time
RENEWED_S = 10.0  # what is learned is passed on so often at most: it takes some milliseconds

router = APIRouter(
    prefix="/api", tags=["overview"], dependencies=[TOKEN], route_class=Guarded, responses=problems(401, 503)
)
_encode = msgspec.json.Encoder().encode
Teams = frozenset[str] | None  # None: all


@router.get("/overview", response_model=OverviewShown)
async def overview(request: Request) -> Response:
    """What the console shows: adoption, money, rules, refusals, endpoints, the last decisions."""
    state: State = request.app.state.control
    admin = asking(request)
    told = await state.overview(admin.teams)
    compiled = state.served.compiled
    choices = {
        "teams": sorted(team for team in compiled.keyring.teams if sees(admin, team)),
        "data_classes": DATA_CLASSES,
        "models": sorted(compiled.policy.named),
    }
    ours = _encode({**choices, "at": time(), "reload": state.reload_problem()})
    return Response(told[:-1] + b"," + ours[1:], media_type="application/json")  # two objects become one, unread


class OverviewDesk:
    """Viewers of the same teams share one answer, and all of them one helper process."""

    def __init__(self, helpers: Helpers, snapshot: Callable[[], Snapshot]):
        self._helpers = helpers
        self._snapshot = snapshot
        self._told: dict[Teams, tuple[float, bytes]] = {}  # when, and what
        self._asking: dict[Teams, asyncio.Task[bytes]] = {}
        self._sent: Snapshot | None = None
        self._sent_at = float("-inf")

    async def __call__(self, teams: Teams) -> bytes:
        """A JSON object, of the requests of these teams. Raises GatewayError if it is not known in time."""
        told_at, told = self._told.get(teams, (float("-inf"), b""))
        if monotonic() - told_at <= KEPT_S:
            return told
        task = self._asking.get(teams)
        if task is None:
            task = self._asking[teams] = asyncio.ensure_future(self._ask(teams))
            task.add_done_callback(lambda done: self._ended(teams, done))
        return await asyncio.shield(task)  # who leaves does not take the others' answer along

    async def _ask(self, teams: Teams) -> bytes:
        snapshot = self._snapshot()
        renewed = snapshot is not self._sent and monotonic() - self._sent_at > RENEWED_S
        told = (await self._helpers.do(OverviewJob(snapshot if renewed else None, teams))).body
        self._told = {of: kept for of, kept in self._told.items() if monotonic() - kept[0] <= KEPT_S}
        self._told[teams] = monotonic(), told
        if renewed:
            self._sent, self._sent_at = snapshot, monotonic()
        return told

    def _ended(self, teams: Teams, task: asyncio.Task[bytes]) -> None:
        del self._asking[teams]
        if not task.cancelled():
            task.exception()  # whoever still waits is told of it

"""Below /api/policy: what serves, and what check, explain and diff say, of it or of a folder that is sent."""

from __future__ import annotations

import asyncio
import re
from time import time

from fastapi import APIRouter, Request, Response

from gateway.control.auth import TOKEN, Guarded, asking
from gateway.control.job import CheckJob, DiffJob, ExplainJob, Files
from gateway.control.policy_shapes import PolicyShown, RuleShown, WaiverShown
from gateway.control.roles import sees
from gateway.control.shapes import (
    CheckAsked,
    CheckShown,
    DiffAsked,
    DiffShown,
    ExplainAsked,
    ExplainShown,
    Folder,
    ReloadShown,
    problems,
)
from gateway.control.state import State
from gateway.errors import GatewayError
from gateway.policy.layout import OWN, catalog_layers
from gateway.policy.rules import Waiver
from gateway.policy.select.canary import stopped
from gateway.processes import audit
from gateway.threads import POLICIES

_NAME = re.compile(r"policy\.yaml|callers\.yaml|(?:cases|catalog)/[A-Za-z0-9_][A-Za-z0-9_.-]*\.yaml")
_JSON = "application/json"

_TOLD = problems(400, 401, 403, 503)

router = APIRouter(prefix="/api/policy", tags=["policy"], dependencies=[TOKEN], responses=_TOLD, route_class=Guarded)


@router.get("", response_model=PolicyShown)
async def policy(request: Request) -> PolicyShown:
    """What serves now."""
    state: State = request.app.state.control
    compiled = state.served.compiled
    served, known = compiled.policy, state.snapshot()
    return PolicyShown(
        policy_version=served.version,
        reload=state.reload_problem(),
        canaries_stopped={route.name: str(stop) for route in served.routes if (stop := stopped(route, known))},
        guards=[RuleShown(name=guard.name, why=guard.why) for guard in served.guards],
        routes=[RuleShown(name=route.name) for route in served.routes],
        aliases=sorted(served.aliases),
        waivers=[_waiver(waiver) for waiver in served.waivers if sees(asking(request), waiver.team)],
        teams=sorted(team for team in compiled.keyring.teams if sees(asking(request), team)),
        endpoints=len(served.endpoints),
    )


def _waiver(waiver: Waiver) -> WaiverShown:
    return WaiverShown(
        guard=waiver.guard,
        team=waiver.team,
        until=waiver.until,
        approved_by=waiver.approved_by,
        reason=waiver.reason,
        days_left=waiver.days_left(time()),
    )


@router.post("/check", response_model=CheckShown)
async def check(request: Request, asked: CheckAsked) -> Response:
    """Compile, lint and try a folder."""
    state: State = request.app.state.control
    return Response((await state.helpers.do(CheckJob(_files(asked.files)))).body, media_type=_JSON)


@router.post("/explain", response_model=ExplainShown)
async def explain(request: Request, asked: ExplainAsked) -> Response:
    """Where a request would go, and why. Its text is measured on this machine and kept nowhere."""
    state: State = request.app.state.control
    words = {"team": asked.team, "data_class": asked.data_class, "model": asked.model}
    given = (*(f"{name}={value}" for name, value in words.items() if value), *asked.given)
    snapshot = state.snapshot() if asked.files is None else None
    at = time() if asked.at is None else asked.at
    done = await state.helpers.do(ExplainJob(_files(asked.files), asked.text, given, at, snapshot))
    return Response(done.body, media_type=_JSON)


@router.post("/diff", response_model=DiffShown)
async def diff(request: Request, asked: DiffAsked) -> Response:
    """Who may reach what under `new` and not under `old`, and who no longer can."""
    state: State = request.app.state.control
    new = _files(asked.new)
    assert new is not None
    return Response((await state.helpers.do(DiffJob(_files(asked.old), new))).body, media_type=_JSON)


@router.post("/reload", response_model=ReloadShown)
async def reload(request: Request) -> ReloadShown:
    """Read the policy folder again, now; answers when the gateway has taken it over or refused it."""
    state: State = request.app.state.control
    asker = asking(request).id
    await asyncio.to_thread(audit.record, state.settings.state_dir, "reload_asked", by=asker, via="api")
    told = await state.reload()
    await POLICIES.run(state.served.look, None)
    version = state.served.compiled.policy.version
    return ReloadShown(accepted=told is None, policy_version=version, problem=told)


def _files(folder: Folder | None) -> Files | None:
    """Raises GatewayError for a name that is none of a folder's, and for a catalogue outside the folder."""
    if folder is None:
        return None
    for name in folder:
        if _NAME.fullmatch(name) is None:
            raise GatewayError("invalid_request", f"`{name[:100]}` is no file of a policy folder", param="files")
    files = {name: text.encode("utf-8", "surrogatepass") for name, text in folder.items()}
    for layer in catalog_layers(files.get("policy.yaml", b"")):
        if layer.path is not None and layer.prefix != OWN:
            raise GatewayError("invalid_request", "`catalog:` names several folders; send one", param="files")
        if layer.path is not None and (layer.path.startswith("/") or ".." in layer.path.split("/")):
            raise GatewayError("invalid_request", "`catalog:` names a folder outside what was sent", param="files")
    return files

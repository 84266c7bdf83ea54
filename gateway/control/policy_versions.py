"""Below /api/policy/versions: every policy that was accepted or refused here, by whom, and what it changed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from fastapi import APIRouter, Query, Request, Response

from gateway.control.auth import TOKEN, Guarded
from gateway.control.job import VersionJob
from gateway.control.shapes import Shape, problems
from gateway.control.state import State
from gateway.errors import GatewayError
from gateway.processes import audit
from gateway.processes.accepted_policy import version_path
from gateway.threads import FILES

MOST = 1_000
VERSION = re.compile(r"[0-9a-f]{1,64}")
_OUTCOMES: dict[str, Literal["accepted", "refused"]] = {"policy_accepted": "accepted", "policy_refused": "refused"}

router = APIRouter(
    prefix="/api/policy/versions",
    tags=["policy"],
    dependencies=[TOKEN],
    route_class=Guarded,
    responses=problems(401, 403, 503),
)


class VersionRow(Shape):
    """What became of one change of the folder. `before`: the version that it stood against; None: the first one.

    `why`: it was refused. `kept`: its files are here whole. `n`: the row of the audit.
    """

    n: int
    version: str | None
    before: str | None
    at: float
    by: str
    outcome: Literal["accepted", "refused"]
    why: str | None
    serves: bool
    kept: bool


class VersionsShown(Shape):
    """Newest first."""

    rows: list[VersionRow]


class VersionShown(Shape):
    """What a version changed. `reach`: as `gateway diff` says it; `text`: a unified diff, digests of keys cut short."""

    version: str
    against: str
    files: list[str]
    reach: str
    text: str


@router.get("", response_model=VersionsShown)
async def versions(request: Request, limit: int = Query(50, ge=1, le=MOST)) -> VersionsShown:
    """Accepted and refused policies, as the audit has them."""
    state: State = request.app.state.control
    serves = state.served.compiled.policy.version
    rows = await FILES.run(lambda: list(_rows(state, serves)), None)
    return VersionsShown(rows=rows[-limit:][::-1])


@router.get("/{version}", response_model=VersionShown, responses=problems(404))
async def version(
    request: Request,
    version: str,
    against: str | None = Query(None, description="another version; default: the one that it stood against"),
) -> Response:
    """What it changed: whose reach, and which lines."""
    state: State = request.app.state.control
    serves = state.served.compiled.policy.version
    rows = await FILES.run(lambda: list(_rows(state, serves)), None)
    before = against or next((row.before for row in reversed(rows) if row.version == version), None)
    for each in (version, before or version):
        if VERSION.fullmatch(each) is None:
            raise GatewayError("not_found", f"no policy of version `{each[:64]}` is kept here")
    return Response((await state.helpers.do(VersionJob(version, before))).body, media_type="application/json")


def _rows(state: State, serves: str) -> Iterator[VersionRow]:
    """Oldest first; of the one that serves the last row alone says so."""
    rows, state_dir = state.audit.kept(), state.settings.state_dir
    last = max((row["n"] for row in rows if _outcome(row) == "accepted" and _named(row) == serves), default=0)
    for row in rows:
        outcome, name = _outcome(row), _named(row)
        before = row["detail"].get("before" if outcome == "accepted" else "serves")
        kept = name is not None and version_path(state_dir, name, refused=outcome == "refused").is_file()
        yield VersionRow(
            n=row["n"],
            version=name,
            before=before if isinstance(before, str) else None,
            at=row["at"],
            by=row["by"],
            outcome=outcome,
            why=row["detail"].get("why"),
            serves=row["n"] == last,
            kept=kept,
        )


def _outcome(row: audit.Row) -> Literal["accepted", "refused"]:
    return _OUTCOMES[row["action"]]


def _named(row: audit.Row) -> str | None:
    name = row["detail"].get("version")
    return name if isinstance(name, str) and VERSION.fullmatch(name) else None

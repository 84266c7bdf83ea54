"""GET /api/reports/{name}: what `gateway report` says, as JSON, CSV or a page."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from time import time
from typing import Any

from fastapi import APIRouter, Query, Request, Response

from gateway.control.auth import TOKEN, Guarded, asking
from gateway.control.job import Format, ReportJob
from gateway.control.shapes import problems
from gateway.control.state import State
from gateway.errors import GatewayError, nearest
from gateway.report.adoption import BY, AdoptionReport
from gateway.report.breakeven import BreakevenReport
from gateway.report.focus import FocusReport
from gateway.report.refusals import RefusalsReport
from gateway.report.reports import OF_FILES, REPORTS
from gateway.report.rules import RulesReport
from gateway.report.savings import SavingsReport

OFFERED = tuple(name for name in REPORTS if name not in OF_FILES)
# A page carries its style, and nothing in it may run or reach anything.
PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'; sandbox"
_UNITS = {"m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_Report = SavingsReport | AdoptionReport | RefusalsReport | RulesReport | BreakevenReport | FocusReport | dict[str, Any]
_OTHERS: dict[int | str, dict[str, Any]] = {200: {"content": {"text/csv": {}, "text/html": {}}}}

router = APIRouter(prefix="/api/reports", tags=["reports"], dependencies=[TOKEN], route_class=Guarded)


@router.get("/{name}", response_model=_Report, responses={**problems(400, 401, 403, 404, 503), **_OTHERS})
async def report(
    request: Request,
    name: str,
    format: Format = "json",
    by: str = Query("origin", description=f"of adoption: {', '.join(BY)}"),
    since: str | None = Query(None, description="7d, 12h, or a time; default: everything"),
    keyless: bool = Query(False, description="of rules: blocked adoption of vendors without a key too"),
) -> Response:
    """What was adopted, saved and refused, and what each rule costs, by the ledger."""
    state: State = request.app.state.control
    if name not in OFFERED:
        raise GatewayError("not_found", f"no report is called `{name[:100]}`; {nearest(name[:100], OFFERED)}")
    if by not in BY:
        raise GatewayError("invalid_request", f"nothing is counted by `{by[:100]}`", param="by")
    done = await state.helpers.do(
        ReportJob(name, format, by, _moment(since, time()), since, teams=asking(request).teams, keyless=keyless)
    )
    headers = {"content-security-policy": PAGE_POLICY} if format == "html" else {}
    return Response(done.body, media_type=done.type, headers=headers)


def _moment(text: str | None, now: float) -> float:
    """Seconds since the epoch. Raises GatewayError."""
    if text is None:
        return 0.0
    if (found := re.fullmatch(r"(\d{1,6})([mhdw])", text)) is not None:
        return now - int(found[1]) * _UNITS[found[2]]
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise GatewayError(
            "invalid_request", "`since` is no time; write 7d, 12h or 2026-11-20", param="since"
        ) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()

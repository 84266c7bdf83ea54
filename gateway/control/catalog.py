"""Below /api/catalog: what is known of labs, models, operators and endpoints, and from where."""

from __future__ import annotations

from functools import partial
from typing import Any, Literal

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse

from gateway.catalog import show
from gateway.catalog.facts import Catalog
from gateway.catalog.lookup import find_endpoint, find_lab, find_model, find_operator
from gateway.control.auth import TOKEN, Guarded
from gateway.control.shapes import CatalogRow, CatalogShown, problems
from gateway.control.state import State

Kind = Literal["labs", "models", "operators", "endpoints"]

router = APIRouter(
    prefix="/api/catalog",
    tags=["catalog"],
    dependencies=[TOKEN],
    route_class=Guarded,
    responses=problems(401, 403, 404, 503),
)


@router.get("", response_model=CatalogShown)
async def whole(request: Request) -> JSONResponse:
    """The whole compiled catalogue, derived facts included; what `gateway catalog show --json` prints."""
    state: State = request.app.state.control
    return await run_in_threadpool(lambda: JSONResponse(show.whole(state.served.compiled.catalog)))


@router.get("/{kind}/{id:path}", response_model=CatalogRow)
async def one(request: Request, kind: Kind, id: str) -> JSONResponse:
    """All that is known about one thing; an id or a name it also goes by."""
    state: State = request.app.state.control
    return JSONResponse(_row(state.served.compiled.catalog, kind, id))


def _row(catalog: Catalog, kind: Kind, id: str) -> dict[str, Any]:
    """Raises GatewayError `not_found`, `model_not_found`."""
    rows = {
        "labs": partial(show.lab_row, catalog),
        "models": partial(show.model_row, catalog),
        "operators": partial(show.operator_row, catalog),
        "endpoints": partial(show.endpoint_row, catalog),
    }
    find: Any = {"labs": find_lab, "models": find_model, "operators": find_operator, "endpoints": find_endpoint}[kind]
    row: Any = rows[kind]
    found: dict[str, Any] = row(find(catalog, id))
    return found

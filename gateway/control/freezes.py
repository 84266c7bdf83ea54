"""Below /api/freezes: what an administrator has stopped, stopping more, and letting it go again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Annotated, TypeVar

from fastapi import APIRouter, Path, Request

from gateway.control.auth import TOKEN, Guarded, asking
from gateway.control.shapes import FreezeAsked, FreezeShown, FreezesShown, problems
from gateway.control.state import State
from gateway.errors import GatewayError
from gateway.policy.freeze import Freeze
from gateway.processes import freezing

T = TypeVar("T")

router = APIRouter(
    prefix="/api/freezes",
    tags=["freezes"],
    dependencies=[TOKEN],
    responses=problems(400, 401, 403, 503),
    route_class=Guarded,
)


@router.get("", response_model=FreezesShown)
async def listing(request: Request) -> FreezesShown:
    """Freezes in force, oldest first."""
    state: State = request.app.state.control
    rows, damage = await _on_disk(lambda: freezing.in_force(state.settings.state_dir))
    return FreezesShown(freezes=[_shown(row) for row in rows], problem=damage)


@router.post("", response_model=FreezeShown, status_code=201)
async def freeze(request: Request, asked: FreezeAsked) -> FreezeShown:
    """Stop an operator, endpoint, country or list: within two seconds no worker asks there any more.

    Attempts under way there are ended; streams that callers read already go on, unless `abort`.
    """
    state: State = request.app.state.control
    _check_known(state, asked)
    wanted, by = [(asked.selector, asked.value)], asking(request).id
    [row] = await _on_disk(
        lambda: freezing.freeze(
            state.settings.state_dir, wanted, by=by, via="api", abort=asked.abort, reason=asked.reason
        )
    )
    return _shown(row)


@router.delete("/{id}", response_model=FreezeShown, responses=problems(404))
async def lift(request: Request, id: Annotated[str, Path(max_length=100)]) -> FreezeShown:
    """End a freeze that is in force."""
    state: State = request.app.state.control
    folder, by = state.settings.state_dir, asking(request).id
    rows, _ = await _on_disk(lambda: freezing.in_force(folder))
    row = next((row for row in rows if row.id == id), None)
    if row is None:
        raise GatewayError("not_found", f"no freeze in force has the id `{id}`")
    await _on_disk(lambda: freezing.lift(folder, [row], by=by, via="api"))
    return _shown(row)


def _check_known(state: State, asked: FreezeAsked) -> None:
    """Raises GatewayError. Where no catalogue is known here yet, operators and endpoints go unchecked."""
    try:
        catalogs = [state.served.compiled.catalog]
    except GatewayError:
        catalogs = []
    try:
        freezing.check_known(asked.selector, asked.value, catalogs)
    except freezing.NothingSuch as wrong:
        raise GatewayError("invalid_request", str(wrong), param="value") from None


async def _on_disk(do: Callable[[], T]) -> T:
    """Beside the event loop. Raises GatewayError where the state folder cannot be used."""
    try:
        return await asyncio.to_thread(do)
    except OSError as wrong:
        said = f"the freezes in the state folder cannot be used: {wrong.strerror or wrong}; nothing was changed"
        raise GatewayError("overloaded", said, retry_after_s=1) from None


def _shown(row: Freeze) -> FreezeShown:
    return FreezeShown.model_validate(freezing.plain(row))

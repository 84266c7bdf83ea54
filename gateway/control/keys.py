"""Below /api/keys: keys of callers as a list, issuing, rotating, revoking and erasing them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import time
from typing import Annotated, TypeVar

from fastapi import APIRouter, Path, Request

from gateway.control.auth import TOKEN, Guarded, asking
from gateway.control.roles import sees
from gateway.control.shapes import problems
from gateway.control.shapes_of_keys import KeyAsked, KeyErased, KeyIssued, KeyShown, KeysShown, RotationAsked
from gateway.control.state import State
from gateway.errors import GatewayError
from gateway.identity import Keyring
from gateway.processes import issuing
from gateway.processes.issuing import KeyMade, KeyNotPossible, NoSuchKey, Who
from gateway.record.journal.erase import erase_key as erase_from_journals

T = TypeVar("T")
Name = Annotated[str, Path(max_length=issuing.MOST_CHARS, description="the key's name")]

router = APIRouter(
    prefix="/api/keys",
    tags=["keys"],
    dependencies=[TOKEN],
    responses=problems(400, 401, 403, 503),
    route_class=Guarded,
)


@router.get("", response_model=KeysShown)
async def listing(request: Request) -> KeysShown:
    """Keys of callers.yaml and issued ones, by name. The keys themselves are kept nowhere."""
    state: State = request.app.state.control
    admin, keyring = asking(request), _keyring(state)
    known, problem = await _done(lambda: issuing.keys(state.settings.state_dir, keyring, time()))
    try:
        used, unsure = await state.ledger.ask(lambda store: store.last_uses()), None
    except GatewayError as wrong:
        used, unsure = {}, wrong.message
    rows = [issuing.plain(key, used.get(key.id)) for key in known if sees(admin, key.team)]
    return KeysShown(keys=[KeyShown.model_validate(row) for row in rows], problem=problem, last_used_problem=unsure)


@router.post("", response_model=KeyIssued, status_code=201)
async def issue(request: Request, asked: KeyAsked) -> KeyIssued:
    """Make a key, which is shown this once; within two seconds every worker lets it in. The policy stays as it is."""
    state: State = request.app.state.control
    keyring, who = _keyring(state), _who(request)
    made = await _done(
        lambda: issuing.issue(
            state.settings.state_dir, keyring, who, team=asked.team, name=asked.id, app=asked.app, expires=asked.expires
        )
    )
    return _shown(made)


@router.post("/{id:path}/rotate", response_model=KeyIssued, status_code=201, responses=problems(404))
async def rotate(request: Request, id: Name, asked: RotationAsked | None = None) -> KeyIssued:
    """Make a key that takes the place of another; that one works for some days more."""
    state: State = request.app.state.control
    keyring, who, wanted = _keyring(state), _who(request), asked or RotationAsked()
    overlap_s = wanted.overlap_days * issuing.DAY_S
    made, ends = await _done(
        lambda: issuing.rotate(state.settings.state_dir, keyring, who, id=id, overlap_s=overlap_s), of_path=True
    )
    return _shown(made).model_copy(update={"old": id, "old_ends": issuing.written_at(ends)})


@router.post("/{id:path}/erase", response_model=KeyErased, responses=problems(404))
async def erase(request: Request, id: Name) -> KeyErased:
    """Revoke a key and take its name out of the keys, the journals and the ledger; what its requests cost stays."""
    state: State = request.app.state.control
    folder, who, keyring = state.settings.state_dir, _who(request), _keyring(state)
    keys = await _done(lambda: issuing.erase(folder, keyring, who, id=id), of_path=True)
    waiting = await _done(lambda: erase_from_journals(folder, id))
    requests = await state.ledger.ask(lambda store: store.erase_key(id))
    return KeyErased(id=id, keys=keys, requests=requests, waiting=waiting)


@router.delete("/{id:path}", response_model=KeysShown, responses=problems(404))
async def revoke(request: Request, id: Name) -> KeysShown:
    """End a key at once: within two seconds no worker lets it in, whether it was issued or stands in callers.yaml."""
    state: State = request.app.state.control
    keyring, who = _keyring(state), _who(request)
    ended = await _done(lambda: issuing.revoke(state.settings.state_dir, keyring, who, id=id), of_path=True)
    return KeysShown(keys=[KeyShown.model_validate(issuing.plain(key, None)) for key in ended], problem=None)


def _who(request: Request) -> Who:
    admin = asking(request)
    return Who(admin.id, "api", admin.teams)


def _keyring(state: State) -> Keyring:
    """Raises GatewayError before a gateway has accepted any policy."""
    return state.served.compiled.keyring


def _shown(made: KeyMade) -> KeyIssued:
    row = made.row
    ends = None if row.ends_at is None else issuing.written_at(row.ends_at)
    return KeyIssued.model_validate({"id": row.id, "team": row.team, "app": row.app, "ends": ends, "key": made.key})


async def _done(do: Callable[[], T], *, of_path: bool = False) -> T:
    """Beside the event loop. Raises GatewayError. `of_path`: what is not known is the key that the path names."""
    try:
        return await asyncio.to_thread(do)
    except NoSuchKey as wrong:
        raise GatewayError("not_found" if of_path else "invalid_request", str(wrong)) from None
    except KeyNotPossible as wrong:
        raise GatewayError("invalid_request", str(wrong)) from None
    except OSError as wrong:
        said = f"the keys in the state folder cannot be used: {wrong.strerror or wrong}; nothing was changed"
        raise GatewayError("overloaded", said, retry_after_s=1) from None

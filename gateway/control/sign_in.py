"""Signing in to the console, by a token or at an identity provider, and out again; every try is a row of the audit."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from time import monotonic, time
from typing import Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Request, Response
from starlette.responses import JSONResponse, RedirectResponse

from gateway.control import auth, oidc
from gateway.control.auth import TOKEN, Guarded, asking
from gateway.control.oidc import Client, SignInFailed
from gateway.control.shapes import problems
from gateway.control.shapes_of_sessions import SessionShown, TokenGiven
from gateway.control.state import State
from gateway.data_plane.doorkeeper import same_token
from gateway.errors import GatewayError
from gateway.identity import RESERVED_ADMINS, Admin, digest
from gateway.identity.oidc_admins import admin_of_claims, person
from gateway.processes import audit

MOST_CODE = 4_096  # characters
_BEGUN = "entrepot-sign-in"
_log = logging.getLogger("gateway")

router = APIRouter(include_in_schema=False)
sessions = APIRouter(
    prefix="/api/session", tags=["session"], dependencies=[TOKEN], responses=problems(401), route_class=Guarded
)


@router.get("/sign-in/ways")
async def ways(request: Request) -> Response:
    """How one may sign in here."""
    state: State = request.app.state.control
    return JSONResponse({"token": True, "oidc": _client(state) is not None})


@router.post("/sign-in")
async def by_token(request: Request, given: TokenGiven) -> Response:
    """A session for whoever holds a token. Too many wrong ones, by address or by name, are looked at no more."""
    state: State = request.app.state.control
    auth.check_same_site(request)
    name = given.name or ""
    wait_s = state.names.wait_s(name, monotonic()) if name else 0.0
    if wait_s:
        raise GatewayError("rate_limit_exceeded", "too many wrong tokens for this name", retry_after_s=wait_s)
    admin = auth.admin_of_token(given.token, request, state)
    if admin is None or (name and not same_token(name, admin.id)):
        if name:
            state.names.wrong(name, monotonic())
        await _failed(request, "token", name, "wrong token")
        raise GatewayError("invalid_api_key", "no administrator has this token")
    hashed, reserved = digest(given.token), admin.id in RESERVED_ADMINS

    def resolve() -> Admin | None:
        return admin if reserved else state.served.admins.get(hashed)

    return await _signed_in(request, admin, resolve, "token", JSONResponse({"id": admin.id, "role": admin.role}))


@router.get("/sign-in")
async def begin(request: Request) -> Response:
    """To the identity provider."""
    state: State = request.app.state.control
    client = _needed(state)
    auth.check_address(request, state)
    name, under_way = state.sign_ins.begin(f"{_base(request, state)}/sign-in/callback", monotonic())
    try:
        place = await asyncio.to_thread(oidc.address, client, under_way, name)
    except SignInFailed as wrong:
        raise await _told(request, wrong) from None
    reply = RedirectResponse(place, 303)
    _set(reply, state, _BEGUN, under_way.browser, path="/sign-in", same_site="lax", age_s=int(oidc.PATIENCE_S))
    return reply


@router.get("/sign-in/callback")
async def callback(request: Request) -> Response:
    """Back from the identity provider."""
    state: State = request.app.state.control
    client, said = _needed(state), request.query_params
    auth.check_address(request, state)
    try:
        browser = request.cookies.get(_BEGUN, "")
        under_way = state.sign_ins.take(said.get("state", ""), browser, monotonic())
        code = said.get("code", "")
        if not 0 < len(code) <= MOST_CODE:
            raise SignInFailed("the provider let nobody in")
        claims = await asyncio.to_thread(oidc.claims_of, client, under_way, code, time())
        admin = admin_of_claims(claims, state.served.oidc_admins)
        if admin is None:
            raise SignInFailed(f"no row of `admins:` in callers.yaml fits {person(claims)}")
    except SignInFailed as wrong:
        state.guesses.wrong(auth.address_of(request), monotonic())
        raise await _told(request, wrong) from None

    def resolve() -> Admin | None:
        return admin_of_claims(claims, state.served.oidc_admins)

    reply = await _signed_in(request, admin, resolve, "oidc", RedirectResponse("/", 303))
    reply.delete_cookie(_BEGUN, path="/sign-in")
    return reply


@sessions.get("", response_model=SessionShown)
async def shown(request: Request) -> SessionShown:
    """Who asks; for a session, what its page sends as `x-csrf-token` with whatever changes something."""
    admin = asking(request)
    teams = None if admin.teams is None else sorted(admin.teams)
    return SessionShown(id=admin.id, role=admin.role, teams=teams, csrf=auth.csrf_of(request))


@sessions.delete("", response_model=SessionShown)
async def sign_out(request: Request, response: Response) -> SessionShown:
    """Ends the session that asks."""
    state: State = request.app.state.control
    admin = asking(request)
    state.sessions.end(auth.cookie_of(request, state))
    response.delete_cookie(auth.cookie_name(state), path="/")
    await _record(state, "signed_out", admin.id, {"address": auth.address_of(request)})
    return SessionShown(id=admin.id, role=admin.role, teams=None, csrf=None)


async def _signed_in(request: Request, admin: Admin, resolve: Any, way: str, reply: Response) -> Response:
    state: State = request.app.state.control
    told = {"way": way, "role": admin.role, "address": auth.address_of(request)}
    try:
        await _record(state, "signed_in", admin.id, told)
    except OSError as wrong:
        said = f"the audit cannot be written: {wrong.strerror}; nobody is signed in"
        raise GatewayError("overloaded", said, retry_after_s=5) from None
    state.sessions.end(auth.cookie_of(request, state))  # a fixed one would be known to whoever fixed it
    secret = state.sessions.begin(resolve, way, monotonic())
    _set(reply, state, auth.cookie_name(state), secret, path="/", same_site="strict", age_s=None)
    return reply


async def _told(request: Request, wrong: SignInFailed) -> GatewayError:
    await _failed(request, "oidc", "", str(wrong))
    return GatewayError("invalid_api_key", f"nobody is signed in: {wrong}")


async def _failed(request: Request, way: str, name: str, why: str) -> None:
    """Once a minute and address, and so many in all: whoever guesses fills no disk. The others are counted."""
    state: State = request.app.state.control
    address = auth.address_of(request)
    if not state.attempts.may_tell(address, monotonic()):
        if way != "token":  # a wrong token was counted already
            state.attempts.add(way, address)
        return
    try:
        await _record(state, "sign_in_failed", name or "unknown", {"way": way, "address": address, "why": why})
    except OSError as wrong:
        _log.error("the audit cannot be written: %s", wrong.strerror)


async def _record(state: State, action: str, by: str, detail: Mapping[str, object]) -> None:
    await asyncio.to_thread(audit.record, state.settings.state_dir, action, by=by, via="api", detail=detail)


def _client(state: State) -> Client | None:
    given = state.settings
    if given.oidc_issuer is None or given.oidc_client_id is None:
        return None
    return Client(given.oidc_issuer, given.oidc_client_id, given.oidc_client_secret)


def _needed(state: State) -> Client:
    client = _client(state)
    if client is None:
        raise GatewayError(
            "not_found", "no identity provider is configured: GATEWAY_OIDC_ISSUER, GATEWAY_OIDC_CLIENT_ID"
        )
    return client


def _base(request: Request, state: State) -> str:
    """Where browsers find this: as configured, on this machine as asked. Raises GatewayError."""
    if state.settings.control_url is not None:
        parts = urlsplit(state.settings.control_url)
        return f"{parts.scheme}://{parts.netloc}"
    if not state.settings.control_is_local:
        raise GatewayError("invalid_request", "set GATEWAY_CONTROL_URL to the address that browsers open")
    return f"{'https' if auth.is_https(state) else 'http'}://{request.headers['host']}"


def _set(reply: Response, state: State, name: str, value: str, *, path: str, same_site: Any, age_s: int | None) -> None:
    secure = auth.is_https(state)
    reply.set_cookie(name, value, max_age=age_s, path=path, secure=secure, httponly=True, samesite=same_site)

"""GET / and below /console/: the console's page, what it shows, and its what-if box."""

from __future__ import annotations

import asyncio
from functools import cache
from importlib.resources import files
from time import time
from typing import Any

import msgspec

from gateway.api import access, decisions
from gateway.api.body import CallerLeft, read_body
from gateway.api.state import State
from gateway.api.wire import JSON, Receive, Scope, Send, encode, send_json, send_whole
from gateway.errors import GatewayError
from gateway.identity import DATA_CLASSES
from gateway.pipeline import Gateway
from gateway.policy.cases import signals_of
from gateway.policy.decide import Decision, View, decide
from gateway.policy.models import resolve_model
from gateway.policy.plain import plain_decision
from gateway.signals.measure import measure_prompt

_STATIC = {  # by path below /console/static/: nothing else is served
    "console.css": b"text/css; charset=utf-8",
    "icon.svg": b"image/svg+xml",
    "uplot/uplot.css": b"text/css; charset=utf-8",
    "uplot/uplot.js": b"text/javascript; charset=utf-8",
} | {
    f"{name}.js": b"text/javascript; charset=utf-8"
    for name in ("console", "access", "page", "charts", "figures", "map", "decisions", "whatif")
}
_SAFE = [
    (
        b"content-security-policy",
        b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
        b" base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
]
_MOST_BYTES = 1_000_000  # of a what-if


class Supposed(msgspec.Struct, frozen=True):
    """What the what-if box asks."""

    text: str
    team: str | None = None
    data_class: str | None = None
    model: str | None = None


_supposed = msgspec.json.Decoder(Supposed)


async def page(scope: Scope, receive: Receive, send: Send, state: State) -> None:
    """The page holds no data. Without the token in the address it is 401, and asks for the token."""
    access.check_host(scope, state)
    status = 200 if access.opens_console(scope, state) else 401
    await send_whole(send, status, [(b"content-type", b"text/html; charset=utf-8"), *_SAFE], _file("index.html"))


async def static(scope: Scope, receive: Receive, send: Send, state: State) -> None:
    """Scripts and styles: the same for everybody."""
    access.check_host(scope, state)
    name = scope["path"].removeprefix("/console/static/")
    if name not in _STATIC:
        raise GatewayError("not_found", "the console has no such file")
    await send_whole(send, 200, [(b"content-type", _STATIC[name]), *_SAFE], _file(name))


async def overview(scope: Scope, receive: Receive, send: Send, state: State) -> None:
    """All that the page shows of the requests so far."""
    access.check_console(scope, state)
    told = await state.overview()
    teams = sorted(state.gateway.keyring.teams)
    choices = {"teams": teams, "data_classes": DATA_CLASSES, "models": sorted(state.gateway.policy.named)}
    ours = encode({**choices, "at": time(), "reload": state.reload_problem})
    await send_whole(send, 200, [JSON, *_SAFE], told[:-1] + b"," + ours[1:])  # two objects become one, unread


async def decision(scope: Scope, receive: Receive, send: Send, state: State) -> None:
    """Of any team. Raises GatewayError `not_found`."""
    access.check_console(scope, state)
    row = await asyncio.to_thread(state.decision, scope["path"].removeprefix("/console/decisions/"))
    if row is None:
        raise GatewayError("not_found", "the ledger has no request of this id")
    await send_json(send, {**row, "why": decisions.why(row, state.gateway.policy)}, headers=_SAFE)


async def what_if(scope: Scope, receive: Receive, send: Send, state: State) -> None:
    """Where a request would go. Its text is measured on this machine and kept nowhere."""
    access.check_console(scope, state)
    try:
        body = await read_body(scope, receive, most_bytes=_MOST_BYTES)
        supposed = _supposed.decode(body)
    except CallerLeft:
        return
    except msgspec.DecodeError:
        raise GatewayError("invalid_request", "a what-if is {text, team, data_class, model}") from None
    told = await asyncio.to_thread(_explained, supposed, state.gateway)
    await send_json(send, told, headers=_SAFE)


def _explained(supposed: Supposed, gateway: Gateway) -> dict[str, Any]:
    found = _decided(supposed, gateway)
    told = plain_decision(found, gateway.keyring.teams.get(supposed.team or ""))
    if not found.endpoints:
        refusal = found.refusal()
        told["refusal"] = {"status": refusal.status, "code": refusal.code, "message": refusal.message}
    return told


def _decided(supposed: Supposed, gateway: Gateway) -> Decision:
    """Raises GatewayError `invalid_request` for a team or a class that does not exist, `model_not_found`."""
    policy, teams = gateway.policy, gateway.keyring.teams
    if supposed.team is not None and supposed.team not in teams:
        raise GatewayError("invalid_request", "no such team", param="team")
    if supposed.data_class is not None and supposed.data_class not in DATA_CLASSES:
        raise GatewayError("invalid_request", "no such data class", param="data_class")
    given = measure_prompt(supposed.text)
    if supposed.model is not None:
        given |= {"model": supposed.model, "model_known": resolve_model(policy, supposed.model)}
    if supposed.data_class is not None:
        given["data_class"] = supposed.data_class
    signals = signals_of(teams.get(supposed.team or ""), given, policy)
    return decide(policy, signals, View(at=time(), frozen=gateway.frozen, estimates=gateway.estimates()))


@cache
def _file(name: str) -> bytes:
    return files("gateway").joinpath("console", "static", *name.split("/")).read_bytes()

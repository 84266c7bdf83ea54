"""The FastAPI application of the control listener."""

from __future__ import annotations

from math import ceil
from typing import Any

from fastapi import FastAPI
from fastapi import HTTPException as FastAPIException
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway import __version__
from gateway.control import (
    audit,
    auth,
    budgets,
    catalog,
    console,
    decisions,
    freezes,
    keys,
    metrics,
    overview,
    policy_tools,
    policy_versions,
    reports,
    sign_in,
)
from gateway.control.roles import OPEN, TABLE
from gateway.control.state import State
from gateway.errors import GatewayError
from gateway.interfaces.dialects import openai_error
from gateway.settings import Settings

MOST_BODY = 40_000_000  # bytes: a policy folder with a large catalogue, twice
SAFE = (  # headers of every reply
    (
        b"content-security-policy",
        b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
        b" base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)


ROUTERS = (
    console.router,
    overview.router,
    decisions.router,
    reports.router,
    catalog.router,
    budgets.router,
    policy_tools.router,
    policy_versions.router,
    freezes.router,
    keys.router,
    sign_in.router,
    sign_in.sessions,
    audit.router,
    metrics.router,
)


class TooLarge(FastAPIException):
    """A body is longer than MOST_BODY."""


class _Application(FastAPI):
    def openapi(self) -> dict[str, Any]:
        """The document; what cannot be read is 400 here, not FastAPI's 422. `x-role`: the least that may ask."""
        described = super().openapi()
        for path, methods in described["paths"].items():
            for method, operation in methods.items():
                responses = operation["responses"]
                if responses.pop("422", None) is not None and "401" in responses:
                    responses.setdefault("400", {**responses["401"], "description": "Bad Request"})
                if (needed := TABLE.get((method.upper(), path))) is not None:
                    operation["x-role"] = needed.role
        return described


def create_app(state: State) -> ASGIApp:
    """Callable by an ASGI server."""
    app = _Application(
        title="Entrepot: the control API",
        description="What `gateway` says on the command line, and what the console shows, as JSON.",
        version=__version__,
        docs_url=None,
        redoc_url=None,
    )
    app.state.control = state
    for router in ROUTERS:
        app.include_router(router)
    _check_table()
    app.add_exception_handler(GatewayError, _denied)
    app.add_exception_handler(HTTPException, _not_found)
    app.add_exception_handler(RequestValidationError, _unreadable)
    app.add_exception_handler(Exception, _failed)
    return _Door(app, state.settings)


def _check_table() -> None:
    """Raises ValueError: a route that no row of the table of roles speaks of is not served to anybody."""
    for route in (route for router in ROUTERS for route in router.routes):
        path = str(getattr(route, "path_format", ""))
        methods = getattr(route, "methods", None) or {""}
        covered = isinstance(route, auth.Guarded) and all((method, path) in TABLE for method in methods)
        if not covered and path not in OPEN:
            raise ValueError(f"{sorted(methods)} {path} has no row in gateway/control/roles.py")


class _Door:
    """Before every path: the Host, how long a body may be, and headers that keep a page from being put into another."""

    def __init__(self, app: ASGIApp, settings: Settings):
        self._app = app
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        hosts = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
        if len(hosts) != 1 or not auth.is_own_host(hosts[0], self._settings):
            own = "127.0.0.1" if self._settings.control_is_local else "its address, or a name in GATEWAY_CONTROL_URL"
            said = f"the control listener does not go by this name: open it at {own}"
            await _problem(GatewayError("invalid_request", said))(scope, receive, _safe(send))
            return
        await self._app(scope, _bounded(receive), _safe(send))


def _bounded(receive: Receive) -> Receive:
    size = 0

    async def read() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > MOST_BODY:
            raise TooLarge(413)  # anything else FastAPI would call a body that cannot be read
        return message

    return read


def _safe(send: Send) -> Send:
    async def write(message: Message) -> None:
        if message["type"] == "http.response.start":
            given = {name for name, _ in message["headers"]}
            message["headers"] = [*message["headers"], *((n, v) for n, v in SAFE if n not in given)]
        await send(message)

    return write


def _problem(error: GatewayError) -> Response:
    headers = {} if error.retry_after_s is None else {"retry-after": str(ceil(error.retry_after_s))}
    return JSONResponse(openai_error(error), error.status, headers=headers)


async def _denied(request: Request, error: Exception) -> Response:
    assert isinstance(error, GatewayError)
    return _problem(error)


async def _not_found(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if isinstance(error, TooLarge):
        return _problem(GatewayError("request_too_large", f"the body is longer than {MOST_BODY:,} bytes"))
    if error.status_code == 400:  # FastAPI's word for a body that no parser could go through
        return _problem(GatewayError("invalid_request", "the body is not JSON that can be read"))
    what = "takes other methods, not" if error.status_code == 405 else "is no path here:"
    told = GatewayError("not_found", f"{request.url.path[:200]} {what} {request.method}")
    return JSONResponse(openai_error(told), error.status_code, headers=error.headers)


async def _failed(request: Request, error: Exception) -> Response:
    """A fault of ours: the log has it, the reply says no more than that."""
    told = {"message": "the control process failed at this; its log says where", "type": "api_error"}
    return JSONResponse({"error": {**told, "param": None, "code": "internal_error"}}, 500)


async def _unreadable(request: Request, error: Exception) -> Response:
    """What was sent is not repeated."""
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    where = ".".join(str(step) for step in first["loc"] if step not in ("body", "query", "path"))
    return _problem(GatewayError("invalid_request", f"{where or 'the body'}: {first['msg']}", param=where or None))

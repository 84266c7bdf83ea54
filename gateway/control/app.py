"""The FastAPI application of the control listener."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway import __version__
from gateway.control import auth, metrics
from gateway.control.state import State
from gateway.errors import GatewayError
from gateway.interfaces.dialects import openai_error
from gateway.settings import Settings

SAFE = {  # headers of every reply
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self';"
    " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}


def create_app(state: State) -> ASGIApp:
    """Callable by an ASGI server."""
    app = FastAPI(title="Entrepot: control", version=__version__, docs_url=None, redoc_url=None)
    app.state.control = state
    app.include_router(metrics.router)
    app.add_exception_handler(GatewayError, _denied)
    app.add_exception_handler(HTTPException, _not_found)
    return _Door(app, state.settings)


class _Door:
    """Before every path: the Host, and the headers that keep a page from being put into another."""

    def __init__(self, app: ASGIApp, settings: Settings):
        self._app = app
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        hosts = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
        if len(hosts) == 1 and auth.is_own_host(hosts[0], self._settings):
            await self._app(scope, receive, send)
            return
        own = "127.0.0.1" if self._settings.control_is_local else "its address, or by a name in GATEWAY_CONTROL_URL"
        denied = GatewayError("invalid_request", f"the control listener does not go by this name: open it at {own}")
        await _problem(denied)(scope, receive, send)


def _problem(error: GatewayError) -> Response:
    return JSONResponse(openai_error(error), error.status, headers=SAFE)


async def _denied(request: Request, error: Exception) -> Response:
    assert isinstance(error, GatewayError)
    return _problem(error)


async def _not_found(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    told = GatewayError("not_found", f"no such path: {request.method} {request.url.path[:200]}")
    return JSONResponse(openai_error(told), error.status_code, headers={**SAFE, **(error.headers or {})})

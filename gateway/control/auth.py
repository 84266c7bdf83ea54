"""Who may see what on the control listener: every path asks for the right Host, most for a role."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from ipaddress import ip_address
from time import monotonic
from typing import Any, TypeVar
from urllib.parse import urlsplit

from fastapi import Depends
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer
from starlette.requests import Request
from starlette.responses import Response

from gateway.control.roles import check_allowed
from gateway.control.state import State
from gateway.data_plane.doorkeeper import name_of, same_token
from gateway.errors import GatewayError
from gateway.identity import RESERVED_ADMINS, Admin, digest
from gateway.settings import Settings, is_loopback

T = TypeVar("T")
TOKEN = Depends(HTTPBearer(auto_error=False, description="an administrator's token, or the token printed at start"))


def is_own_host(header: str, settings: Settings) -> bool:
    """True for a Host that this listener goes by.

    A page of another site whose name was made to resolve to this address sends that name. An address cannot be made
    to, so beyond loopback any is let in, and of names GATEWAY_CONTROL_HOST's and GATEWAY_CONTROL_URL's.
    """
    name = name_of(header)
    if name is None:
        return False
    if is_loopback(name):
        return True
    if settings.control_is_local:
        return False
    return _is_address(name) or name in (settings.control_host.lower(), _named(settings.control_url))


def check_metrics(request: Request, state: State) -> None:
    """Needs GATEWAY_METRICS_TOKEN if there is one, or if the listener is reached from beyond. Raises GatewayError."""
    settings = state.settings
    token = settings.metrics_token
    if token is None and settings.control_is_local:
        return
    if token is None:
        raise GatewayError("invalid_api_key", "set GATEWAY_METRICS_TOKEN to read /metrics from beyond loopback")
    if _found(bearer(request), lambda given: same_token(given, token) or None, request, state, "metrics") is None:
        raise GatewayError("invalid_api_key", "/metrics needs `Authorization: Bearer` with GATEWAY_METRICS_TOKEN")


def admin_of(request: Request, state: State) -> Admin:
    """Whose token was sent, or whose session it is. Raises GatewayError."""
    given = bearer(request)
    if not given and (found := state.sessions.find(cookie_of(request, state), monotonic())) is not None:
        session, admin = found
        if request.method not in ("GET", "HEAD"):
            check_same_site(request)
            if not same_token(request.headers.get("x-csrf-token", ""), session.csrf):
                raise GatewayError("not_allowed", "a session changes something only with its `x-csrf-token`")
        request.state.csrf = session.csrf
        return admin
    owner = _admin(given, request, state)
    if owner is None:
        what = "this is not the console's token" if given else "the console needs its token"
        raise GatewayError("invalid_api_key", f"{what}: open the address printed at start")
    return owner


def admin_of_token(token: str, request: Request, state: State) -> Admin | None:
    """Raises GatewayError for too many guesses."""
    return _admin(token, request, state)


def check_address(request: Request, state: State) -> None:
    """Raises GatewayError for an address that has failed too often."""
    wait_s = state.guesses.wait_s(address_of(request), monotonic())
    if wait_s:
        raise GatewayError("rate_limit_exceeded", "too many failures from this address", retry_after_s=wait_s)


def check_same_site(request: Request) -> None:
    """Raises GatewayError for what a page of elsewhere sends."""
    origin, site = request.headers.get("origin"), request.headers.get("sec-fetch-site", "same-origin")
    mine = origin is None or urlsplit(origin).netloc == request.headers.get("host")
    if not mine or site not in ("same-origin", "none"):
        raise GatewayError("not_allowed", "this is not asked by a page of this gateway")


def is_https(state: State) -> bool:
    """True if browsers come by https, so that cookies go by nothing else."""
    url = state.settings.control_url or ""
    return url.lower().startswith("https://") or (not url and state.settings.control_tls_cert is not None)


def cookie_name(state: State) -> str:
    """One a port: browsers send a cookie to all ports of a host."""
    port = state.settings.control_address[1]
    return f"{'__Host-' if is_https(state) else ''}entrepot-{port}"


def cookie_of(request: Request, state: State) -> str:
    """What names a session; empty if there is none."""
    return request.cookies.get(cookie_name(state), "")


def csrf_of(request: Request) -> str | None:
    """Of the session that asks; None where a token was sent."""
    return getattr(request.state, "csrf", None)


class Guarded(APIRoute):
    """A route that asks for what the table of roles says before a word of the body is read; the one place that does."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler = super().get_route_handler()

        async def checked(request: Request) -> Response:
            admin = admin_of(request, request.app.state.control)
            check_allowed(admin, (request.method, plain_path(self)))
            request.state.admin = admin
            return await handler(request)

        return checked


def plain_path(route: APIRoute) -> str:
    """As the OpenAPI document writes it: `/static/{name}` of `/static/{name:path}`."""
    return route.path_format


def asking(request: Request) -> Admin:
    """Who asks, on a guarded route."""
    admin: Admin = request.state.admin
    return admin


def opens_console(request: Request, state: State) -> bool:
    """True for a token in the address or in the header, and for a session. Raises GatewayError for many guesses."""
    if state.sessions.find(cookie_of(request, state), monotonic()) is not None:
        return True
    return _admin(request.query_params.get("token", "") or bearer(request), request, state) is not None


def bearer(request: Request) -> str:
    """The token; empty if none was sent, or several."""
    given = request.headers.getlist("authorization")
    scheme, _, token = (given[0] if len(given) == 1 else "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _named(url: str | None) -> str | None:
    try:
        return urlsplit(url or "").hostname
    except ValueError:
        return None


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _admin(given: str, request: Request, state: State) -> Admin | None:
    """Raises GatewayError, as `_found` does."""

    def find(token: str) -> Admin | None:
        if same_token(token, state.console_token):
            ours = state.settings.admin_token == state.console_token
            return Admin(RESERVED_ADMINS[0] if ours else RESERVED_ADMINS[1], "admin")
        return state.served.admins.get(digest(token)) if token else None

    return _found(given, find, request, state, "bearer" if given == bearer(request) else "token")


def address_of(request: Request) -> str:
    """Who connects; proxies' headers change nothing."""
    return request.client.host if request.client is not None else ""


def _found(given: str, find: Callable[[str], T | None], request: Request, state: State, way: str) -> T | None:
    """Whose token it is; the audit counts those that are nobody's.

    Raises GatewayError `rate_limit_exceeded`, without looking, for an address that has guessed too often.
    """
    owner = None
    try:
        owner = state.guesses.owner(given, find, address_of(request), monotonic())
    finally:
        if given and owner is None:
            state.attempts.add(way, address_of(request))
    return owner

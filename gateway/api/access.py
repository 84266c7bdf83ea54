"""Who may see a page: a caller by its key, an administrator by the token, Prometheus by its own."""

from __future__ import annotations

from hmac import compare_digest
from time import time
from urllib.parse import parse_qs

from gateway.api.keys import bearer, key_of
from gateway.api.state import State
from gateway.api.wire import Scope, header
from gateway.errors import GatewayError
from gateway.identity import Caller, identify

_LOOPBACK = ("127.", "::1", "localhost")
_OWN_NAMES = ("localhost", "127.0.0.1", "[::1]")


def caller(scope: Scope, state: State) -> Caller:
    """Raises GatewayError `invalid_api_key`."""
    return identify(key_of(scope), state.gateway.keyring, time())


def check_console(scope: Scope, state: State) -> None:
    """Raises GatewayError unless the header holds the console's token."""
    check_host(scope, state)
    given = bearer(scope)
    if not _same(given, state.console_token):
        what = "this is not the console's token" if given else "the console needs its token"
        raise GatewayError("invalid_api_key", f"{what}: open the address printed at start")


def opens_console(scope: Scope, state: State) -> bool:
    """True if the token stands in the address or in the header."""
    given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0] or bearer(scope)
    return _same(given, state.console_token)


def check_host(scope: Scope, state: State) -> None:
    """Of a gateway on loopback: a page of another name that resolves to it may not read it. Raises GatewayError."""
    if not state.settings.host.startswith(_LOOPBACK):
        return
    host = (header(scope, b"host") or "").lower()
    name = host[: host.index("]") + 1] if host.startswith("[") and "]" in host else host.partition(":")[0]
    if name not in _OWN_NAMES:
        raise GatewayError("invalid_request", "this gateway listens on loopback: open the console at 127.0.0.1")


def _same(given: str, wanted: str) -> bool:
    return compare_digest(given.encode(), wanted.encode())

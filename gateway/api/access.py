"""Who may see a page: a caller by its key, an administrator by the token, Prometheus by its own."""

from __future__ import annotations

from hmac import compare_digest
from time import time
from urllib.parse import parse_qs

from gateway.api.openai import bearer
from gateway.api.state import State
from gateway.api.wire import Scope
from gateway.errors import GatewayError
from gateway.identity import Caller, identify

_LOOPBACK = ("127.", "::1", "localhost")


def caller(scope: Scope, state: State) -> Caller:
    """Raises GatewayError `invalid_api_key`."""
    return identify(bearer(scope), state.gateway.keyring, time())


def check_metrics(scope: Scope, state: State) -> None:
    """Needs GATEWAY_METRICS_TOKEN unless the gateway listens on loopback only. Raises GatewayError."""
    token = state.settings.metrics_token
    if token is None and state.settings.host.startswith(_LOOPBACK):
        return
    if token is None:
        raise GatewayError("invalid_api_key", "set GATEWAY_METRICS_TOKEN to read /metrics from beyond loopback")
    if not _same(bearer(scope), token):
        raise GatewayError("invalid_api_key", "/metrics needs `Authorization: Bearer` with GATEWAY_METRICS_TOKEN")


def check_console(scope: Scope, state: State) -> None:
    """The token stands in the address that was printed at start, or in the header. Raises GatewayError."""
    given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0] or bearer(scope)
    if not _same(given, state.console_token):
        raise GatewayError("invalid_api_key", "the console needs its token: open the address printed at start")


def _same(given: str, wanted: str) -> bool:
    return compare_digest(given.encode(), wanted.encode())

"""Where callers put their key: OpenAI's header, Anthropic's, Azure's."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.data_plane.asgi import Scope, header, headers
from gateway.errors import GatewayError

HEADERS = frozenset({b"authorization", b"x-api-key", b"api-key"})


def bearer(scope: Scope) -> str:
    """What `Authorization: Bearer` holds; empty if there is none."""
    return _bearer(header(scope, b"authorization"))


def key_of(scope: Scope) -> str:
    """The caller's key; empty if none was sent. Raises GatewayError `invalid_api_key` if two differ."""
    return chosen(headers(scope, HEADERS))


def chosen(said: Mapping[bytes, str]) -> str:
    """The same, of the headers in `HEADERS`."""
    given = {_bearer(said.get(b"authorization")), said.get(b"x-api-key", ""), said.get(b"api-key", "")} - {""}
    if len(given) > 1:
        names = "`Authorization`, `x-api-key` and `api-key`"
        raise GatewayError("invalid_api_key", f"two keys that differ were sent, in {names}; send one")
    return given.pop() if given else ""


def _bearer(authorization: str | None) -> str:
    scheme, _, key = (authorization or "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""

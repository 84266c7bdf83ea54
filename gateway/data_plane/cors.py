"""Which pages of other origins may read replies: those in GATEWAY_CORS_ORIGINS."""

from __future__ import annotations

import re
from collections.abc import Collection

from gateway.data_plane.asgi import Headers, Scope, header

_NAMES = re.compile(r"[\w\-, ]{1,2000}", re.ASCII)
_FOR_S = b"600"


def of_reply(scope: Scope, origins: Collection[str]) -> Headers:
    """Header lines for a reply to a page of another origin; none if it may not read it."""
    origin = header(scope, b"origin")
    if origin is None or not origins:
        return ()
    if "*" in origins:
        return ((b"access-control-allow-origin", b"*"), (b"access-control-expose-headers", b"*"))
    if origin not in origins:
        return ((b"vary", b"origin"),)
    return (
        (b"access-control-allow-origin", origin.encode("latin-1")),
        (b"access-control-expose-headers", b"*"),
        (b"vary", b"origin"),
    )


def of_preflight(scope: Scope, methods: Collection[str], origins: Collection[str]) -> Headers:
    """What a page may send, to be said besides; none if it may not read the reply."""
    origin = header(scope, b"origin")
    if origin is None or not ("*" in origins or origin in origins):
        return ()
    asked = header(scope, b"access-control-request-headers") or ""
    allowed = asked if _NAMES.fullmatch(asked) else "authorization, content-type"
    return (
        (b"access-control-allow-methods", ", ".join(methods).encode()),
        (b"access-control-allow-headers", allowed.encode()),
        (b"access-control-max-age", _FOR_S),
    )

"""Fields of Chat Completions that are read alike, whichever dialect they go to."""

from __future__ import annotations

from gateway.upstreams.translate.reading import wrong
from gateway.upstreams.translate.spec import Body, Untranslatable


def limit_in(body: Body) -> int | None:
    """The bound on output, by either of its names. Raises Untranslatable, GatewayError."""
    name = "max_completion_tokens" if body.get("max_completion_tokens") is not None else "max_tokens"
    value = body.get(name)
    if value is None:
        return None
    if type(value) is not int or value < 1:
        raise wrong(name, "a whole number above 0")
    if body.get("max_tokens") not in (None, value):
        raise Untranslatable("max_tokens", "says another bound than `max_completion_tokens`; leave one of them out")
    return value

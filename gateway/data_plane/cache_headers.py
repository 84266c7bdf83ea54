"""What callers say of answers that are kept, and what they are told of theirs."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.outcome.outcome import KeptAnswer, Looked
from gateway.request import CacheControl

NO_CACHE = b"x-gateway-no-cache"


def cache_control(said: Mapping[bytes, str]) -> CacheControl:
    """Of request headers; `x-gateway-no-cache: true` is `no-store`, and what is not understood is taken for yes."""
    if said.get(NO_CACHE, "").lower() not in ("", "false"):
        return "no-store"
    wishes = said.get(b"cache-control", "")
    if not wishes:
        return ""
    words = {wish.strip().lower().partition("=")[0] for wish in wishes.split(",")}
    if "no-store" in words:
        return "no-store"
    return "no-cache" if words & {"no-cache", "max-age"} else ""


def of_cache(looked: Looked, kept: KeptAnswer | None) -> bytes:
    """Header lines of a reply; none where nobody looked."""
    if not looked:
        return b""
    if kept is None:
        return b"x-gateway-cache: miss\r\n"
    return b"x-gateway-cache: hit\r\nage: %d\r\n" % kept.age_s

"""Whose answers a route gives again, in words."""

from __future__ import annotations

from gateway.policy.decision import Decision
from gateway.policy.rules import Cache
from gateway.policy.select.cache_eligibility import made_anew

_UNITS = ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))


def sentences(decision: Decision) -> list[str]:
    """One where the route has a cache."""
    cache = decision.route.cache
    if cache is None or not decision.endpoints:
        return []
    told = f"route `{decision.route.name}` keeps {said(cache)}"
    why = made_anew(decision)
    if why is not None:
        return [f"{told}; not this one's: {why}"]
    return [f"{told}: whoever asks exactly the same gets it again, if these endpoints may still serve then"]


def said(cache: Cache) -> str:
    """Without the tests of its `when`."""
    tools = ", also where tools are offered" if cache.tools else ""
    return f"answers for {_long(cache.ttl_s)} for the {cache.scope} that asked{tools}"


def _long(seconds: float) -> str:
    size, letter = next(unit for unit in _UNITS if seconds % unit[0] == 0)
    return f"{seconds / size:.0f}{letter}"

"""What bounds the endpoints of a decision beside its rules, in words: their ceilings and limits of their own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from math import inf

from gateway.catalog.facts import Endpoint
from gateway.catalog.rows import Ceilings, EndpointLimits

_SAID = {
    "requests_per_minute": "{:,} requests a minute",
    "tokens_per_minute": "{:,} tokens a minute",
    "at_once": "{:,} requests at once",
}


def sentences(endpoints: Iterable[Endpoint]) -> list[str]:
    """One for each endpoint that has any; none of it is known to be reached."""
    told: list[str] = []
    for endpoint in endpoints:
        if endpoint.ceilings is not None:
            most = ", ".join(words.format(said) for words, said in _ceilings(endpoint.ceilings))
            told.append(f"{endpoint.id} takes at most {most}: while it is full it is passed over")
        if endpoint.limits is not None:
            own = ", ".join(_limits(endpoint.limits))
            told.append(f"{endpoint.id} has limits of its own, which hold where the route's are wider: {own}")
    return told


def _ceilings(ceilings: Ceilings) -> list[tuple[str, int]]:
    return [(words, said) for name, words in _SAID.items() if (said := getattr(ceilings, name)) is not None]


def _limits(limits: EndpointLimits) -> list[str]:
    said = [(field.name, getattr(limits, field.name)) for field in fields(limits)]
    return [
        f"{name} {value:g}" if isinstance(value, float) else f"{name} {value}"
        for name, value in said
        if value not in (None, inf)
    ]

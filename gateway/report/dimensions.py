"""What an endpoint's id stands for, by the catalogue of the folder that a report is made with. Pure."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from gateway.catalog.facts import Catalog, Endpoint, Members

UNKNOWN = "unknown"
Keys = tuple[str, ...]
_OF: dict[str, Callable[[Endpoint], Keys]] = {
    "endpoint": lambda endpoint: (endpoint.id,),
    "model": lambda endpoint: (endpoint.model.id,),
    "operator": lambda endpoint: (endpoint.operator.id,),
    "origin": lambda endpoint: (endpoint.model.origin or UNKNOWN,),
    "hosting": lambda endpoint: (endpoint.hosting,),
    "lab": lambda endpoint: (endpoint.model.lab.id,),
    "licence_family": lambda endpoint: (endpoint.model.licence_family or UNKNOWN,),
    "lineage": lambda endpoint: _members(endpoint.model.lineage),
    "exposure": lambda endpoint: _members(endpoint.exposure),
}
FACTS = tuple(_OF)


def place_of(catalog: Catalog, fact: str) -> Callable[[str], Keys]:
    """From an endpoint's id to its value of this fact; several for a set, `unknown` beside those that are known."""
    read = _OF[fact]

    @cache
    def keys(endpoint_id: str) -> Keys:
        endpoint = catalog.endpoints.get(endpoint_id)
        return read(endpoint) if endpoint is not None else _by_name(endpoint_id, fact)

    return keys


def _members(members: Members) -> Keys:
    return (*sorted(members.known), *(() if members.complete else (UNKNOWN,))) or (UNKNOWN,)


def _by_name(endpoint_id: str, fact: str) -> Keys:
    """Of an endpoint that this catalogue does not hold: what its id says."""
    model, _, place = endpoint_id.partition("@")
    named = {"endpoint": endpoint_id, "model": model, "operator": place.partition("/")[0]}
    return (named.get(fact) or UNKNOWN,)

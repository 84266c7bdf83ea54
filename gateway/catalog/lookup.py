"""Finding a thing of the catalogue by what a reader calls it: its id, another name, the vendor's own name for it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress

from gateway.catalog.facts import Catalog, Endpoint, Lab, Model, Operator
from gateway.errors import GatewayError, nearest

MOST_SHOWN = 24


def find_lab(catalog: Catalog, name: str) -> Lab:
    """Raises GatewayError not_found."""
    return catalog.labs[_key("lab", {lab.id: (lab.name,) for lab in catalog.labs.values()}, name)]


def find_model(catalog: Catalog, name: str) -> Model:
    """Raises GatewayError not_found. Whoever publishes the weights may stand before them: `nous/hermes-4-70b`."""
    known = {model.id: model.also for model in catalog.models.values()}
    with suppress(GatewayError):
        return catalog.models[_key("model", known, name)]
    return catalog.models[_key("model", known, name.rpartition("/")[2])]


def find_operator(catalog: Catalog, name: str) -> Operator:
    """Raises GatewayError not_found."""
    return catalog.operators[_key("operator", {row.id: row.also for row in catalog.operators.values()}, name)]


def find_endpoint(catalog: Catalog, name: str) -> Endpoint:
    """Raises GatewayError not_found. A name without a region means the operator's first door to the model."""
    if name in catalog.endpoints:
        return catalog.endpoints[name]
    model, _, place = name.partition("@")
    operator, _, region = place.partition("/")
    there = [
        endpoint
        for endpoint in catalog.endpoints.values()
        if _named(operator, (endpoint.operator.id, *endpoint.operator.also))
        and region in ("", endpoint.id.partition("@")[2].partition("/")[2])
    ]
    served = [endpoint for endpoint in there if _named(model, (endpoint.upstream_model,))]
    meant = [endpoint for endpoint in there if _named(model, (endpoint.model.id, *endpoint.model.also))]
    for endpoint in (*served, *meant):
        return endpoint
    raise _missing("endpoint", catalog.endpoints, name)


def _key(kind: str, known: Mapping[str, Sequence[str]], name: str) -> str:
    if name in known:
        return name
    for key, others in known.items():
        if _named(name, (key, *others)):
            return key
    raise _missing(kind, known, name)


def _named(name: str, words: Iterable[str]) -> bool:
    return _spelled(name) in map(_spelled, words)


def _spelled(name: str) -> str:
    """`Tülu 3` and `tulu_3` are one name."""
    letters = unicodedata.normalize("NFKD", name.casefold())
    bare = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return "-".join(bare.replace("_", " ").replace("-", " ").split())


def near(name: str, known: Iterable[str]) -> str:
    """A help text: the names that hold this one, else the nearest."""
    words = list(dict.fromkeys(known))
    holding = [word for word in words if _spelled(name) in _spelled(word)]
    if 0 < len(holding) <= MOST_SHOWN:
        return "did you mean " + ", ".join(f"`{word}`" for word in holding) + "?"
    return nearest(name, words)


def _missing(kind: str, names: Iterable[str], name: str) -> GatewayError:
    return GatewayError("not_found", f"no {kind} is called `{name}`; {near(name, names)}")

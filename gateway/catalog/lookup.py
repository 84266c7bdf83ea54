"""Finding a thing of the catalogue by what a reader calls it: its id, another name, the vendor's own name for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress

from gateway.catalog.facts import Catalog, Endpoint, Lab, Model, Operator
from gateway.errors import GatewayError, nearest


def find_lab(catalog: Catalog, name: str) -> Lab:
    """Raises GatewayError not_found."""
    return catalog.labs[_key("lab", {lab.id: () for lab in catalog.labs.values()}, name)]


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
        if _is_operator(endpoint, operator) and region in ("", endpoint.id.partition("@")[2].partition("/")[2])
    ]
    served = [endpoint for endpoint in there if endpoint.upstream_model.lower() == model.lower()]
    meant = [endpoint for endpoint in there if _is_model(endpoint.model, model)]
    for endpoint in (*served, *meant):
        return endpoint
    raise _missing("endpoint", catalog.endpoints, name)


def _is_model(model: Model, name: str) -> bool:
    return name.lower() in {model.id.lower(), *(known.lower() for known in model.also)}


def _is_operator(endpoint: Endpoint, name: str) -> bool:
    return name.lower() in {endpoint.operator.id.lower(), *(known.lower() for known in endpoint.operator.also)}


def _key(kind: str, known: Mapping[str, Sequence[str]], name: str) -> str:
    if name in known:
        return name
    wanted = name.lower()
    for key, others in known.items():
        if wanted in (word.lower() for word in (key, *others)):
            return key
    raise _missing(kind, known, name)


def _missing(kind: str, names: Iterable[str], name: str) -> GatewayError:
    return GatewayError("not_found", f"no {kind} is called `{name}`; {nearest(name, names)}")

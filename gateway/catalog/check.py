"""What a reader should look into: no source, unscreened lists, unknown facts, prices that never resolve. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gateway.catalog.facts import Catalog, Endpoint, Lab, Members, Model, Operator

Thing = Lab | Model | Operator | Endpoint
Read = Callable[[Any], object]
WANTED: dict[str, tuple[tuple[str, Read], ...]] = {  # facts that a reader misses when they are not known
    "endpoint": (
        ("storage", lambda endpoint: endpoint.storage),
        ("inference", lambda endpoint: endpoint.inference),
        ("trains_on_data", lambda endpoint: endpoint.trains_on_data),
        ("retention_days", lambda endpoint: endpoint.retention_days),
        ("price", lambda endpoint: any(price.known for price in endpoint.prices) or None),
    ),
    "operator": (
        ("country", lambda operator: operator.country),
        ("parent_country", lambda operator: operator.parent_country),
        ("lists", lambda operator: operator.lists),
        ("certifications", lambda operator: operator.certifications),
        ("indemnity", lambda operator: operator.indemnity),
        ("sla", lambda operator: operator.sla),
    ),
    "model": (
        ("lineage", lambda model: model.lineage),
        ("open_weights", lambda model: model.open_weights),
        ("licence", lambda model: model.licence),
        ("decensored", lambda model: model.decensored),
        ("context_tokens", lambda model: model.context_tokens or None),
    ),
    "lab": (("country", lambda lab: lab.country), ("lists", lambda lab: lab.lists)),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """`wrong` findings make a catalogue unfit to publish; `unknown` ones are the to-do list."""

    kind: str  # wrong, unknown
    what: str  # lab, model, operator, endpoint
    id: str
    message: str


def findings(catalog: Catalog) -> tuple[Finding, ...]:
    """Wrong ones first, then what is not known."""
    return (*_unsourced(catalog), *_unread(catalog), *_unscreened(catalog), *_unlicensed(catalog), *_unknown(catalog))


def unknown_of(what: str, thing: Thing) -> tuple[str, ...]:
    """The names of the facts that are not, or not wholly, known."""
    return tuple(name for name, read in WANTED[what] if not _known(read(thing)))


def _known(value: object) -> bool:
    return value.complete if isinstance(value, Members) else value is not None


def _things(catalog: Catalog) -> list[tuple[str, Thing]]:
    return [
        *(("lab", lab) for lab in catalog.labs.values()),
        *(("operator", operator) for operator in catalog.operators.values()),
        *(("model", model) for model in catalog.models.values()),
        *(("endpoint", endpoint) for endpoint in catalog.endpoints.values()),
    ]


def _unsourced(catalog: Catalog) -> list[Finding]:
    return [
        Finding("wrong", what, thing.id, "names no source" if not thing.source else "says not when it was checked")
        for what, thing in _things(catalog)
        if not thing.source or not thing.checked
    ]


def _unread(catalog: Catalog) -> list[Finding]:
    """What an endpoint takes by its operator is the operator's to prove."""
    return [
        Finding("wrong", what, thing.id, "`takes` needs a `source` of its own, and the day it was `checked`")
        for what, thing in _things(catalog)
        if isinstance(thing, Operator | Endpoint) and thing.takes.known
        if not (thing.takes.source and thing.takes.checked)
        if isinstance(thing, Operator) or thing.takes is not thing.operator.takes
    ]


def _unscreened(catalog: Catalog) -> list[Finding]:
    return [
        Finding("wrong", what, thing.id, "lists that are known need `screened`: the day they were searched")
        for what, thing in _things(catalog)
        if isinstance(thing, Lab | Operator) and thing.lists.complete and thing.screened is None
    ]


def _unlicensed(catalog: Catalog) -> list[Finding]:
    return [
        Finding("wrong", "model", model.id, f"its licence `{model.licence}` has no row, so its family is unknown")
        for model in catalog.models.values()
        if model.licence is not None and model.licence not in catalog.licences
    ]


def _unknown(catalog: Catalog) -> list[Finding]:
    return [
        Finding("unknown", what, thing.id, ", ".join(names))
        for what, thing in _things(catalog)
        if (names := unknown_of(what, thing))
    ]

"""Operators and endpoints: compiled from rows, with exposure, lists and risk worked out."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from gateway.catalog import compile_connections, compile_logins, passing, risk
from gateway.catalog import compile_prices as bills
from gateway.catalog.auxiliary_shapes import CeilingsShape, EndpointLimitsShape, TakesRow
from gateway.catalog.compile_models import listings
from gateway.catalog.contracts import covering, discounted
from gateway.catalog.facts import ANY_MODEL, Endpoint, Members, Model, Operator, Pin, Takes
from gateway.catalog.parameters import Complain, parameters
from gateway.catalog.prices import Price, Window
from gateway.catalog.replicas import replica_problems
from gateway.catalog.rows import BodyField, Ceilings, Contract, EndpointLimits, Factor
from gateway.catalog.shapes import EndpointRow, OperatorRow
from gateway.catalog.sources import CatalogBuilder, Written
from gateway.catalog.table import CAPABILITIES
from gateway.errors import Problem, nearest
from gateway.interfaces import INTERFACES

_OF_THE_DOOR = frozenset({"stored_state", "hosted_tools"})


@dataclass(frozen=True, slots=True)
class Known:
    """What endpoints refer to. `declared_models` holds those too that were left out with a problem of their own."""

    models: Mapping[str, Model]
    operators: Mapping[str, Operator]
    declared_models: frozenset[str]
    windows: Mapping[str, Window]
    factors: Sequence[Factor]
    bills: Mapping[str, Sequence[bills.Bill]]
    contracts: Sequence[Contract]
    body_fields: Sequence[BodyField]


def operators(desk: CatalogBuilder) -> dict[str, Operator]:
    """By id, in file order."""
    rows = desk.by_id(lambda file: file.operators, lambda row: row.id)
    return {name: _operator(desk, written) for name, written in rows.items()}


def _operator(desk: CatalogBuilder, written: Written[OperatorRow]) -> Operator:
    row = written.row
    country = desk.country(written, row.country, "country")
    parent_country = desk.country(written, row.parent_country, "parent_country")
    lists = desk.lists(written, row.lists, [country, parent_country])
    certifications = row.certifications
    return Operator(
        id=row.id,
        name=row.name,
        country=country,
        parent_country=parent_country,
        lists=lists,
        certifications=Members(frozenset(certifications or ()), certifications is not None),
        indemnity=row.indemnity,
        sla=float(row.sla) if row.sla is not None else None,
        source=row.source,
        checked=row.checked,
        parent=row.parent,
        parent_source=row.parent_source,
        screened=row.screened,
        listings=listings(row.listings, lists),
        indemnity_note=row.indemnity_note,
        sla_note=row.sla_note,
        takes=_takes(row.takes, Takes()),
        note=row.note,
        also=tuple(row.also),
    )


def _takes(row: TakesRow | None, otherwise: Takes) -> Takes:
    """Fact by fact; the source is that of the nearer row which says anything."""
    if row is None:
        return otherwise
    facts = ("limit_field", "custom_tools", "messages_version")
    said = {name: getattr(row, name) for name in facts if getattr(row, name) is not None}
    return replace(otherwise, **said, source=row.source, checked=row.checked) if said else otherwise


def endpoints(desk: CatalogBuilder, known: Known) -> dict[str, Endpoint]:
    """By id, in file order; the index is the position."""
    rows = desk.by_id(lambda file: file.endpoints, lambda row: row.id)
    found: dict[str, Endpoint] = {}
    for name, written in rows.items():
        endpoint = _endpoint(desk, written, known)
        if endpoint is not None:
            found[name] = replace(endpoint, index=len(found))
    _strangers(desk, rows, known)
    return found


def _strangers(desk: CatalogBuilder, rows: Mapping[str, Written[EndpointRow]], known: Known) -> None:
    for name, billed in known.bills.items():
        if name not in rows:
            _, written, _ = billed[0]
            help_ = nearest(name, rows)
            desk.problems.append(written.problem(f"no endpoint is called `{name}`", "endpoint", help=help_))


def _endpoint(desk: CatalogBuilder, written: Written[EndpointRow], known: Known) -> Endpoint | None:
    parts = _parts(desk, written)
    if parts is None:
        return None
    model, operator = _resolved(desk, written, parts, known)
    desk.problems += [*replica_problems(written), *_pin_problems(written), *compile_logins.problems(written)]
    desk.problems += compile_connections.problems(written)
    if model is None or operator is None:
        return None
    if model.id == ANY_MODEL:
        desk.problems += passing.problems(written)
    endpoint = compile_connections.connected(_plain(desk, written, model, operator), written.row)
    wrong: list[Problem] = []
    tuned = parameters(written.row.parameters, known.body_fields, _complaint(written, wrong))
    endpoint = replace(endpoint, prices=_prices(desk, written, endpoint, known), parameters=tuned)
    desk.problems += wrong
    desk.problems += [*_price_problems(written, endpoint), *_state_problems(written, endpoint)]
    level, reasons = risk.assess(endpoint, known.factors)
    return replace(endpoint, risk=level, risk_reasons=reasons)


def _complaint(written: Written[EndpointRow], found: list[Problem]) -> Complain:
    """Adds to `found` what is wrong below the row's `parameters`."""

    def complain(message: str, path: tuple[str | int, ...], help: str) -> None:
        found.append(written.problem(message, "parameters", *path, help=help))

    return complain


def _parts(desk: CatalogBuilder, written: Written[EndpointRow]) -> tuple[str, str] | None:
    row = written.row
    model, at, place = row.id.partition("@")
    operator, slash, region = place.partition("/")
    if not (model and at and operator) or "@" in place or (slash and not region) or re.search(r"\s", row.id):
        help_ = "write model@operator, or model@operator/region"
        desk.problems.append(written.problem(f"`{row.id}` is no endpoint id", "id", help=help_))
        return None
    for name, given, meant in (("model", row.model, model), ("operator", row.operator, operator)):
        if given is not None and given != meant:
            desk.problems.append(written.problem(f"`{name}` is `{given}`, but the id says `{meant}`", name))
            return None
    return model, operator


def _resolved(
    desk: CatalogBuilder, written: Written[EndpointRow], parts: tuple[str, str], known: Known
) -> tuple[Model | None, Operator | None]:
    model, operator = known.models.get(parts[0]), known.operators.get(parts[1])
    if parts[0] == ANY_MODEL:
        model = passing.unknown_model()
    elif parts[0] not in known.declared_models:
        where = "model" if written.row.model else "id"
        help_ = nearest(parts[0], known.declared_models)
        desk.problems.append(written.problem(f"no model is called `{parts[0]}`", where, help=help_))
    if operator is None:
        where = "operator" if written.row.operator else "id"
        help_ = nearest(parts[1], known.operators)
        desk.problems.append(written.problem(f"no operator is called `{parts[1]}`", where, help=help_))
    return model, operator


def _plain(desk: CatalogBuilder, written: Written[EndpointRow], model: Model, operator: Operator) -> Endpoint:
    row = written.row
    storage = desk.places(written, row.storage, "storage")
    inference = desk.places(written, row.inference, "inference")
    lacks = desk.words(written, row.cannot, CAPABILITIES, "cannot")
    return Endpoint(
        id=row.id,
        model=model,
        operator=operator,
        hosting=row.hosting,
        storage=storage,
        inference=inference,
        exposure=_home(operator.country) | _home(operator.parent_country) | storage | inference,
        lists=operator.lists | model.lab_lists,
        risk="high",
        risk_reasons=(),
        trains_on_data=row.trains_on_data,
        retention_days=row.retention_days,
        quantization=row.quantization,
        api=row.api,
        replicas=compile_logins.ways(row),
        upstream_model=row.upstream_model or model.id,
        prices=(),
        usd_per_hour=row.usd_per_hour,
        output_tokens_per_s=row.output_tokens_per_s,
        can=(model.can - lacks) | desk.words(written, row.can or [], CAPABILITIES, "can"),
        pin=Pin(row.pin.host_suffix, row.pin.cidr, row.pin.certificate) if row.pin else None,
        source=row.source,
        checked=row.checked,
        kinds=frozenset(row.kinds) if row.kinds is not None else model.kinds,
        vendor=row.vendor or operator.id,
        ends=row.ends,
        note=row.note,
        takes_usage_option=row.adds.stream_options,
        enabled=row.enabled,
        takes=_takes(row.takes, operator.takes),
        credentials=compile_logins.credentials(row),
        ceilings=_ceilings(row.ceilings),
        limits=_limits(row.limits),
    )


def _ceilings(row: CeilingsShape | None) -> Ceilings | None:
    if row is None:
        return None
    queue_s = None if row.queue_s is None else float(row.queue_s)
    ceilings = Ceilings(row.requests_per_minute, row.tokens_per_minute, row.at_once, row.queue, queue_s)
    return ceilings if ceilings != Ceilings() else None


def _limits(row: EndpointLimitsShape | None) -> EndpointLimits | None:
    if row is None:
        return None
    names = ("first_byte_s", "whole_s", "idle_s", "total_s")
    seconds = {name: float(said) for name in names if (said := getattr(row, name)) is not None}
    limits = EndpointLimits(**seconds, usd=row.usd)
    return limits if limits != EndpointLimits() else None


def _home(country: str | None) -> Members:
    return Members(frozenset(), complete=False) if country is None else Members(frozenset({country}))


def _prices(desk: CatalogBuilder, written: Written[EndpointRow], endpoint: Endpoint, known: Known) -> tuple[Price, ...]:
    own: list[bills.Bill] = [(row, written, ("prices", number)) for number, row in enumerate(written.row.prices)]
    given = [*own, *known.bills.get(endpoint.id, ())]
    free, input_only = endpoint.hosting == "self", _embeds(endpoint.model)
    prices = bills.prices(desk, given, known.windows, free=free, input_only=input_only)
    return discounted(prices, covering(known.contracts, endpoint.operator.id, endpoint.model.id))


def _embeds(model: Model) -> bool:
    return not any(INTERFACES[kind].writes for kind in model.kinds)


def _pin_problems(written: Written[EndpointRow]) -> list[Problem]:
    pin = written.row.pin
    if pin is None or pin.cidr is None:
        return []
    try:
        ipaddress.ip_network(pin.cidr, strict=False)
    except ValueError:
        return [written.problem("this is no network", "pin", "cidr", help="write it like 10.0.0.0/8")]
    return []


def _price_problems(written: Written[EndpointRow], endpoint: Endpoint) -> list[Problem]:
    if endpoint.hosting != "self" or any(price.known for price in endpoint.prices):
        return []
    help_ = "add `prices: [{since: …, input: …, output: …}]`: what a million tokens cost you"
    return [written.problem(f"own machines declare a price, and `{endpoint.id}` has none", help=help_)]


def _state_problems(written: Written[EndpointRow], endpoint: Endpoint) -> list[Problem]:
    kept = sorted(endpoint.can & _OF_THE_DOOR)
    if not kept or (endpoint.storage.complete and endpoint.inference.complete):
        return []
    message = f"`{kept[0]}` keeps or moves data, so `storage` and `inference` must be known"
    return [written.problem(message, "can", help="say where, or take it out of `can`")]

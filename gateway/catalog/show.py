"""All that is known about a lab, a model, an operator or an endpoint, and from where, as plain data. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import fields
from datetime import date, datetime
from decimal import Decimal
from math import inf
from typing import Any

from gateway.catalog import lookup
from gateway.catalog.facts import Catalog, Endpoint, Lab, Members, Model, Operator, Takes
from gateway.catalog.prices import TOKENS_APART, Price
from gateway.catalog.rows import Ceilings, EndpointLimits, Licence, Listing, Notice
from gateway.errors import GatewayError

Row = dict[str, Any]


def whole(catalog: Catalog) -> dict[str, list[Row]]:
    """Everything; sets are lists of the members that are known, and `incomplete` names those that may have others."""
    return {
        "labs": [lab_row(catalog, lab) for lab in catalog.labs.values()],
        "models": [model_row(catalog, model) for model in catalog.models.values()],
        "operators": [operator_row(catalog, operator) for operator in catalog.operators.values()],
        "endpoints": [endpoint_row(catalog, endpoint) for endpoint in catalog.endpoints.values()],
        "licences": [licence_row(licence) for licence in catalog.licences.values()],
        "notices": [_plain_row(notice) for notice in catalog.notices],
    }


def named(catalog: Catalog, name: str) -> Row:
    """Whatever bears the name, by kind: a company is often lab and operator at once. Raises GatewayError not_found."""
    if "@" in name:
        return {"endpoint": endpoint_row(catalog, lookup.find_endpoint(catalog, name))}
    found: Row = {}
    for kind, find, row in _KINDS:
        with suppress(GatewayError):
            found[kind] = row(catalog, find(catalog, name))
    if not found:
        known = [*catalog.models, *catalog.operators, *catalog.labs, *_others(catalog)]
        raise GatewayError("not_found", f"nothing is called `{name}`; {lookup.near(name, known)}")
    return found


def _others(catalog: Catalog) -> list[str]:
    named = [model.also for model in catalog.models.values()] + [row.also for row in catalog.operators.values()]
    return [word for also in named for word in also]


def lab_row(catalog: Catalog, lab: Lab) -> Row:
    row: Row = {"id": lab.id, "name": lab.name, "country": lab.country, "owner": lab.owner}
    row |= _sets({"lists": lab.lists})
    row |= {"listings": _listings(lab.listings), "screened": _plain(lab.screened), "note": lab.note}
    row["models"] = [model.id for model in catalog.models.values() if model.lab is lab]
    return row | _end(catalog, [lab.id], {"lab": _source(lab)})


def model_row(catalog: Catalog, model: Model) -> Row:
    line = [catalog.models[name].lab for name in model.ancestors]
    row: Row = {"id": model.id, "also": list(model.also), "lab": model.lab.id, "origin": model.origin}
    row |= {"base": _plain(model.bases), "ancestors": list(model.ancestors), "certainty": model.certainty}
    row |= {"router_of": _plain(model.router_of)}
    row |= _sets({"lineage": model.lineage, "lists": model.lab_lists})
    row["listings"] = _listings(_each([model.lab, *line]))
    row |= _licensed(catalog, model)
    row |= {"decensored": model.decensored, "context_tokens": model.context_tokens or None}
    row |= {"output_limit": model.output_limit, "kinds": sorted(model.kinds), "can": sorted(model.can)}
    row |= {"benchmark_tokens": dict(model.benchmark_tokens), "note": model.note}
    row["endpoints"] = [endpoint.id for endpoint in catalog.endpoints.values() if endpoint.model is model]
    return row | _end(catalog, [model.id, model.lab.id, *model.ancestors], _model_sources(catalog, model))


def operator_row(catalog: Catalog, operator: Operator) -> Row:
    row: Row = {"id": operator.id, "also": list(operator.also), "name": operator.name, "country": operator.country}
    row |= {"parent": operator.parent, "parent_country": operator.parent_country}
    row |= _sets({"lists": operator.lists, "certifications": operator.certifications})
    row |= {"listings": _listings(operator.listings), "screened": _plain(operator.screened)}
    row |= {"indemnity": operator.indemnity, "indemnity_note": operator.indemnity_note}
    row |= {"sla": operator.sla, "sla_note": operator.sla_note, "takes": _takes(operator.takes), "note": operator.note}
    row["endpoints"] = [endpoint.id for endpoint in catalog.endpoints.values() if endpoint.operator is operator]
    return row | _end(catalog, [operator.id], _operator_sources(operator))


def endpoint_row(catalog: Catalog, endpoint: Endpoint) -> Row:
    model, operator = endpoint.model, endpoint.operator
    line = [catalog.models[name].lab for name in model.ancestors]
    row: Row = {"id": endpoint.id, "model": model.id, "lab": model.lab.id, "origin": model.origin}
    row |= {"base": _plain(model.bases), "ancestors": list(model.ancestors), "certainty": model.certainty}
    row |= {"decensored": model.decensored} | _licensed(catalog, model)
    row |= {"operator": operator.id, "operator_name": operator.name, "operator_country": operator.country}
    row |= {"parent": operator.parent, "parent_country": operator.parent_country}
    row |= {"hosting": endpoint.hosting, "trains_on_data": endpoint.trains_on_data}
    row |= {"retention_days": endpoint.retention_days, "quantization": endpoint.quantization}
    row |= _sets(
        {
            "lineage": model.lineage,
            "storage": endpoint.storage,
            "inference": endpoint.inference,
            "exposure": endpoint.exposure,
            "lists": endpoint.lists,
            "certifications": operator.certifications,
        }
    )
    row["listings"] = _listings([*operator.listings, *_each([model.lab, *line])])
    row |= {"risk": endpoint.risk, "risk_reasons": list(endpoint.risk_reasons)}
    row |= {"indemnity": operator.indemnity, "sla": operator.sla, "context_tokens": model.context_tokens or None}
    row |= {"kinds": sorted(endpoint.kinds), "can": sorted(endpoint.can), "api": endpoint.api}
    row |= {"adds": {"stream_options": endpoint.takes_usage_option}, "takes": _takes(endpoint.takes)}
    row |= {"base_url": endpoint.base_url, "upstream_model": endpoint.upstream_model, "key_env": endpoint.key_env}
    row["replicas"] = [
        {"base_url": each.base_url, "key": str(each.key) if each.key else None, "weight": each.weight}
        for each in endpoint.replicas
    ]
    row["credentials"] = {part.part: part.value or str(part) for part in endpoint.credentials}
    row |= {"prices": [price_row(price) for price in endpoint.prices], "usd_per_hour": _plain(endpoint.usd_per_hour)}
    row |= {"output_tokens_per_s": endpoint.output_tokens_per_s} if endpoint.usd_per_hour else {}
    row |= {name: _said(bounds) for name in ("ceilings", "limits") if (bounds := getattr(endpoint, name)) is not None}
    row |= _connections(endpoint) | {"ends": _plain(endpoint.ends), "enabled": endpoint.enabled, "note": endpoint.note}
    sources = {"endpoint": _source(endpoint), **_model_sources(catalog, model), **_operator_sources(operator)}
    if endpoint.takes.known:
        sources["takes"] = _source(endpoint.takes)
    sources["prices"] = _price_sources(endpoint)
    return row | _end(catalog, [endpoint.id, model.id, model.lab.id, operator.id, *model.ancestors], sources)


_KINDS: tuple[tuple[str, Callable[[Catalog, str], Any], Callable[[Catalog, Any], Row]], ...] = (
    ("model", lookup.find_model, model_row),
    ("operator", lookup.find_operator, operator_row),
    ("lab", lookup.find_lab, lab_row),
)


def licence_row(licence: Licence) -> Row:
    row = _plain_row(licence)
    known = row.pop("read")
    gates = {name: row.pop(name) for name in list(row) if name not in ("id", "name", "family", "source")}
    said = {name: value for name, value in gates.items() if value not in (None, [])}
    return row | {"gates": said if known else None}


def price_row(price: Price) -> Row:
    """A price in US dollars per million tokens, or by piece, as decimal strings; what is not there is not shown."""
    row = {
        "since": _plain(price.since),
        "until": _plain(price.until),
        **{name: _plain(getattr(price, name)) for name in _RATES},
        **_pieces(price),
        "free": price.free or None,
        "tiers": [{"above": above, **_rates(tier)} for above, tier in price.tiers],
        "windows": [{"window": window.id, **_rates(inner)} for window, inner in price.windows],
        "batch": _rates(price.batch) if price.batch else None,
        "contract": price.contract or None,
        "discount_percent": _plain(price.discount_percent),
        "currency": price.currency,
        "rate_date": _plain(price.rate_date),
        "applied": price.applied,
        "from": price.source,
        "source": price.read_from,
    }
    return {name: value for name, value in row.items() if value not in (None, [])}


def _pieces(price: Price) -> Row:
    """What is priced by piece, as it is written in a price row."""
    if price.units is None:
        return {}
    names = ("image", "audio_minute", "characters", "searches", *TOKENS_APART)
    row: Row = {name: _plain(getattr(price.units, name)) for name in names}
    row["images"] = [{"variant": variant, "usd": _plain(usd)} for variant, usd in price.units.images]
    return row


_RATES = ("input", "output", "cached_input", "cache_write", "reasoning", "thinking_output")


def _rates(price: Price) -> Row:
    return {name: _plain(value) for name in _RATES if (value := getattr(price, name)) is not None}


def _licensed(catalog: Catalog, model: Model) -> Row:
    licence = catalog.licences.get(model.licence or "")
    gates = licence_row(licence)["gates"] if licence else None
    return {
        "open_weights": model.open_weights,
        "licence": model.licence,
        "licence_family": model.licence_family,
        "licence_gates": gates,
    }


def _sets(parts: Mapping[str, Members]) -> Row:
    """An unknown set with no known member is null."""
    row: Row = {name: sorted(part.known) if part.known or part.complete else None for name, part in parts.items()}
    row["incomplete"] = [name for name, part in parts.items() if not part.complete]
    return row


def _each(labs: Sequence[Lab]) -> list[Listing]:
    return [listing for lab in dict.fromkeys(lab.id for lab in labs) for listing in _of(labs, lab)]


def _of(labs: Sequence[Lab], name: str) -> tuple[Listing, ...]:
    return next(lab.listings for lab in labs if lab.id == name)


def _listings(rows: Sequence[Listing]) -> list[Row]:
    return [_plain_row(row) for row in dict.fromkeys(rows)]


def _end(catalog: Catalog, names: Sequence[str], sources: Row) -> Row:
    about = [_plain_row(notice) for notice in catalog.notices if _concerns(notice, names)]
    return {"notices": about, "sources": sources}


def _concerns(notice: Notice, names: Sequence[str]) -> bool:
    return bool(set(notice.about) & set(names))


def _takes(takes: Takes) -> Row:
    version = _plain(takes.messages_version)
    return {"limit_field": takes.limit_field, "custom_tools": takes.custom_tools, "messages_version": version}


def _source(row: Lab | Model | Operator | Endpoint | Takes) -> Row:
    return {"source": row.source, "checked": _plain(row.checked)}


def _model_sources(catalog: Catalog, model: Model) -> Row:
    licence = catalog.licences.get(model.licence or "")
    sources = {"model": _source(model), "lab": _source(model.lab)}
    return sources | ({"licence": {"source": licence.source, "checked": None}} if licence else {})


def _operator_sources(operator: Operator) -> Row:
    sources = {"operator": _source(operator)}
    if operator.parent_source:
        sources["parent"] = {"source": operator.parent_source, "checked": _plain(operator.checked)}
    if operator.takes.known:
        sources["takes"] = _source(operator.takes)
    return sources


def _price_sources(endpoint: Endpoint) -> list[Row]:
    return [{"since": _plain(p.since), "from": p.source, "source": p.read_from} for p in endpoint.prices]


def _said(bounds: Ceilings | EndpointLimits) -> Row:
    return {name: value for name, value in _plain_row(bounds).items() if value not in (None, inf)}


def _connections(endpoint: Endpoint) -> Row:
    """As a row of a catalogue writes it; what is not given is left out."""
    proxy, tls = endpoint.proxy, endpoint.tls
    row: Row = {}
    if proxy is not None:
        row["proxy"] = {name: said for name, said in _plain_row(proxy).items() if said is not None} or True
    if tls is not None:
        row |= {"ca_file": tls.authorities, "client_cert": tls.certificate, "client_key": tls.key}
    return {name: value for name, value in row.items() if value is not None}


def _plain_row(row: Any) -> Row:
    return {field.name: _plain(getattr(row, field.name)) for field in fields(row)}


def _plain(value: object) -> Any:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, tuple | frozenset):
        return [_plain(item) for item in (value if isinstance(value, tuple) else sorted(value, key=str))]
    return value

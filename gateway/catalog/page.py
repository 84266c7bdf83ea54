"""The catalogue as a page: endpoints by origin of their weights, exposure and price. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gateway.catalog.check import unknown_of
from gateway.catalog.countries import EU, NDAA_1532_DOMICILES
from gateway.catalog.facts import Catalog, Endpoint, Members
from gateway.catalog.prices import Price, price_at

COVERED = NDAA_1532_DOMICILES | {"HK", "MO"}
EXPOSURES = ("China", "European Union only", "elsewhere", "not wholly known")
HEAD = """# The catalogue

This page is generated from `policies/catalog/` by `tools/catalogue_page.py`; a test keeps it so. Corrections
belong into the YAML files, with a source and the day it was read. `gateway catalog check` lists what is unknown;
an unknown is never filled in by guessing.

* `labs.yaml`, `models.yaml`: whose weights, made from what, under which licence
* `operators.yaml`, `endpoints-*.yaml`: whose machines, owned by whom, storing and computing where
* `prices.yaml`: written by `gateway catalog refresh --write` from two pinned price maps (`make dialects` installs
  them)
* `notices.yaml`: bans, incidents and findings, for a reader
* licences with their gates, ways of saying no, body fields, reasoning parameters, price windows and the risk rule
  ship in the package (`gateway/catalog/data/`); a folder's rows add to them or stand in for them

`gateway catalog show X` (any name; or `--model X`, `--operator`, `--endpoint`, `--lab`) prints all that is known
and from where; `gateway catalog price` says what a usage costs at a time; `gateway report vendors` is the risk
register.
"""
COLUMNS = ("endpoint", "output $/M", "input $/M", "stored", "computed", "trains", "licence", "risk")

_PIECES = {
    "image": "an image",
    "audio_minute": "a minute",
    "characters": "a million characters",
    "searches": "a thousand searches",
    "image_input": "a million tokens of pictures read",
    "image_output": "a million tokens of pictures made",
    "audio_input": "a million tokens of sound heard",
    "audio_output": "a million tokens of sound spoken",
}


def page(catalog: Catalog) -> str:
    """Prices are list prices of a short request on the day of the newest price row, outside any window."""
    at = max(row.since.timestamp() for endpoint in catalog.endpoints.values() for row in endpoint.prices)
    parts = [HEAD, _counts(catalog), "\n## Endpoints by origin of the weights, exposure and price\n"]
    for origin in _origins(catalog.endpoints.values()):
        for exposure in EXPOSURES:
            found = [e for e in catalog.endpoints.values() if e.model.origin == origin and _exposure(e) == exposure]
            if found:
                parts.append(
                    f"\n### Weights from {origin or 'nobody knows where'}, exposure: {exposure}\n\n{_table(found, at)}"
                )
    return "".join(parts)


def _counts(catalog: Catalog) -> str:
    endpoints = catalog.endpoints.values()
    whole = [endpoint for endpoint in endpoints if not unknown_of("endpoint", endpoint)]
    return (
        f"\n{len(catalog.labs)} labs, {len(catalog.models)} models, {len(catalog.operators)} operators and "
        f"{len(catalog.endpoints)} endpoints; of {len(whole)} endpoints storage, computing, training, retention and "
        "price are all known.\n"
    )


def _origins(endpoints: Iterable[Endpoint]) -> list[str | None]:
    found = {endpoint.model.origin for endpoint in endpoints}
    return [*sorted(country for country in found if country), *([None] if None in found else [])]


def _exposure(endpoint: Endpoint) -> str:
    exposure = endpoint.exposure
    if exposure.known & COVERED:
        return "China"
    if not exposure.complete:
        return "not wholly known"
    return "European Union only" if exposure.known <= EU else "elsewhere"


def _table(endpoints: Sequence[Endpoint], at: float) -> str:
    rows = sorted(endpoints, key=lambda endpoint: (_usd(endpoint, at) is None, _usd(endpoint, at) or 0.0, endpoint.id))
    head = f"| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}\n"
    return head + "".join(_line(endpoint, at) for endpoint in rows)


def _usd(endpoint: Endpoint, at: float) -> float | None:
    price = price_at(endpoint.prices, at=at, input_tokens=0)
    return float(price.output) if price is not None and price.output is not None else None


def _line(endpoint: Endpoint, at: float) -> str:
    price = price_at(endpoint.prices, at=at, input_tokens=0)
    cells = (
        f"`{endpoint.id}`",
        f"{price.output.normalize():f}" if price is not None and price.output is not None else _by_piece(price),
        f"{price.input.normalize():f}" if price is not None and price.input is not None else "?",
        _members(endpoint.storage),
        _members(endpoint.inference),
        {True: "yes", False: "no", None: "?"}[endpoint.trains_on_data],
        endpoint.model.licence or "?",
        endpoint.risk,
    )
    return f"| {' | '.join(cells)} |\n"


def _by_piece(price: Price | None) -> str:
    """What is priced beside tokens; `?` for what nobody knows."""
    rates = ((getattr(price and price.units, name, None), words) for name, words in _PIECES.items())
    return ", ".join(f"{usd.normalize():f} {words}" for usd, words in rates if usd is not None) or "?"


def _members(part: Members) -> str:
    known = sorted(part.known)
    names = ["EU"] if part.known == EU else known
    return " ".join([*names, *([] if part.complete else ["?"])]) or "nowhere"

"""`gateway report focus`: costs in the columns of FOCUS 1.2, which FinOps tools read. Pure.

Column names: the FinOps Open Cost and Usage Specification, version 1.2 (focus.finops.org): its mandatory columns, some
of its optional ones, and our own behind `x_`.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from typing_extensions import TypedDict  # on Python 3.11 pydantic reads no other

from gateway.catalog.facts import Catalog, Endpoint
from gateway.catalog.prices import cost
from gateway.outcome.row import SERVING, Row, Tried
from gateway.policy.compiled import Policy
from gateway.report.dimensions import place_of

Key = tuple[date, str, str, str, str]  # day, endpoint, team, app, purpose

BRIEF = ("ChargePeriodStart", "ResourceId", "Tags", "ConsumedQuantity", "ListCost", "BilledCost")  # what differs


class FocusRow(TypedDict):
    """A line in the columns of FOCUS 1.2, in its spelling; times are ISO 8601, UTC."""

    BilledCost: str
    BillingAccountId: str
    BillingAccountName: str
    BillingCurrency: str
    BillingPeriodEnd: str
    BillingPeriodStart: str
    ChargeCategory: str
    ChargeClass: None
    ChargeDescription: str
    ChargePeriodEnd: str
    ChargePeriodStart: str
    ContractedCost: str
    EffectiveCost: str
    InvoiceIssuerName: str
    ListCost: str
    PricingQuantity: int
    PricingUnit: str
    ProviderName: str
    PublisherName: str
    ServiceCategory: str
    ServiceName: str
    ConsumedQuantity: int
    ConsumedUnit: str
    ResourceId: str
    SkuId: str
    Tags: str
    x_Origin: str


class FocusReport(TypedDict):
    """By day."""

    rows: list[FocusRow]


@dataclass(slots=True)
class _Sum:
    tokens: int = 0
    billed_usd: Decimal = Decimal(0)
    list_usd: Decimal = Decimal(0)


def focus(rows: Iterable[Row], policy: Policy) -> FocusReport:
    """One row a day, endpoint, team, app and purpose; whatever was paid for is in it, measuring too."""
    sums: dict[Key, _Sum] = defaultdict(_Sum)
    listed = {id: _listed(endpoint) for id, endpoint in policy.catalog.endpoints.items()}
    for row in rows:
        for attempt in row.attempts:
            day = row.at.astimezone(UTC).date()
            found = sums[day, attempt.endpoint, row.team or "", row.app or "", attempt.purpose]
            found.tokens += attempt.tokens.input_tokens + attempt.tokens.output_tokens
            found.billed_usd += attempt.cost_usd or 0
            at = row.priced_at(attempt) if attempt.purpose in SERVING else row.ended
            found.list_usd += _list_usd(listed.get(attempt.endpoint), attempt, at)
    return {"rows": [_row(key, sums[key], policy.catalog) for key in sorted(sums)]}


def _listed(endpoint: Endpoint) -> Endpoint:
    """The endpoint as one without a contract would see it."""
    return replace(endpoint, prices=tuple(price for price in endpoint.prices if not price.contract))


def _list_usd(endpoint: Endpoint | None, attempt: Tried, at: float) -> Decimal:
    """At list price; what was billed, where that is not known or nothing was used."""
    found = cost(endpoint.prices, attempt.tokens, at=at) if endpoint is not None and attempt.usage is not None else None
    return found[0] if found is not None else attempt.cost_usd or Decimal(0)


def _row(key: Key, found: _Sum, catalog: Catalog) -> FocusRow:
    day, endpoint, team, app, purpose = key
    model, operator, origin = (place_of(catalog, fact)(endpoint)[0] for fact in ("model", "operator", "origin"))
    known = catalog.operators.get(operator)
    provider, billed = known.name if known else operator, format(found.billed_usd, "f")
    return {
        "BilledCost": billed,
        "BillingAccountId": operator,
        "BillingAccountName": provider,
        "BillingCurrency": "USD",
        "BillingPeriodEnd": _iso((day.replace(day=1) + timedelta(days=32)).replace(day=1)),
        "BillingPeriodStart": _iso(day.replace(day=1)),
        "ChargeCategory": "Usage",
        "ChargeClass": None,
        "ChargeDescription": f"{model} at {provider}",
        "ChargePeriodEnd": _iso(day + timedelta(days=1)),
        "ChargePeriodStart": _iso(day),
        "ContractedCost": billed,
        "EffectiveCost": billed,
        "InvoiceIssuerName": provider,
        "ListCost": format(found.list_usd, "f"),
        "PricingQuantity": found.tokens,
        "PricingUnit": "Tokens",
        "ProviderName": provider,
        "PublisherName": provider,
        "ServiceCategory": "AI and Machine Learning",
        "ServiceName": "Language models",
        "ConsumedQuantity": found.tokens,
        "ConsumedUnit": "Tokens",
        "ResourceId": endpoint,
        "SkuId": model,
        "Tags": json.dumps({"app": app, "purpose": purpose, "team": team}, ensure_ascii=False),
        "x_Origin": origin,
    }


def _iso(day: date) -> str:
    return datetime(day.year, day.month, day.day, tzinfo=UTC).isoformat().replace("+00:00", "Z")

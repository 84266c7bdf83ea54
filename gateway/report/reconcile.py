"""`gateway report reconcile INVOICE.csv`: what was invoiced against what was recorded. Pure."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from typing import Any

from gateway.catalog.facts import Catalog, Endpoint
from gateway.outcome.row import Row
from gateway.policy.compiled import Policy
from gateway.report.table import NotATable

NOTHING = Decimal(0)


def read_invoice(text: str) -> list[tuple[str, Decimal]]:
    """A CSV with the columns `item` and `usd`, among others perhaps. Raises NotATable."""
    reader = csv.DictReader(text.splitlines())
    if not {"item", "usd"} <= set(reader.fieldnames or ()):
        raise NotATable("the invoice needs a header with `item` (an endpoint, an operator, a model) and `usd`")
    return [(line["item"].strip(), _usd(line["usd"], number)) for number, line in enumerate(reader, 2)]


def _usd(text: str | None, number: int) -> Decimal:
    try:
        found = Decimal((text or "").replace(",", "").replace("$", "").strip())
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite():
        raise NotATable(f"line {number}: `{text}` is no amount of US dollars")
    return found


def reconcile(rows: Iterable[Row], policy: Policy, invoice: Iterable[tuple[str, Decimal]]) -> dict[str, Any]:
    """The report as JSON: the invoice's items in their order, then the hosted endpoints that none of them names."""
    recorded: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        for attempt in row.attempts:
            recorded[attempt.endpoint] += attempt.cost_usd or NOTHING
    lines, named = [], set()
    for item, usd in invoice:
        covered = _covered(item, recorded, policy.catalog)
        named |= covered
        lines.append(_line(item, usd, sum((recorded[id] for id in covered), NOTHING), known=bool(covered)))
    lines += [_line(id, NOTHING, recorded[id], known=True) for id in sorted(_hosted(policy.catalog, recorded) - named)]
    return {"rows": lines}


def _covered(item: str, recorded: Iterable[str], catalog: Catalog) -> set[str]:
    """Ids of recorded endpoints that an item of an invoice stands for."""
    return {
        id
        for id in recorded
        if item == id or ((endpoint := catalog.endpoints.get(id)) is not None and item in _names(endpoint))
    }


def _names(endpoint: Endpoint) -> set[str]:
    operator, model = endpoint.operator, endpoint.model
    return {operator.id, operator.name, model.id, endpoint.upstream_model, f"{model.id}@{operator.id}"}


def _hosted(catalog: Catalog, recorded: dict[str, Decimal]) -> set[str]:
    """Nobody sends an invoice for one's own machines."""
    owned = {id for id, endpoint in catalog.endpoints.items() if endpoint.hosting == "self"}
    return {id for id, usd in recorded.items() if usd and id not in owned}


def _line(item: str, invoiced: Decimal, recorded: Decimal, *, known: bool) -> dict[str, Any]:
    return {
        "item": item,
        "invoiced_usd": format(invoiced, "f"),
        "recorded_usd": format(recorded, "f"),
        "difference_usd": format(invoiced - recorded, "f"),
        "difference_percent": float(100 * (invoiced - recorded) / recorded) if recorded else None,
        "known": known,
    }

"""`gateway report reconcile INVOICE.csv`: what was invoiced against what was recorded and is owed. Pure."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation

from typing_extensions import TypedDict  # on Python 3.11 pydantic reads no other

from gateway.catalog.contracts import committed_usd
from gateway.catalog.facts import Catalog, Endpoint, Operator
from gateway.outcome.row import Row
from gateway.policy.compiled import Policy
from gateway.report.table import NotATable

NOTHING = Decimal(0)
Used = dict[datetime, dict[str, Decimal]]  # by month and endpoint, in US dollars


def read_invoice(text: str) -> list[tuple[str, Decimal]]:
    """A CSV with the columns `item` and `usd`, among others perhaps. Raises NotATable."""
    reader = csv.DictReader(text.splitlines())
    if not {"item", "usd"} <= set(reader.fieldnames or ()):
        raise NotATable("the invoice needs a header with `item` (an endpoint, an operator, a model) and `usd`")
    return [(line["item"].strip(), _usd(line["usd"], number)) for number, line in enumerate(reader, 2)]


class ReconcileRow(TypedDict):
    """One item of the invoice, or what was recorded and no item names. US dollars as decimal texts."""

    item: str
    invoiced_usd: str
    recorded_usd: str
    owed_usd: str
    difference_usd: str
    difference_percent: float | None  # None: nothing was owed
    known: bool  # the item stands for something recorded or agreed


class ReconcileReport(TypedDict):
    """The invoice's items first."""

    rows: list[ReconcileRow]


def _usd(text: str | None, number: int) -> Decimal:
    try:
        found = Decimal((text or "").replace(",", "").replace("$", "").strip())
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite():
        raise NotATable(f"line {number}: `{text}` is no amount of US dollars")
    return found


def reconcile(rows: Iterable[Row], policy: Policy, invoice: Iterable[tuple[str, Decimal]]) -> ReconcileReport:
    """The report as JSON: the invoice's items, each once, then what none of them names and is to be paid for.

    `owed_usd` is what was recorded; for an operator with a commitment, also what its months fell short of that.
    """
    used, catalog = _used(rows), policy.catalog
    recorded: dict[str, Decimal] = defaultdict(Decimal)
    for spent in used.values():
        for id, usd in spent.items():
            recorded[id] += usd
    short = _short(used, catalog)
    invoiced: dict[str, Decimal] = defaultdict(Decimal)
    for item, usd in invoice:
        invoiced[item] += usd
    lines, named = [], set()
    for item, usd in invoiced.items():
        covered = _covered(item, recorded, catalog)
        shortfall = sum((short.pop(id) for id in _operators(item, catalog) if id in short), NOTHING)
        named |= covered
        lines.append(_line(item, usd, _sum(recorded, covered), shortfall, known=bool(covered) or shortfall > 0))
    for operator, usd in short.items():
        covered = _covered(operator, recorded, catalog) - named
        named |= covered
        lines.append(_line(operator, NOTHING, _sum(recorded, covered), usd, known=True))
    for id in sorted(_hosted(catalog, recorded) - named):
        lines.append(_line(id, NOTHING, recorded[id], NOTHING, known=True))
    return {"rows": lines}


def _used(rows: Iterable[Row]) -> Used:
    used: Used = defaultdict(lambda: defaultdict(Decimal))
    for row in rows:
        month = row.at.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        for attempt in row.attempts:
            used[month][attempt.endpoint] += attempt.cost_usd or NOTHING
    return used


def _short(used: Used, catalog: Catalog) -> dict[str, Decimal]:
    """By operator: what the months fell short of its commitment; operators that nothing more is owed are left out."""
    found: dict[str, Decimal] = defaultdict(Decimal)
    for month in _months(used):
        for operator in {contract.operator for contract in catalog.contracts}:
            spent = _sum(used[month], _covered(operator, used[month], catalog))
            found[operator] += max(committed_usd(catalog.contracts, operator, month) - spent, NOTHING)
    return {operator: found[operator] for operator in sorted(found) if found[operator]}


def _operators(item: str, catalog: Catalog) -> list[str]:
    return [operator.id for operator in catalog.operators.values() if item.casefold() in _operator_names(operator)]


def _sum(usd: Mapping[str, Decimal], ids: Iterable[str]) -> Decimal:
    return sum((usd.get(id, NOTHING) for id in ids), NOTHING)


def _months(used: Used) -> list[datetime]:
    """From the first that something was recorded in to the last."""
    month, found = min(used, default=None), []
    while month is not None and month <= max(used):
        found.append(month)
        month = (month + timedelta(days=32)).replace(day=1)
    return found


def _covered(item: str, recorded: Iterable[str], catalog: Catalog) -> set[str]:
    """Ids of recorded endpoints that an item of an invoice stands for."""
    return {
        id
        for id in recorded
        if item == id or ((endpoint := catalog.endpoints.get(id)) is not None and item.casefold() in _names(endpoint))
    }


def _names(endpoint: Endpoint) -> set[str]:
    model = endpoint.model
    names = {model.id, *model.also, endpoint.upstream_model, f"{model.id}@{endpoint.operator.id}"}
    return _operator_names(endpoint.operator) | {name.casefold() for name in names}


def _operator_names(operator: Operator) -> set[str]:
    return {name.casefold() for name in (operator.id, operator.name, *operator.also)}


def _hosted(catalog: Catalog, recorded: Mapping[str, Decimal]) -> set[str]:
    """Nobody sends an invoice for one's own machines."""
    owned = {id for id, endpoint in catalog.endpoints.items() if endpoint.hosting == "self"}
    return {id for id, usd in recorded.items() if usd and id not in owned}


def _line(item: str, invoiced: Decimal, recorded: Decimal, short: Decimal, *, known: bool) -> ReconcileRow:
    owed = recorded + short
    return {
        "item": item,
        "invoiced_usd": format(invoiced, "f"),
        "recorded_usd": format(recorded, "f"),
        "owed_usd": format(owed, "f"),
        "difference_usd": format(invoiced - owed, "f"),
        "difference_percent": float(100 * (invoiced - owed) / owed) if owed else None,
        "known": known,
    }

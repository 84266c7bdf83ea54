"""The vendor-risk register: every operator, factor by factor, with what is unknown as a to-do. Pure."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from gateway.catalog.check import unknown_of
from gateway.catalog.facts import Catalog, Endpoint, Members, Operator
from gateway.catalog.risk import holds
from gateway.catalog.rows import Factor
from gateway.catalog.show import operator_row
from gateway.report.html import rendered
from gateway.report.table import plain_cell

Row = dict[str, Any]
COLUMNS = (
    "operator",
    "name",
    "country",
    "owner",
    "owner_country",
    "risk",
    "factors",
    "lists",
    "certifications",
    "indemnity",
    "sla",
    "trains_on_data",
    "retention_days",
    "storage",
    "inference",
    "endpoints",
    "unknown",
    "source",
    "checked",
)


def vendor_rows(catalog: Catalog) -> list[Row]:
    """One row an operator that has endpoints, the riskiest first."""
    rows = [_row(catalog, operator, _endpoints(catalog, operator)) for operator in catalog.operators.values()]
    order = {"high": 0, "medium": 1, "low": 2}
    return sorted((row for row in rows if row["endpoints"]), key=lambda row: (order[row["risk"]], row["operator"]))


def _endpoints(catalog: Catalog, operator: Operator) -> list[Endpoint]:
    return [endpoint for endpoint in catalog.endpoints.values() if endpoint.operator is operator]


def _row(catalog: Catalog, operator: Operator, endpoints: Sequence[Endpoint]) -> Row:
    shown = operator_row(catalog, operator)
    risks = Counter(endpoint.risk for endpoint in endpoints)
    worst = next((level for level in ("high", "medium", "low") if risks[level]), "low")
    return {
        "operator": operator.id,
        "name": operator.name,
        "country": operator.country,
        "owner": operator.parent,
        "owner_country": operator.parent_country,
        "risk": worst,
        "risks": dict(risks),
        "factors": [_factor(factor, endpoints) for factor in catalog.factors],
        "lists": shown["lists"],
        "listings": shown["listings"],
        "certifications": shown["certifications"],
        "indemnity": operator.indemnity,
        "indemnity_note": operator.indemnity_note,
        "sla": operator.sla,
        "sla_note": operator.sla_note,
        "trains_on_data": _values(endpoint.trains_on_data for endpoint in endpoints),
        "retention_days": _values(endpoint.retention_days for endpoint in endpoints),
        "storage": _union([endpoint.storage for endpoint in endpoints]),
        "inference": _union([endpoint.inference for endpoint in endpoints]),
        "endpoints": len(endpoints),
        "unknown": _unknown(operator, endpoints),
        "notices": shown["notices"],
        "source": operator.source,
        "checked": operator.checked.isoformat() if operator.checked else None,
    }


def _factor(factor: Factor, endpoints: Sequence[Endpoint]) -> Row:
    """On how many endpoints it counts, and on how many of those for want of a fact."""
    truths = [holds(endpoint, factor) for endpoint in endpoints]
    return {
        "id": factor.id,
        "level": factor.level,
        "why": factor.why,
        "counts": sum(truth is not False for truth in truths),
        "unknown": sum(truth is None for truth in truths),
    }


def _values(values: Any) -> list[Any]:
    """The different values, None (unknown) last."""
    different = dict.fromkeys(values)
    return sorted((value for value in different if value is not None), key=str) + ([None] if None in different else [])


def _union(parts: Sequence[Members]) -> list[str]:
    known = sorted({word for part in parts for word in part.known})
    return known if all(part.complete for part in parts) else [*known, "unknown"]


def _unknown(operator: Operator, endpoints: Sequence[Endpoint]) -> list[str]:
    """The to-do list: facts of the operator, then of its endpoints."""
    missing = Counter(name for endpoint in endpoints for name in unknown_of("endpoint", endpoint))
    return [*unknown_of("operator", operator), *(f"{name} of {_counted(count)}" for name, count in missing.items())]


def _counted(count: int) -> str:
    return f"{count} endpoint{'s' if count != 1 else ''}"


def as_csv(rows: Sequence[Row]) -> str:
    """One line an operator; what a spreadsheet would take for a formula is quoted."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([plain_cell(_cell(row[name])) for name in COLUMNS] for row in rows)
    return out.getvalue()


def as_table(rows: Sequence[Row]) -> str:
    """For a terminal: the risk, why, and what is to be found out."""
    lines = []
    for row in rows:
        owner = f"{row['owner'] or 'owner unknown'} ({row['owner_country'] or 'unknown'})"
        lines.append(f"{row['operator']}: {row['risk']}, {_counted(row['endpoints'])}, {owner}")
        lines += [f"  {_told(factor, row['endpoints'])}" for factor in row["factors"] if factor["counts"]]
        lines += [f"  listed: {found['list']} since {found['date']}: {found['what']}" for found in row["listings"]]
        lines += [f"  to do: find out {name}" for name in row["unknown"]]
    return "\n".join(lines) + "\n"


def as_html(rows: Sequence[Row]) -> str:
    """A page an auditor can read and print: a section an operator; it holds no script."""
    days = sorted(str(row["checked"]) for row in rows if row["checked"])
    checked = f"; facts of the catalogue, checked from {days[0]} to {days[-1]}" if days else ""
    about = f"the riskiest first; a fact that is not known counts against its endpoint{checked}"
    return rendered("vendors.html", title="Vendor risk register", about=about, rows=[_section(row) for row in rows])


def _section(row: Row) -> Row:
    """The facts side by side, then what makes the risk, then what is to be found out."""
    risks = [_told(factor, row["endpoints"]) for factor in row["factors"] if factor["counts"]]
    listed = [f"listed: {found['list']} since {found['date']}: {found['what']}" for found in row["listings"]]
    to_do = [f"to do: find out {name}" for name in row["unknown"]]
    return {
        "title": f"{row['name']} ({row['operator']})",
        "risk": row["risk"],
        "facts": [(name.replace("_", " "), _cell(row[name])) for name in _TILES],
        "lines": [*risks, *listed, *to_do],
        "source": _cell(row["source"]),
        "checked": _cell(row["checked"]),
    }


_TILES = tuple(
    name for name in COLUMNS if name not in ("operator", "name", "risk", "factors", "unknown", "source", "checked")
)


def _told(factor: Mapping[str, Any], endpoints: int) -> str:
    unknown = f", for want of a fact on {factor['unknown']}" if factor["unknown"] else ""
    return f"{factor['level']}: {factor['id']} on {factor['counts']} of {endpoints}{unknown}: {factor['why']}"


def _cell(value: Any) -> str:
    if value is None:
        return "unknown"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return "; ".join(_cell(item) for item in value) or "none"
    if isinstance(value, dict):
        return f"{value['id']} ({value['level']}) {value['counts']}, unknown {value['unknown']}"
    return str(value)

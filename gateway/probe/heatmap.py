"""A refusal map as one self-contained page: a heat map, and its figures below. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from gateway.probe.figures import Rows
from gateway.report.html import rendered
from gateway.report.page import table
from gateway.report.table import enough_said, readable

ABOUT = (
    "Share of replies that were declined, evaded, filtered or blank: the redder, the more. The 95 % interval stands in "
    "each cell's tooltip and in the tables."
)


def as_html(title: str, maps: Mapping[str, Rows], tables: Mapping[str, Rows]) -> str:
    """`maps` are drawn, `tables` written out; both by their headings."""
    drawn = [(name, heat(rows)) for name, rows in maps.items()]
    written = [(name, table(*readable({"rows": enough_said(rows)}))) for name, rows in tables.items() if rows]
    return rendered("heatmap.html", title=title, about=ABOUT, pieces=drawn + written)


def heat(rows: Rows) -> Markup:
    """One line for weights on an operator's machines (or for weights alone), one column for a topic in a language."""
    columns = sorted({(row["topic"], row["language"]) for row in rows})
    at = {(row["model"], row["operator"], row["topic"], row["language"]): row for row in rows}
    places = dict.fromkeys((row["model"], row["operator"]) for row in rows)
    lines = [
        (" @ ".join(filter(None, place)), [_cell(at.get((*place, *column))) for column in columns]) for place in places
    ]
    return rendered("heat.html", columns=columns, lines=lines)


def _cell(row: Mapping[str, Any] | None) -> dict[str, str]:
    if row is None:
        return {"kind": "none", "title": "not asked", "text": ""}
    if row["rate"] is None:
        told = f"{row['n']} replies are not enough for a rate"
        return {"kind": "few", "title": told, "text": f"not enough ({row['n']})"}
    told = f"{row['rate']:.1%} refused, {row['low']:.1%} to {row['high']:.1%}, {row['n']} replies"
    few = "" if row.get("enough", True) else f" ({row['n']})"
    return {"kind": f"h{round(row['rate'] * 10)}", "title": told, "text": f"{row['rate']:.0%}{few}"}

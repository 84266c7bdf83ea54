"""A refusal map as one self-contained page: a heat map, and its figures below. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from gateway.probe.figures import Rows
from gateway.report.page import table
from gateway.report.style import STYLE
from gateway.report.table import cells, enough_said

Cell = Mapping[str, Any]


def as_html(title: str, maps: Mapping[str, Rows], tables: Mapping[str, Rows]) -> str:
    """`maps` are drawn, `tables` written out; both by their headings."""
    drawn = "".join(f"<h2>{escape(name)}</h2>\n{heat(rows)}\n" for name, rows in maps.items())
    written = "".join(f"<h2>{escape(name)}</h2>\n{_table(rows)}\n" for name, rows in tables.items() if rows)
    return _PAGE.format(style=STYLE, title=escape(title), drawn=drawn, written=written)


def heat(rows: Rows) -> str:
    """One line for weights on an operator's machines (or for weights alone), one column for a topic in a language."""
    lines = list(dict.fromkeys((row["model"], row["operator"]) for row in rows))
    columns = sorted({(row["topic"], row["language"]) for row in rows})
    at = {(row["model"], row["operator"], row["topic"], row["language"]): row for row in rows}
    head = "".join(f"<th>{escape(topic.replace('_', ' '))}<br>{escape(language)}</th>" for topic, language in columns)
    body = "".join(
        f"<tr><th>{escape(' @ '.join(filter(None, (model, operator))))}</th>"
        + "".join(_cell(at.get((model, operator, *column))) for column in columns)
        + "</tr>\n"
        for model, operator in lines
    )
    return (
        f'<div class="wide"><table class="heat">\n<thead><tr><th></th>{head}</tr></thead>\n'
        f"<tbody>\n{body}</tbody>\n</table></div>"
    )


def _cell(row: Cell | None) -> str:
    if row is None:
        return '<td class="none" title="not asked"></td>'
    if row["rate"] is None:
        told = f"{row['n']} replies are not enough for a rate"
        return f'<td class="few" title="{told}">not enough ({row["n"]})</td>'
    told = f"{row['rate']:.1%} refused, {row['low']:.1%} to {row['high']:.1%}, {row['n']} replies"
    few = "" if row.get("enough", True) else f" ({row['n']})"
    return f'<td class="h{round(row["rate"] * 10)}" title="{told}">{row["rate"]:.0%}{few}</td>'


def _table(rows: Rows) -> str:
    return table(*cells({"rows": enough_said(rows)}))


_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
{style}</style>
</head>
<body>
<main>
<h1>{title}</h1>
<p class="about">Share of replies that were declined, evaded, filtered or blank: the redder, the more. The 95 % interval
stands in each cell's tooltip and in the tables.</p>
{drawn}{written}</main>
</body>
</html>
"""

"""A report as one self-contained HTML page: figures, plots, the table, and how it was counted. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from gateway.report.focus import BRIEF
from gateway.report.page_summary import LOOKS, Figure, Report
from gateway.report.style import STYLE
from gateway.report.table import cells, enough_said

COUNTED = {
    "adoption": """
        A request and its answer belong to the endpoint of its last serving attempt (none: it reached none); tokens and
        cost belong to the endpoint of each attempt. Of lineage and exposure a request counts under every country.
    """,
    "savings": """
        List-price savings price the answer's own tokens at the baseline's list price. Effective savings use the tokens
        that the baseline would have needed, learned from pairs and arms and else from benchmarks, and how often it
        answers. Requests that the baseline was not permitted to serve are in neither.
    """,
    "refusals": """
        By weights, operator, topic and language; never by model name alone. Wilson's 95 % interval, widened where one
        key's requests are alike. What the policy wants declined counts as declined and is held against nobody.
    """,
    "rules": """
        Expected cost per answer of the first choice with the rule less that without it, added over requests. Marginal
        prices do not add up: where two rules remove the same endpoint, neither costs anything at the margin.
    """,
    "breakeven": """
        A machine costs its hours whether it is used or not; a hosted endpoint of the same weights costs what a typical
        request here costs at its list price. Where the curve crosses a dashed line, one's own machine begins to pay;
        it steps up where what one machine writes at full load is not enough.
        Idle is the share of the time in which no request ran.
    """,
    "reconcile": """
        An item of the invoice stands for every recorded endpoint of that name, operator, model or model and operator.
        Recorded is what the ledger's attempts cost, measuring included; hosted endpoints that no item names follow.
    """,
    "focus": """
        The columns of the FinOps Open Cost and Usage Specification 1.2, a row a day, endpoint, team, app and purpose.
    """,
}


def page(what: str, made: Report, *, policy_version: str, made_at: str, since: str | None) -> str:
    """No script, nothing from elsewhere: it can be mailed and printed."""
    look = LOOKS[what](made)
    shown, left_out = _fitting(made, BRIEF if what == "focus" else None)
    if what == "refusals":
        shown = {"rows": enough_said(made["rows"])}
    written = table(*cells(shown))
    period = f"requests since {since}" if since else "all recorded requests"
    about = f"{period} · policy {policy_version} · made {made_at}"
    return _PAGE.format(
        title=escape(look.title),
        style=STYLE,
        about=escape(about),
        figures="".join(map(_figure, look.figures)),
        plots="".join(look.plots),
        table=f"<h2>Figures</h2>\n{written}{left_out}" if written else "",
        note=f"<p>{escape(made['note'])}</p>" if made.get("note") else "",
        counted=escape(" ".join(COUNTED[what].split())),
    )


def table(header: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """A table, which on a phone is a card a line; nothing for no lines."""
    if not lines:
        return ""
    pairs = len(header) == 2
    names = [name.replace("_", " ") for name in header]
    body = "".join(
        "<tr>"
        + "".join(
            f'<td data-name="{escape(name)}">{escape(_words(cell) if pairs and place == 0 else cell)}</td>'
            for place, (name, cell) in enumerate(zip(names, line, strict=True))
        )
        + "</tr>\n"
        for line in lines
    )
    head = "".join(f"<th>{escape(name)}</th>" for name in names)
    return (
        f'<div class="wide"><table class="cards{" pairs" if pairs else ""}">\n<thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{body}</tbody>\n</table></div>\n"
    )


def _words(name: str) -> str:
    return name.replace("_", " ").replace(".", ": ")


def _fitting(made: Report, brief: Sequence[str] | None) -> tuple[Report, str]:
    """The report with the `brief` columns alone, and a word about the others."""
    rows = made.get("rows")
    if not (brief and rows):
        return made, ""
    others = len(rows[0]) - len(brief)
    return {
        "rows": [{name: row[name] for name in brief} for row in rows]
    }, f"<p>{others} more columns are in the CSV.</p>"


def _figure(figure: Figure) -> str:
    name, value, remark = map(escape, figure)
    return f"<div><dt>{name}</dt><dd>{value}</dd><small>{remark}</small></div>"


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
<p class="about">{about}</p>
<dl>{figures}</dl>
{note}{plots}
{table}<h2>How it is counted</h2>
<p>{counted}</p>
</main>
</body>
</html>
"""

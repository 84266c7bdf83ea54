"""A report as one self-contained HTML page: figures, plots, the table, and how it was counted. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from gateway.report.focus import BRIEF
from gateway.report.html import rendered
from gateway.report.page_summary import LOOKS, Report
from gateway.report.table import enough_said, readable

MOST_GROUPS = 15  # of the refusals, in the open table
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


def page(
    what: str, made: Report, *, policy_version: str, made_at: str, since: str | None = None, span: object = ""
) -> str:
    """No script, nothing from elsewhere: it can be mailed and printed. `span`: from when to when its requests are."""
    look = LOOKS[what](made)
    shown, left_out = _fitting(made, BRIEF if what == "focus" else None)
    folded: Report = {"rows": []}
    if what == "refusals":
        first, others = _telling(made["rows"])
        shown, folded = {"rows": enough_said(first)}, {"rows": enough_said(others)}
    asked = f"since {since}" if since else "all that are recorded"
    about = " · ".join(filter(None, (str(span), asked, f"policy {policy_version}", f"made {made_at}")))
    return rendered(
        "report.html",
        title=look.title,
        about=about,
        figures=look.figures,
        plots=Markup("".join(look.plots)),
        table=table(*readable(shown)),
        folded=table(*readable(folded)),
        folded_count=len(folded["rows"]),
        left_out=left_out,
        note=made.get("note"),
        counted=" ".join(COUNTED[what].split()),
    )


def table(header: Sequence[str], lines: Sequence[Sequence[str]]) -> Markup:
    """A table, which on a phone is a card a line; nothing for no lines."""
    if not lines:
        return Markup()
    names = [name.replace("_", " ") for name in header]
    pairs = len(header) == 2
    spoken = [(_words(line[0]), *line[1:]) for line in lines] if pairs else lines
    return rendered(
        "table.html", names=names, pairs=pairs, lines=[list(zip(names, line, strict=True)) for line in spoken]
    )


def _telling(rows: Sequence[Mapping[str, Any]]) -> tuple[list[Mapping[str, Any]], list[Mapping[str, Any]]]:
    """Groups with the highest rates; and the others, which a page shows when they are asked for."""
    known = sorted((row for row in rows if row["rate"] is not None), key=lambda row: (-row["rate"], -row["n"]))
    shown = known[:MOST_GROUPS]
    names = {id(row) for row in shown}
    return shown, [row for row in rows if id(row) not in names]


def _words(name: str) -> str:
    return name.replace("_", " ").replace(".", ": ")


def _fitting(made: Report, brief: Sequence[str] | None) -> tuple[Report, str]:
    """The report with the `brief` columns alone, and a word about the others."""
    rows = made.get("rows")
    if not (brief and rows):
        return made, ""
    others = len(rows[0]) - len(brief)
    shown = [{name: row[name] for name in brief} for row in rows]
    return {"rows": shown}, f"{others} more columns are in the CSV."

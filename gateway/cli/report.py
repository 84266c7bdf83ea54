"""`gateway report`: what was recorded, as figures that one can check."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from time import time
from typing import Annotated, Any, Literal

import typer
from rich.console import Console
from rich.table import Table

from gateway.app.folder import read_folder
from gateway.cli.mistakes import Mistake, in_folder
from gateway.cli.since import moment
from gateway.errors import Problems, nearest
from gateway.outcome.observe import learned
from gateway.outcome.row import Row
from gateway.policy.compile import compile_folder
from gateway.policy.compiled import Compiled
from gateway.record.store import LedgerUnusable
from gateway.report import vendors
from gateway.report.adoption import BY, adoption
from gateway.report.ledger import recorded
from gateway.report.refusals import refusals
from gateway.report.rules import rules
from gateway.report.savings import savings
from gateway.report.table import as_csv, cells
from gateway.report.vendors import vendor_rows
from gateway.settings import from_environment

Format = Literal["table", "csv", "json", "html"]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a report is made from."""

    rows: Iterable[Row]  # each time anew
    compiled: Compiled
    by: str


REPORTS: dict[str, Callable[[Asked], dict[str, Any]]] = {
    "adoption": lambda asked: adoption(asked.rows, asked.compiled.policy, asked.by),
    "savings": lambda asked: savings(
        asked.rows, asked.compiled.policy, learned(asked.rows, asked.compiled.policy).snapshot()
    ),
    "refusals": lambda asked: refusals(asked.rows, asked.compiled.policy),
    "vendors": lambda asked: {"rows": vendor_rows(asked.compiled.catalog)},
    "rules": lambda asked: rules(asked.rows, asked.compiled, learned(asked.rows, asked.compiled.policy).snapshot()),
}


REGISTER = {"table": vendors.as_table, "csv": vendors.as_csv, "html": vendors.as_html}  # too wide for a plain table


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(report)


def report(
    what: Annotated[str, typer.Argument(help=", ".join(REPORTS))],
    by: Annotated[str, typer.Option(help=f"of adoption: {', '.join(BY)}")] = "origin",
    ledger: Annotated[str | None, typer.Option(help="FILE.jsonl or a database URL; default: our own")] = None,
    since: Annotated[str | None, typer.Option(help="7d, 12h, or a time; default: everything")] = None,
    policies: Annotated[Path | None, typer.Option(help="policy folder [GATEWAY_POLICIES, policies]")] = None,
    format: Annotated[Format, typer.Option(help="html is one self-contained page")] = "table",
    as_json: Annotated[bool, typer.Option("--json", help="the same as --format json")] = False,
) -> None:
    """Say what was adopted, saved and refused, and what each rule costs, by the ledger.

    Example: gateway report adoption --by hosting --since 7d
    """
    if what not in REPORTS:
        raise Mistake(f"no report is called `{what}`; {nearest(what, REPORTS)}", exit_code=2)
    if by not in BY:
        raise Mistake(f"nothing is counted by `{by}`; {nearest(by, BY)}", exit_code=2)
    settings = from_environment()
    rows = recorded(ledger, settings=settings, since=moment(since, now=time()))
    try:
        made = REPORTS[what](Asked(rows, compiled(policies or settings.policies), by))
    except LedgerUnusable as wrong:
        raise Mistake(str(wrong), exit_code=2) from None
    typer.echo(_written(what, made, "json" if as_json else format), nl=False)


def compiled(folder: Path) -> Compiled:
    """Raises Problems, the files named as seen from here."""
    try:
        return compile_folder(read_folder(folder))
    except Problems as wrong:
        raise in_folder(wrong, folder) from None


def _written(what: str, made: dict[str, Any], format: Format) -> str:
    if format == "json":
        return json.dumps(made, ensure_ascii=False) + "\n"
    if what == "vendors":
        return REGISTER[format](made["rows"])
    return as_csv(made) if format == "csv" else shown(what, made)


def shown(title: str, made: dict[str, Any]) -> str:
    """As a table for a terminal."""
    header, lines = cells(made)
    table = Table(title=title, title_justify="left")
    for name in header:
        table.add_column(name, justify="left" if name == header[0] else "right", no_wrap=True)
    for line in lines:
        table.add_row(*line)
    terminal = Console()
    console = terminal if terminal.is_terminal else Console(width=200)  # a pipe has no width
    with console.capture() as captured:
        console.print(table)
    return captured.get()

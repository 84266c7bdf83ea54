"""`gateway report`: what was recorded, as figures that one can check."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from time import time
from typing import Annotated, Any, Literal

import typer
from rich.console import Console
from rich.table import Table

from gateway.cli.bar import Counted
from gateway.cli.export import export
from gateway.cli.mistakes import Mistake, in_folder
from gateway.cli.times import ago_or_at
from gateway.errors import LedgerUnusable, Problems, nearest
from gateway.policy.authoring.compile import compile_folder
from gateway.policy.compiled import Compiled
from gateway.processes.key_files import key_at
from gateway.processes.policy_folder import read_folder
from gateway.report import vendors
from gateway.report.adoption import BY
from gateway.report.focus import BRIEF
from gateway.report.ledger import Spanned, recorded
from gateway.report.page import page
from gateway.report.reports import OF_FILES, REPORTS, Asked
from gateway.report.table import NotATable, as_csv, enough_said, readable
from gateway.settings import from_environment
from gateway.upstreams.logins import Logins

Format = Literal["table", "csv", "json", "html"]
EXPORT = "export"
_ANY_WIDTH = 10_000  # wider than any table

REGISTER = {"table": vendors.as_table, "csv": vendors.as_csv, "html": vendors.as_html}  # too wide for a plain table


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(report)


def report(
    what: Annotated[str, typer.Argument(help=", ".join((*REPORTS, EXPORT)))],
    file: Annotated[Path | None, typer.Argument(help="of reconcile: a CSV")] = None,
    by: Annotated[str, typer.Option(help=f"of adoption: {', '.join(BY)}")] = "origin",
    ledger: Annotated[str | None, typer.Option(help="FILE.jsonl or a database URL; default: our own")] = None,
    since: Annotated[str | None, typer.Option(help="7d, 12h, or a time; default: everything")] = None,
    policies: Annotated[Path | None, typer.Option(help="policy folder [GATEWAY_POLICIES, policies]")] = None,
    format: Annotated[Format, typer.Option(help="html is one self-contained page")] = "table",
    as_json: Annotated[bool, typer.Option("--json", help="the same as --format json")] = False,
    keyless: Annotated[
        bool, typer.Option("--keyless", help="of rules: vendors without a key block adoption too")
    ] = False,
    output: Annotated[Path | None, typer.Option(help="of export: a folder for Parquet tables, or a .jsonl")] = None,
) -> None:
    """Say what was adopted, saved and refused, and what each rule costs, by the ledger.

    Example: gateway report adoption --by hosting --since 7d

    Or the rows themselves: gateway report export --output exported
    """
    if what == EXPORT:
        return export(output, ledger, settings=from_environment(), since=ago_or_at(since, now=time()))
    _check(what, by)
    settings = from_environment()
    rows = Spanned(
        Counted(recorded(ledger, settings=settings, since=ago_or_at(since, now=time())), "reading the ledger")
    )
    folder = compiled(policies or settings.policies)
    has_key = None if keyless else Logins(key_at).found
    try:
        made = REPORTS[what](Asked(rows, folder, by, _text(what, file), has_key))
    except (LedgerUnusable, NotATable) as wrong:
        raise Mistake(str(wrong), exit_code=2) from None
    if what != "vendors" and not as_json and format == "html":
        at = datetime.fromtimestamp(time(), UTC).strftime("%Y-%m-%d %H:%M UTC")
        version = folder.policy.version
        typer.echo(page(what, made, policy_version=version, made_at=at, since=since, span=rows), nl=False)
    else:
        typer.echo(_written(what, made, "json" if as_json else format), nl=False)


def _check(what: str, by: str) -> None:
    """Raises Mistake."""
    if what not in REPORTS:
        raise Mistake(f"no report is called `{what}`; {nearest(what, (*REPORTS, EXPORT))}", exit_code=2)
    if by not in BY:
        raise Mistake(f"nothing is counted by `{by}`; {nearest(by, BY)}", exit_code=2)


def _text(what: str, file: Path | None) -> str:
    if (what in OF_FILES) != (file is not None):
        way_out = f"name one, e.g. gateway report {what} {what}.csv" if file is None else "leave it out"
        raise Mistake(f"`report {what}` {'reads a file' if file is None else 'reads no file'}; {way_out}", exit_code=2)
    try:
        return file.read_text(encoding="utf-8-sig") if file is not None else ""
    except (OSError, UnicodeDecodeError) as wrong:
        raise Mistake(f"{file} cannot be read: {wrong}", exit_code=2) from None


def compiled(folder: Path) -> Compiled:
    """Raises Problems, the files named as seen from here."""
    try:
        return compile_folder(read_folder(folder))
    except Problems as wrong:
        raise in_folder(wrong, folder) from None


def _written(what: str, made: Mapping[str, Any], format: Format) -> str:
    if format == "json":
        return json.dumps(made, ensure_ascii=False) + "\n"
    if what == "vendors":
        return REGISTER[format](made["rows"])
    if format == "csv":
        return as_csv(made)
    if what == "refusals":
        made = {"rows": enough_said(made["rows"])}
    return shown(what, made, BRIEF if what == "focus" else None)


def shown(title: str, made: Mapping[str, Any], brief: Sequence[str] | None = None) -> str:
    """As a table for a terminal, of the `brief` columns if all would not fit."""
    rows = made.get("rows")
    header, lines = readable(
        {"rows": [{name: row[name] for name in brief} for row in rows]} if brief and rows else made
    )
    if not lines:
        return f"{title}: nothing to show; {made.get('note', 'no request was recorded')}\n"
    table = Table(title=title, title_justify="left")
    for name in header:
        table.add_column(name, justify="left" if name == header[0] else "right", no_wrap=True)
    for line in lines:
        table.add_row(*line)
    needed = Console(width=_ANY_WIDTH).measure(table).maximum
    console = Console(width=max(Console().width, needed))  # a figure cut short is none: rather let lines wrap
    with console.capture() as captured:
        console.print(table)
    rest = f"{len(rows[0]) - len(brief)} more columns with --format csv\n" if brief and rows else ""
    return captured.get() + rest

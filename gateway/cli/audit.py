"""`gateway audit`: who did what to this gateway, and whether the record of it is whole."""

from __future__ import annotations

import json
from contextlib import closing
from typing import Annotated, Literal

import typer

from gateway.cli.times import written_time
from gateway.errors import LedgerUnusable
from gateway.processes import audit
from gateway.record.store import UNREADABLE
from gateway.report.ledger import existing
from gateway.settings import Settings, from_environment

Format = Literal["table", "json", "cef"]
_SEVERITY = {"freeze": 8, "lift": 8, "policy_refused": 6, "policy_accepted": 5}


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    about = "Who did what to this gateway: freezes, keys, accepted and refused policies; rows are only ever added."
    group = typer.Typer(help=f"{about}\n\nExample: gateway audit show", no_args_is_help=True)
    group.command()(show)
    group.command()(verify)
    app.add_typer(group, name="audit")


def show(
    last: Annotated[int, typer.Option(help="so many rows, the newest; 0: all")] = 50,
    format: Annotated[
        Format, typer.Option(help="json: a row a line, for a SIEM; cef: ArcSight's common format")
    ] = "table",
) -> None:
    """List what was done, oldest first.

    Example: gateway audit show --last 0 --format json
    """
    rows = list(audit.rows(from_environment().state_dir))[-last:]
    for row in rows:
        typer.echo(_line(row, format))
    if not rows and format == "table":
        typer.echo("nothing was recorded yet")


def verify() -> None:
    """Say whether a row was changed, taken out, added or moved; compares with what the ledger's database holds.

    Example: gateway audit verify
    """
    settings = from_environment()
    heads, unknown = _heads(settings)
    found = audit.problems(settings.state_dir, heads)
    for problem in found:
        typer.echo(problem)
    if unknown:
        typer.echo(f"note: {unknown}; rows cut off at the end would not be missed", err=True)
    if found:
        raise typer.Exit(1)
    head = audit.head(settings.state_dir)
    typer.echo(f"{head.n:,} rows, whole; head {head.hash}" if head else "nothing was recorded yet")


def _heads(settings: Settings) -> tuple[list[audit.Head], str | None]:
    """What the ledger holds, and why it may hold more than we know."""
    try:
        with closing(existing(settings.database_url, settings.state_dir)) as store:
            head = audit.head(settings.state_dir)
            others = settings.database_url is not None  # gateways that share the ledger: chains of theirs are there too
            kept = store.audit_heads(head.chain if head is not None and others else None)
    except (LedgerUnusable, *UNREADABLE) as wrong:
        return [], f"the ledger cannot be asked ({type(wrong).__name__})"
    heads = [audit.Head(*row) for row in kept]
    return heads, None if heads else "the ledger holds no head of this chain yet"


def _line(row: audit.Row, format: Format) -> str:
    if format == "json":
        return json.dumps(row, ensure_ascii=False)
    if format == "cef":
        return _cef(row)
    detail = ", ".join(
        f"{name}={_short(written_time(value) if name == 'since' and isinstance(value, float) else value)}"
        for name, value in row["detail"].items()
        if value not in (None, "")
    )
    return f"{row['n']:>6}  {written_time(row['at'])}  {row['by']} ({row['via']})  {row['action']}  {detail}"


def _short(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text.splitlines()[0][:100] if text else text


def _cef(row: audit.Row) -> str:
    head = "|".join(_escaped(part, "|") for part in (row["action"], row["action"].replace("_", " ")))
    fields = {"rt": int(row["at"] * 1000), "suser": row["by"], "cn1": row["n"], "cn1Label": "row", "cs1": row["hash"],
              "cs1Label": "hash", "msg": json.dumps(row["detail"], ensure_ascii=False)}  # fmt: skip
    extension = " ".join(f"{name}={_escaped(str(value), '=')}" for name, value in fields.items())
    return f"CEF:0|Entrepot|gateway|1|{head}|{_SEVERITY.get(row['action'], 3)}|{extension}"


def _escaped(text: str, mark: str) -> str:
    return text.replace("\\", "\\\\").replace(mark, f"\\{mark}").replace("\r", "").replace("\n", "\\n")

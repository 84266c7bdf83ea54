"""`gateway replay`: what a changed policy would have done with the requests that were recorded."""

from __future__ import annotations

import json
import re
from pathlib import Path
from time import time
from typing import Annotated, Any

import typer

from gateway.cli.bar import Counted
from gateway.cli.mistakes import Mistake
from gateway.cli.report import compiled
from gateway.cli.times import ago_or_at
from gateway.errors import LedgerUnusable
from gateway.outcome.observe import learned
from gateway.report.ledger import recorded
from gateway.report.replay import Replay
from gateway.settings import from_environment

CONDITIONS = "denied, leaving, leaving:CN, not_replayed, cost:5% or cost:12.50"
_CONDITION = re.compile(r"(denied|leaving|not_replayed)|leaving:([A-Z]{2}|unknown)|cost:([0-9.]+)(%?)")


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(replay)


def replay(
    new: Annotated[Path, typer.Argument(metavar="NEW", help="the policy folder to try")],
    ledger: Annotated[str | None, typer.Option(help="FILE.jsonl or a database URL; default: our own")] = None,
    since: Annotated[str | None, typer.Option(help="7d, 12h, or a time; default: everything")] = None,
    fail_on: Annotated[list[str] | None, typer.Option(help=f"exit 1 if it holds: {CONDITIONS}")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="machine-readable output")] = False,
) -> None:
    """Decide every recorded request again by another policy: who is newly denied, what leaves, what it costs.

    Example: gateway replay policies-new --since 7d --fail-on denied --fail-on leaving:CN --fail-on cost:5%
    """
    conditions = [_condition(text) for text in fail_on or []]
    rows = recorded(ledger, settings=from_environment(), since=ago_or_at(since, now=time()))
    folder = compiled(new)
    try:
        snapshot = learned(Counted(rows, "learning from"), folder.policy).snapshot()
        made = Replay(folder, snapshot)
        for row in Counted(rows, "deciding again"):
            made.add(row)
    except LedgerUnusable as wrong:
        raise Mistake(str(wrong), exit_code=2) from None
    report = made.report()
    held = [text for text, found in zip(fail_on or [], conditions, strict=True) if _holds(found, report)]
    undecided = sum(report["not_replayed"].values())
    if conditions and not held and undecided and undecided == report["requests"]:
        held = ["not_replayed"]  # a change of which nothing could be told has not passed
    report["failed_on"] = held
    typer.echo(json.dumps(report, ensure_ascii=False) if as_json else _told(report))
    if held:
        raise typer.Exit(1)


def _condition(text: str) -> re.Match[str]:
    found = _CONDITION.fullmatch(text)
    if found is None:
        raise Mistake(f"`{text}` is no condition; write one of {CONDITIONS}", exit_code=2)
    return found


def _holds(condition: re.Match[str], report: dict[str, Any]) -> bool:
    plain, country, bound, percent = condition.groups()
    if plain == "not_replayed":
        return bool(report["not_replayed"])
    if plain:
        return bool(report[f"newly_{plain}"]["requests"])
    if country:
        return country in report["newly_leaving"]["countries"]
    change = report["cost_change_percent"] if percent else report["cost_change_usd"]
    return change is not None and float(change) > float(bound)


def _told(report: dict[str, Any]) -> str:
    low, high = report["cost_change_interval_usd"]
    percent = report["cost_change_percent"]
    share = "" if percent is None else f" ({percent:+.1f} %)"
    lines = [
        f"policy {report['policy_version']} decides {report['requests']:,} recorded requests:",
        f"  {report['same_endpoint']:,} as before, {report['other_endpoint']:,} at another endpoint;"
        f" a canary's draw decides {report['by_canary']:,} of them",
        _part("newly denied", report["newly_denied"], "guards"),
        _part("newly permitted", report["newly_permitted"], "endpoints"),
        _part("newly leaving to", report["newly_leaving"], "countries"),
        f"  cost changes by ${float(report['cost_change_usd']):+.4f}{share}, 95 % between"
        f" ${float(low):+.4f} and ${float(high):+.4f}",
    ]
    if report["not_priced"]:
        lines.append(f"  without {report['not_priced']:,} that go elsewhere, whose cost there cannot be told")
    lines += [f"  not replayed: {count:,}: {reason}" for reason, count in report["not_replayed"].items()]
    lines += [f"fails on {condition}" for condition in report["failed_on"]]
    return "\n".join(lines)


def _part(name: str, part: dict[str, Any], by: str) -> str:
    told = ", ".join(f"{key} {count:,}" for key, count in list(part[by].items())[:6])
    examples = f"; e.g. {', '.join(part['examples'][:3])}" if part["examples"] else ""
    return f"  {name}: {part['requests']:,}" + (f" ({told}{examples})" if part["requests"] else "")

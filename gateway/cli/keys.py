"""`gateway keys`: keys of callers. One that is made is shown once, and its hash kept in the state folder."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import closing
from datetime import date
from pathlib import Path
from time import time
from typing import Annotated, TypeVar

import typer

from gateway.cli.mistakes import Mistake, in_folder
from gateway.cli.times import later_day
from gateway.errors import LedgerUnusable, Problems, nearest
from gateway.identity import Keyring, compile_callers, digest
from gateway.policy.layout import CALLERS
from gateway.processes import audit, issuing
from gateway.processes.issuing import KeyKnown, KeyNotPossible, NoSuchKey, Who
from gateway.record.journal.erase import erase_key as erase_from_journals
from gateway.record.store import UNREADABLE
from gateway.report.ledger import existing
from gateway.settings import Settings, from_environment
from gateway.source import Document, parse

T = TypeVar("T")
Folder = Annotated[Path | None, typer.Option("--policies", help="policy folder [GATEWAY_POLICIES, policies]")]
Json = Annotated[bool, typer.Option("--json", help="machine-readable output")]


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    about = "Make, list, rotate and revoke API keys; erase what was recorded of one."
    keys = typer.Typer(help=f"{about}\n\nExample: gateway keys new --team research", no_args_is_help=True)
    keys.command()(new)
    keys.command("list")(list_keys)
    keys.command()(rotate)
    keys.command()(revoke)
    keys.command()(erase)
    app.add_typer(keys, name="keys")


def new(
    team: Annotated[str, typer.Option(help="whose key, one of `teams` in callers.yaml")],
    name: Annotated[str | None, typer.Option("--id", help="a name for the key [TEAM-…]")] = None,
    app: Annotated[str | None, typer.Option(help="the app that will use it")] = None,
    expires: Annotated[str | None, typer.Option(help="the day on which it stops working, e.g. 2027-01-31")] = None,
    row: Annotated[bool, typer.Option("--row", help="keep nothing; print the row that callers.yaml needs")] = False,
    policies: Folder = None,
    as_json: Json = False,
) -> None:
    """Make a key for a team and print it once; its hash is kept in GATEWAY_STATE_DIR, the policy stays as it is.

    Every worker of a gateway on that folder lets it in within two seconds; no reload is needed.

    Example: gateway keys new --team research --app notebook
    """
    settings, keyring = from_environment(), _read(_path(policies))[1]
    until = None if expires is None else date.fromisoformat(later_day(expires, now=time()))
    if row:
        typer.echo(_row(keyring, team, name, app, until))
        return
    made = _done(
        settings,
        lambda: issuing.issue(settings.state_dir, keyring, _who(), team=team, name=name, app=app, expires=until),
    )
    if as_json:
        typer.echo(json.dumps({"id": made.row.id, "team": team, "key": made.key}))
        return
    kept = f"{settings.state_dir} keeps its hash"
    typer.echo(f"{made.key}\nthis is the key `{made.row.id}`; it is shown this once, {kept}")


def _row(keyring: Keyring, team: str, name: str | None, app: str | None, until: date | None) -> str:
    """A key, and the line that lets it in. Raises Mistake."""
    if team not in keyring.teams:
        raise Mistake(f"no team is called `{team}`; {nearest(team, keyring.teams)}")
    id, key = name or issuing.fresh_name(team), issuing.fresh_key()
    told = {"id": id, "team": team, "app": app, "sha256": digest(key), "expires": until and str(until)}
    line = json.dumps({field: value for field, value in told.items() if value}, ensure_ascii=False)
    return f"{key}\nit is shown this once; below `keys:` of {CALLERS} write\n  - {line}"


def list_keys(policies: Folder = None, as_json: Json = False) -> None:
    """List keys, those of callers.yaml and issued ones; the keys themselves are kept nowhere.

    Example: gateway keys list
    """
    settings, keyring = from_environment(), _read(_path(policies))[1]
    known, problem = _done(settings, lambda: issuing.keys(settings.state_dir, keyring, time()))
    used = _last_uses(settings)
    rows = [issuing.plain(key, used.get(key.id)) for key in known]
    if as_json:
        typer.echo(json.dumps(rows))
    else:
        _show(known, used)
    if problem:
        raise Mistake(f"{problem}; until then no issued key is let in")


def _show(known: list[KeyKnown], used: dict[str, float]) -> None:
    lines = [("id", "team", "app", "kept", "state", "ends", "last used")]
    for key in known:
        ends = "never" if key.ends_at is None else issuing.written_at(key.ends_at)[:10]
        last = issuing.written_at(used[key.id])[:13].replace("T", " ") + "h" if key.id in used else "-"
        lines.append((key.id, key.team, key.app or "-", key.kept, key.state, ends, last))
    widths = [max(len(line[place]) for line in lines) for place in range(len(lines[0]))]
    for line in lines:
        typer.echo("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip())


def rotate(
    id: Annotated[str, typer.Argument(help="its name, as `gateway keys list` shows it")],
    overlap_days: Annotated[int, typer.Option(min=0, help="for so many days the old key works too")] = 7,
    policies: Folder = None,
    as_json: Json = False,
) -> None:
    """Make a key that takes the place of another, which works on for some days.

    Example: gateway keys rotate research-bot --overlap-days 3
    """
    settings, keyring = from_environment(), _read(_path(policies))[1]
    overlap_s = float(overlap_days * issuing.DAY_S)
    made, ends_at = _done(
        settings, lambda: issuing.rotate(settings.state_dir, keyring, _who(), id=id, overlap_s=overlap_s)
    )
    ends, fresh = issuing.written_at(ends_at), made.row
    if as_json:
        typer.echo(json.dumps({"id": fresh.id, "team": fresh.team, "key": made.key, "old": id, "old_ends": ends}))
    else:
        typer.echo(f"{made.key}\nthis is the key `{fresh.id}`, shown this once; `{id}` works until {ends}")


def revoke(id: Annotated[str, typer.Argument(help="its name")], policies: Folder = None) -> None:
    """End a key: within two seconds no worker lets it in. A row of callers.yaml is taken out too.

    Example: gateway keys revoke research-bot
    """
    settings, path = from_environment(), _path(policies)
    document, keyring, unread = None, None, None
    try:
        document, keyring = _read(path)
    except (Mistake, Problems) as wrong:  # an issued key is ended whatever stands in the file
        unread = wrong
    try:
        ended = issuing.revoke(settings.state_dir, keyring, _who(), id=id)
    except NoSuchKey as wrong:
        raise unread or Mistake(str(wrong)) from None
    except OSError as wrong:
        raise _unusable(settings, wrong) from None
    if document is not None and any(key.kept == CALLERS for key in ended):
        _write(path, without_row(document, id))
    typer.echo(f"the key `{id}` is revoked")


def erase(id: Annotated[str, typer.Argument(help="its name, revoked or not")], as_json: Json = False) -> None:
    """Revoke an issued key, and delete its name and what ties requests to its owner; what they cost stays.

    Example: gateway keys erase research-bot
    """
    settings = from_environment()
    keys = _done(settings, lambda: issuing.erase(settings.state_dir, None, _who(), id=id))
    waiting = _done(settings, lambda: erase_from_journals(settings.state_dir, id))
    try:
        with closing(existing(settings.database_url, settings.state_dir)) as store:
            count = store.erase_key(id)
    except LedgerUnusable as wrong:
        if not keys:
            raise Mistake(str(wrong), exit_code=2) from None
        count = 0
    if as_json:
        typer.echo(json.dumps({"id": id, "requests": count, "keys": keys}))
    else:
        row = "" if keys else "; while it stands in callers.yaml new ones are recorded"
        typer.echo(f"erased the key `{id}` from {count:,} requests{row}")
    if not count and not waiting and not keys:
        raise typer.Exit(1)


def without_row(document: Document, id: str) -> str:
    """The text of callers.yaml without that key. Raises Mistake."""
    rows, lines = _rows(document), document.text.splitlines()
    at = next(number for number, row in enumerate(rows) if str(row["id"]) == id)
    start, end = _extent(lines, document.place(("keys", at)).line - 1)
    if len(rows) == 1:
        above = document.place(("keys",), key=True).line - 1
        return _joined([*lines[:above], "keys: []", *lines[above + 1 : start], *lines[end:]])
    return _joined([*lines[:start], *lines[end:]])


def _rows(document: Document) -> list[dict[str, object]]:
    rows = document.data.get("keys") if isinstance(document.data, dict) else None
    return rows or []


def _extent(lines: list[str], start: int) -> tuple[int, int]:
    """The lines of the list item that begins there: to the next line that is indented no deeper than its dash."""
    dash = len(lines[start]) - len(lines[start].lstrip())
    if not lines[start].lstrip().startswith("-"):
        raise Mistake(f"{CALLERS}:{start + 1}: write each key on a line of its own, as `- {{id: …}}` under `keys:`")
    end = start + 1
    while end < len(lines) and lines[end].strip() and len(lines[end]) - len(lines[end].lstrip()) > dash:
        end += 1
    return start, end


def _joined(lines: list[str]) -> str:
    return "\n".join(lines) + "\n"


def _who() -> Who:
    return Who(audit.user(), "command")


def _done(settings: Settings, do: Callable[[], T]) -> T:
    """Raises Mistake."""
    try:
        return do()
    except (NoSuchKey, KeyNotPossible) as wrong:
        raise Mistake(str(wrong)) from None
    except OSError as wrong:
        raise _unusable(settings, wrong) from None


def _unusable(settings: Settings, wrong: OSError) -> Mistake:
    place = wrong.filename or settings.state_dir
    return Mistake(f"{place} cannot be used ({wrong.strerror or wrong}); nothing was changed")


def _last_uses(settings: Settings) -> dict[str, float]:
    """By the name of the key; empty where no gateway ever ran."""
    try:
        with closing(existing(settings.database_url, settings.state_dir)) as store:
            return store.last_uses()
    except UNREADABLE:
        return {}


def _path(policies: Path | None) -> Path:
    return (policies or from_environment().policies) / CALLERS


def _read(path: Path) -> tuple[Document, Keyring]:
    try:
        data = path.read_bytes()
    except OSError as wrong:
        raise Mistake(f"{path} cannot be read: {wrong.strerror}; name the folder with --policies") from None
    return _compiled(data, path)


def _compiled(data: bytes, path: Path) -> tuple[Document, Keyring]:
    try:
        document = parse(data, CALLERS)
        keyring, problems = compile_callers(document)
        if keyring is None or any(problem.severity == "error" for problem in problems):
            raise Problems(problems)
    except Problems as wrong:
        raise in_folder(wrong, path.parent) from None
    return document, keyring


def _write(path: Path, text: str) -> None:
    """Whole or not at all, and only if it still compiles."""
    _compiled(text.encode(), path)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        fresh.write_text(text, encoding="utf-8")
        fresh.chmod(path.stat().st_mode)
        os.replace(fresh, path)
    except OSError as wrong:
        raise Mistake(f"{path} cannot be written: {wrong.strerror}") from None

"""`gateway keys`: rows of callers.yaml. A key is shown once and kept as a hash."""

from __future__ import annotations

import json
import os
import re
import secrets
from contextlib import closing
from pathlib import Path
from time import time
from typing import Annotated

import typer

from gateway.cli.audit import record_before
from gateway.cli.mistakes import Mistake, in_folder
from gateway.cli.times import days_from, later_day
from gateway.errors import LedgerUnusable, Problems, nearest
from gateway.identity import Keyring, compile_callers, digest
from gateway.policy.layout import CALLERS
from gateway.record.journal.erase import erase_key as erase_from_journals
from gateway.report.ledger import existing
from gateway.settings import from_environment
from gateway.source import Document, parse

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9._-]*\Z")
_WORDS_OF_YAML = frozenset({"true", "false", "null"})
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
    policies: Folder = None,
    as_json: Json = False,
) -> None:
    """Make a key for a team, print it once and add its hash to callers.yaml.

    Example: gateway keys new --team research --app notebook
    """
    path = _path(policies)
    document, keyring = _read(path)
    if team not in keyring.teams:
        raise Mistake(f"no team is called `{team}`; {nearest(team, keyring.teams)}")
    id = name or f"{team}-{secrets.token_hex(3)}"
    if id in {caller.key_id for caller in keyring.callers.values()}:
        raise Mistake(f"there is a key called `{id}` already; choose another --id, or revoke it first")
    key = _fresh_key()
    row = {
        "id": id,
        "team": team,
        "app": app,
        "sha256": digest(key),
        "expires": later_day(expires, now=time()) if expires else None,
    }
    text = with_row(document, {field: value for field, value in row.items() if value is not None})
    record_before("key_made", {"id": id, "team": team, "app": app, "expires": row["expires"]})
    _write(path, text)
    if as_json:
        typer.echo(json.dumps({"id": id, "team": team, "key": key}))
    else:
        typer.echo(f"{key}\nthis is the key `{id}`; it is shown this once, {path} keeps its hash")


def list_keys(policies: Folder = None, as_json: Json = False) -> None:
    """List the keys of callers.yaml; the keys themselves are kept nowhere.

    Example: gateway keys list
    """
    _, keyring = _read(_path(policies))
    callers = sorted(keyring.callers.values(), key=lambda caller: caller.key_id)
    if as_json:
        rows = [{"id": c.key_id, "team": c.team.id, "app": c.app, "expires": c.expires} for c in callers]
        typer.echo(json.dumps(rows, default=str))
        return
    lines = [(caller.key_id, caller.team.id, caller.app or "-", str(caller.expires or "never")) for caller in callers]
    for id, team, app, expires in [("id", "team", "app", "expires"), *lines]:
        typer.echo(f"{id:<24} {team:<16} {app:<16} {expires}")


def rotate(
    id: Annotated[str, typer.Argument(help="its name in callers.yaml")],
    overlap_days: Annotated[int, typer.Option(min=1, help="for so many days the old key works too")] = 7,
    policies: Folder = None,
    as_json: Json = False,
) -> None:
    """Make a key that takes the place of another, which works on for some days.

    Example: gateway keys rotate research-bot --overlap-days 3
    """
    path = _path(policies)
    document, keyring = _read(path)
    ids = [caller.key_id for caller in keyring.callers.values()]
    if id not in ids:
        raise Mistake(f"no key is called `{id}`; {nearest(id, ids)}")
    hashed, caller = next((hashed, caller) for hashed, caller in keyring.callers.items() if caller.key_id == id)
    ends = min(days_from(time(), overlap_days), str(caller.expires or "9999-12-31"))
    fresh, key = _next_name(id, ids), _fresh_key()
    row = {"id": fresh, "team": caller.team.id, "app": caller.app, "sha256": digest(key)}
    old = {**row, "id": id, "sha256": hashed, "expires": ends}
    text = without_row(document, id)
    for each in (old, row):
        text = with_row(
            parse(text.encode(), CALLERS), {name: value for name, value in each.items() if value is not None}
        )
    record_before("key_rotated", {"id": id, "ends": ends, "new": fresh})
    _write(path, text)
    if as_json:
        typer.echo(json.dumps({"id": fresh, "team": caller.team.id, "key": key, "old": id, "old_ends": ends}))
    else:
        typer.echo(f"{key}\nthis is the key `{fresh}`, shown this once; `{id}` works until {ends}")


def _next_name(id: str, taken: list[str]) -> str:
    """bot, bot.2, bot.3 …"""
    stem, _, number = id.rpartition(".")
    stem, number = (stem, number) if stem and number.isdecimal() else (id, "1")
    return next(name for count in range(int(number) + 1, 10**9) if (name := f"{stem}.{count}") not in taken)


def _fresh_key() -> str:
    return f"gw-{secrets.token_urlsafe(32)}"


def revoke(id: Annotated[str, typer.Argument(help="its name in callers.yaml")], policies: Folder = None) -> None:
    """Remove a key from callers.yaml; a running gateway refuses it as soon as it has read the file again.

    Example: gateway keys revoke research-bot
    """
    path = _path(policies)
    document, keyring = _read(path)
    ids = [caller.key_id for caller in keyring.callers.values()]
    if id not in ids:
        raise Mistake(f"no key is called `{id}`; {nearest(id, ids)}")
    record_before("key_revoked", {"id": id})
    _write(path, without_row(document, id))
    typer.echo(f"the key `{id}` is revoked")


def erase(id: Annotated[str, typer.Argument(help="its name, revoked or not")], as_json: Json = False) -> None:
    """Delete from the ledger and the journals what ties requests to a key's owner; what they cost stays.

    Example: gateway keys erase research-bot
    """
    settings = from_environment()
    record_before("key_erased", {"id": id})
    try:
        waiting = erase_from_journals(settings.state_dir, id)
        with closing(existing(settings.database_url, settings.state_dir)) as store:
            count = store.erase_key(id)
    except LedgerUnusable as wrong:
        raise Mistake(str(wrong), exit_code=2) from None
    if as_json:
        typer.echo(json.dumps({"id": id, "requests": count}))
    else:
        typer.echo(f"erased the key `{id}` from {count:,} requests; of a key that is not revoked new ones are recorded")
    if not count and not waiting:
        raise typer.Exit(1)


def with_row(document: Document, row: dict[str, str]) -> str:
    """The text of callers.yaml with one more key, comments and all. Raises Mistake."""
    written = "{" + ", ".join(f"{field}: {_spelled(value)}" for field, value in row.items()) + "}"
    lines = document.text.splitlines()
    rows = _rows(document)
    if rows:
        start, end = _extent(lines, document.place(("keys", len(rows) - 1)).line - 1)
        indent = lines[start][: lines[start].index("-")]
        return _joined([*lines[:end], f"{indent}- {written}", *lines[end:]])
    if isinstance(document.data, dict) and "keys" in document.data:
        at = document.place(("keys",), key=True).line - 1
        return _joined([*lines[:at], "keys:", f"  - {written}", *lines[at + 1 :]])
    return _joined([*lines, "keys:", f"  - {written}"])


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


def _spelled(value: str) -> str:
    plain = _PLAIN.match(value) and value.lower() not in _WORDS_OF_YAML
    return value if plain or re.fullmatch(r"\d{4}-\d\d-\d\d", value) else json.dumps(value, ensure_ascii=False)


def _joined(lines: list[str]) -> str:
    return "\n".join(lines) + "\n"


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

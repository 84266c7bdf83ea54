"""`gateway freeze`: stops operators, endpoints, countries or lists at once. Needs no policy, no network, no gateway."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator, Sequence, Set
from pathlib import Path
from time import monotonic, sleep
from typing import Annotated

import typer

from gateway.cli.mistakes import Mistake
from gateway.cli.times import written_time
from gateway.policy.freeze import Freeze, Selector, freeze_name
from gateway.processes import audit, freezing
from gateway.processes.state_lock import NAME as GATEWAY_LOCK
from gateway.record import heartbeat
from gateway.record.journal.layout import FOLDER, is_alive
from gateway.settings import Settings, from_environment

CONFIRMED_S = 10.0  # for all workers to say that they hold it; they do within two
_LOOK_S = 0.1
Names = list[str] | None


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(freeze)


def freeze(
    operator: Annotated[Names, typer.Option(help="who runs the machines, as the catalogue calls them")] = None,
    endpoint: Annotated[Names, typer.Option(help="one place: model@operator")] = None,
    origin: Annotated[Names, typer.Option(help="country of the lab that trained the weights, e.g. CN")] = None,
    lineage: Annotated[Names, typer.Option(help="country of any lab that the weights descend from")] = None,
    exposure: Annotated[Names, typer.Option(help="country whose law reaches the machines or their owner")] = None,
    list_: Annotated[Names, typer.Option("--list", help="a list that operator or lab stand on, e.g. ofac")] = None,
    lift: Annotated[bool, typer.Option("--lift", help="end the freezes of these instead")] = False,
    id: Annotated[Names, typer.Option("--id", help="with --lift: one freeze by its id")] = None,
    abort: Annotated[bool, typer.Option("--abort", help="end running streams too, with an error event")] = False,
    reason: Annotated[str | None, typer.Option(help="why, for those who find it; no secrets")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="machine-readable output")] = False,
) -> None:
    """Stop an operator, endpoint, country or list within two seconds; without options, list what is stopped.

    It is kept in GATEWAY_STATE_DIR until it is lifted: over reloads and restarts, and on all gateways of one Redis.
    Attempts under way there are ended; only streams that callers read already go on, unless --abort.

    Example: gateway freeze --operator zai --abort
    """
    given: dict[Selector, Names] = {"operator": operator, "endpoint": endpoint, "origin": origin}
    given |= {"lineage": lineage, "exposure": exposure, "list": list_}
    wanted = [(selector, value) for selector, values in given.items() for value in values or ()]
    settings = from_environment()
    try:
        if lift:
            _require(wanted or id, "--lift needs what to lift: --operator zai, or --id and an id of the list")
            _lift(settings, wanted, id or [], as_json)
        elif wanted:
            _require(not id, "--id goes with --lift")
            _freeze(settings, wanted, abort, reason, as_json)
        else:
            _require(not (abort or id or reason), "freeze what? for example `gateway freeze --operator zai`")
            _list(settings, as_json)
    except OSError as wrong:
        said = f"{wrong.filename or settings.state_dir} cannot be used ({wrong.strerror or wrong}); nothing was changed"
        raise Mistake(f"{said}; a running gateway's console or API can freeze too") from None


def _require(holds: object, words: str) -> None:
    if not holds:
        raise Mistake(words, exit_code=2)


def _freeze(
    settings: Settings, wanted: Sequence[tuple[Selector, str]], abort: bool, reason: str | None, as_json: bool
) -> None:
    catalogs, unsure = freezing.known_catalogs(settings.state_dir, settings.policies)
    for selector, value in wanted:
        try:
            freezing.check_known(selector, value, catalogs)
        except freezing.NothingSuch as wrong:
            if unsure is None or selector not in freezing.NAMED_BY_CATALOGUE:
                raise Mistake(f"{wrong}; nothing was frozen", exit_code=2) from None
            typer.echo(f"note: {wrong}; it is frozen all the same, since {unsure}", err=True)
    rows = freezing.freeze(settings.state_dir, wanted, by=audit.user(), via="command", abort=abort, reason=reason)
    _show(rows, as_json, "frozen")
    _confirm(settings.state_dir, {(row.selector, row.value) for row in rows}, True)


def _lift(settings: Settings, wanted: Sequence[tuple[Selector, str]], ids: Sequence[str], as_json: bool) -> None:
    standing, _ = freezing.in_force(settings.state_dir)
    rows = [row for row in standing if (row.selector, row.value) in wanted or row.id in ids]
    found = {(row.selector, row.value) for row in rows}
    for selector, value in wanted:
        if (selector, value) not in found:
            raise Mistake(f"{freeze_name(selector, value)} is not in force; `gateway freeze` lists what is")
    for name in ids:
        if name not in {row.id for row in rows}:
            raise Mistake(f"no freeze in force has the id `{name[:100]}`; `gateway freeze` lists them")
    freezing.lift(settings.state_dir, rows, by=audit.user(), via="command")
    _show(rows, as_json, "lifted")
    left = {(row.selector, row.value) for row in freezing.in_force(settings.state_dir)[0]}
    _confirm(settings.state_dir, found - left, False)


def _list(settings: Settings, as_json: bool) -> None:
    rows, damage = freezing.in_force(settings.state_dir)
    if as_json:
        typer.echo(json.dumps({"freezes": [freezing.plain(row) for row in rows], "problem": damage}))
    elif not rows:
        typer.echo(f"nothing is frozen in {settings.state_dir}")
    for row in () if as_json else rows:
        words = f"{written_time(row.at)}  by {row.by}{'  aborts streams' if row.abort else ''}"
        typer.echo(f"{row.id}  {row.selector}={row.value}  since {words}{f'  ({row.reason})' if row.reason else ''}")
    if damage:
        raise Mistake(damage)


def _show(rows: Sequence[Freeze], as_json: bool, word: str) -> None:
    if as_json:
        typer.echo(json.dumps({"freezes": [freezing.plain(row) for row in rows]}))
    for row in () if as_json else rows:
        typer.echo(f"{row.id}: {row.selector}={row.value} is {word}")


def _confirm(state_dir: Path, asked: Set[tuple[str, str]], frozen: bool) -> None:
    """Waits until every worker says that it holds this, or holds it no more. Raises Mistake if one does not."""
    if not _runs(state_dir):
        typer.echo(
            f"no gateway runs on {state_dir}: this holds from its next start on; GATEWAY_STATE_DIR names another",
            err=True,
        )
        return
    deadline = monotonic() + CONFIRMED_S
    while monotonic() < deadline:
        workers = list(_held(state_dir))
        if workers and all((asked <= held) if frozen else not (asked & held) for held in workers):
            holding = "keep from it" if frozen else "hold it no longer"
            typer.echo(f"all workers here ({len(workers)}) {holding}", err=True)
            return
        sleep(_LOOK_S)
    raise Mistake(f"it is written, but not every worker has confirmed it within {CONFIRMED_S:g} s; see their log")


def _held(state_dir: Path) -> Iterator[set[tuple[str, ...]]]:
    """What each worker that lives says it keeps from."""
    for name, beat in heartbeat.beats(state_dir).items():
        if heartbeat.FROZEN in beat.gauges and is_alive(state_dir / FOLDER / name):
            yield {labels for labels, value in beat.gauges[heartbeat.FROZEN] if value}


def _runs(state_dir: Path) -> bool:
    try:
        with open(state_dir / GATEWAY_LOCK, "rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False

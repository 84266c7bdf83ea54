"""`gateway check`, `explain`, `diff` and `schema`: what the tools say about a policy folder."""

from __future__ import annotations

import json
import re
import sys
from math import inf
from os.path import isdir  # a long text is no path, and Path.is_dir would raise
from pathlib import Path
from time import time
from typing import Annotated, Any

import typer

from gateway.catalog.facts import Endpoint
from gateway.cli.mistakes import Mistake, framed, in_folder, placed
from gateway.cli.recorded import explained, is_request
from gateway.cli.times import instant
from gateway.errors import GatewayError, LedgerUnusable, Place, Problem, Problems
from gateway.identity import Team
from gateway.policy.analysis.check import review
from gateway.policy.analysis.diff import compare, difference_text, plain
from gateway.policy.authoring.cases import signals_of
from gateway.policy.authoring.compile import compile_folder
from gateway.policy.authoring.schema import schemas
from gateway.policy.authoring.signal_literals import given_from_words
from gateway.policy.compiled import Compiled
from gateway.policy.decide import decide
from gateway.policy.decision import Decision
from gateway.policy.explain import explanation
from gateway.policy.explain.chance import apart
from gateway.policy.explain.serialize import plain_decision
from gateway.policy.models import resolve_model
from gateway.policy.ranking import expected_costs
from gateway.policy.view import View
from gateway.processes.accepted_policy import load_version
from gateway.processes.adapter_environment import no_adapter
from gateway.processes.freezing import stopped_here
from gateway.processes.key_files import key_at
from gateway.processes.policy_folder import read_folder, unnamed_catalog
from gateway.processes.tls import context_now
from gateway.report.ledger import well_known
from gateway.settings import from_environment, https_proxy
from gateway.signals.measure import measure_prompt
from gateway.signals.value import Signals
from gateway.source import frame
from gateway.upstreams.connecting import Connecting
from gateway.upstreams.logins import Logins

_RANKED = 12  # endpoints shown in their order
Json = Annotated[bool, typer.Option("--json", help="machine-readable output")]
Folder = Annotated[Path | None, typer.Argument(metavar="[DIR]", help="policy folder; default: GATEWAY_POLICIES")]


def register(app: typer.Typer) -> None:
    """Adds the commands to the `gateway` command."""
    app.command()(check)
    app.command()(explain)
    app.command()(diff)
    app.command()(schema)


def check(folder: Folder = None, as_json: Json = False) -> None:
    """Compile a policy folder, lint it and run its cases.

    Example: gateway check policies
    """
    path = folder or from_environment().policies
    try:
        compiled = compile_folder(read_folder(path))
    except Problems as wrong:
        _say(wrong.problems, path, as_json, passed=0, failed=0)
        raise typer.Exit(1) from None
    found = review(
        compiled,
        measure=measure_prompt,
        at=time(),
        has_key=_has_key,
        no_adapter=no_adapter(),
        known=_known(),
        lacks_way=_lacks_way,
    )
    _say((*unnamed_catalog(path), *found.problems), path, as_json, passed=found.passed, failed=found.failed)
    if not as_json:
        policy = compiled.policy
        counts = f"{len(policy.guards)} guards, {len(policy.routes)} routes, {len(policy.endpoints)} endpoints"
        typer.echo(f"{path}: {counts}; {found.passed} cases passed, {found.failed} failed; version {policy.version}")
    if any(problem.severity == "error" for problem in found.problems):
        raise typer.Exit(1)


_LOGINS = Logins(key_at)


def _known() -> frozenset[str]:
    try:
        return well_known(from_environment(), now=time())
    except LedgerUnusable as wrong:
        typer.echo(f"note: {wrong}; estimates are taken to have no data", err=True)
        return frozenset()


def _has_key(endpoint: Endpoint) -> bool:
    return _LOGINS.found(endpoint)


def _lacks_way(endpoint: Endpoint) -> bool:
    return Connecting(key_at, context_now, https_proxy()).way(endpoint) is None


def _say(problems: tuple[Problem, ...], folder: Path, as_json: bool, *, passed: int, failed: int) -> None:
    if as_json:
        rows = [_row(problem) for problem in placed(problems, folder)]
        typer.echo(json.dumps({"problems": rows, "cases": {"passed": passed, "failed": failed}}, ensure_ascii=False))
        return
    for problem in placed(problems, folder):
        typer.echo(framed(problem) + "\n")


def _row(problem: Problem) -> dict[str, Any]:
    place = problem.place or Place("", 0, 0)
    return {
        "severity": problem.severity,
        "message": problem.message,
        "file": place.file or None,
        "line": place.line or None,
        "column": place.column or None,
        "help": problem.help,
    }


def explain(
    words: Annotated[
        list[str] | None, typer.Argument(metavar="[DIR] [TEXT|-|REQUEST]", help="a folder, a prompt or a request's id")
    ] = None,
    team: Annotated[str | None, typer.Option(help="whose request it is")] = None,
    data_class: Annotated[str | None, typer.Option(help="as the header would raise it")] = None,
    model: Annotated[str | None, typer.Option(help="what the caller asks for")] = None,
    given: Annotated[list[str] | None, typer.Option(help="signal=value, as often as needed")] = None,
    at: Annotated[str | None, typer.Option(help="time, e.g. 2026-11-20T02:00:00Z; default: now")] = None,
    at_version: Annotated[str | None, typer.Option(help="a policy of the past, as records name it")] = None,
    every: Annotated[bool, typer.Option("--all", help="what became of every endpoint")] = False,
    as_json: Json = False,
) -> None:
    """Say where a request would go, sentence by sentence, with the prices.

    Of a recorded request, by its id: why it went where it went, by the policy of its day, and what was adapted.

    Example: gateway explain --team research "What happened on 4 June 1989?"
    """
    if words and len(words) == 1 and is_request(words[0]):
        return typer.echo(explained(words[0], from_environment(), as_json=as_json))
    path, text = _folder_and_text(words or [])
    compiled = _compiled(path) if at_version is None else _of_version(at_version)
    options = [
        f"{name}={value}" for name, value in (("team", team), ("data_class", data_class), ("model", model)) if value
    ]
    signals = _signals(compiled, [*options, *(given or [])], text)
    view = View(at=instant(at, now=time()), frozen=stopped_here(from_environment().state_dir))
    decision = decide(compiled.policy, signals, view)
    whose = compiled.keyring.teams.get(str(signals.get("team")))
    plainly = as_json and json.dumps(plain_decision(decision, whose), ensure_ascii=False)
    typer.echo(plainly or _told(decision, whose, every=every))
    if not decision.endpoints:
        raise typer.Exit(1)


def _folder_and_text(words: list[str]) -> tuple[Path, str | None]:
    default = from_environment().policies
    if len(words) > 2:
        raise Mistake("explain takes a folder and a text; quote a text of several words", exit_code=2)
    if len(words) == 2:
        return Path(words[0]), _text(words[1])
    if not words:
        return default, None
    return (Path(words[0]), None) if words[0] and isdir(words[0]) else (default, _text(words[0]))


def _text(word: str) -> str:
    return sys.stdin.read() if word == "-" else word


def _compiled(path: Path) -> Compiled:
    try:
        return compile_folder(read_folder(path))
    except Problems as wrong:
        raise in_folder(wrong, path) from None


def _of_version(version: str, path: Path | None = None) -> Compiled:
    """As it was accepted or refused here; what is no version is a folder, if one may be given. Raises Mistake."""
    state_dir = from_environment().state_dir
    kept = load_version(state_dir, version) if re.fullmatch(r"[0-9a-f]{12,64}", version) else None
    if kept is None and path is not None:
        return _compiled(path)
    if kept is None:
        raise Mistake(f"{state_dir} keeps no policy of version `{version[:64]}`; `gateway audit show` names them")
    try:
        return compile_folder(kept)
    except Problems as wrong:
        raise Mistake("\n".join(frame(problem) for problem in wrong.problems)) from None


def _signals(compiled: Compiled, words: list[str], text: str | None) -> Signals:
    try:
        given = given_from_words(words, compiled)
        if "model" in given.signals and "model_known" not in given.signals:
            resolve_model(compiled.policy, str(given.signals["model"]))
    except Problems as wrong:
        raise Mistake("\n".join(frame(problem) for problem in wrong.problems), exit_code=2) from None
    except GatewayError as wrong:
        raise Mistake(wrong.message, exit_code=2) from None
    measured = dict(measure_prompt(text)) if text is not None else {}
    return signals_of(compiled.keyring.teams.get(given.team or ""), {**measured, **given.signals}, compiled.policy)


def _ranked(decision: Decision) -> list[str]:
    """The first endpoints with what this request costs there."""
    first = list(decision.endpoints[:_RANKED])
    policy, view = decision.policy, decision.view
    costs = expected_costs(policy.rankings, "cost_per_answer", first, decision.signals, view)
    width = max(len(endpoint.id) for endpoint in first)
    lines = [
        f"  {place:>3}. {endpoint.id:<{width}}  {'price unknown' if cost == inf else f'about ${cost:.6f}'}"
        for place, (endpoint, cost) in enumerate(zip(first, costs, strict=True), 1)
    ]
    more = len(decision.endpoints) - len(first)
    return [*lines, f"       and {more} more"] if more else lines


def _told(decision: Decision, team: Team | None, *, every: bool) -> str:
    lines = list(explanation.sentences(decision))
    if decision.endpoints:
        lines += ["", "tried in this order, with what an answer is expected to cost there:", *_ranked(decision)]
    else:
        refusal = explanation.denial(decision)
        lines.append(f"refused: {refusal.status} {refusal.code}: {refusal.message}")
    lines += ["", "every endpoint:", *_each(decision)] if every else ["", "--all shows what became of every endpoint"]
    return "\n".join([*lines, *apart(decision, team)])


def _each(decision: Decision) -> list[str]:
    """One line an endpoint: where it stands, or what is in its way."""
    removed, unable = explanation.removed(decision), explanation.unable(decision)
    order = {endpoint.id: place for place, endpoint in enumerate(decision.endpoints, 1)}
    width = max((len(endpoint.id) for endpoint in decision.policy.endpoints), default=0)
    lines = []
    for endpoint in decision.policy.endpoints:
        reasons = [f"removed by {', '.join(removed[endpoint.id])}"] if endpoint.id in removed else []
        reasons += [unable[endpoint.id]] if endpoint.id in unable else []
        stands = f"no. {order[endpoint.id]}" if endpoint.id in order else "permitted, not proposed by this route"
        lines.append(f"  {endpoint.id:<{width}}  {'; '.join(reasons) or stands}")
    return lines


def diff(
    old: Annotated[Path, typer.Argument(help="the policy folder as it is, or a version")],
    new: Annotated[Path, typer.Argument(help="the policy folder as it would be, or a version")],
    allow_widening: Annotated[bool, typer.Option("--allow-widening", help="exit 0 even if it widens")] = False,
    as_json: Json = False,
) -> None:
    """Say who may reach what under NEW and not under OLD, and who no longer can.

    Either may be a version that was accepted or refused here, as the audit names it.

    Example: gateway diff policies policies.new
    """
    difference = compare(*(_compiled(each) if isdir(each) else _of_version(str(each), each) for each in (old, new)))
    typer.echo(json.dumps(plain(difference), ensure_ascii=False) if as_json else difference_text(difference))
    if difference.widened and not allow_widening:
        raise typer.Exit(1)


def schema(folder: Folder = None) -> None:
    """Write the JSON Schemas that editors complete and check with.

    Example: gateway schema policies
    """
    place = (folder or from_environment().policies) / "schema"
    place.mkdir(parents=True, exist_ok=True)
    for name, made in schemas().items():
        (place / name).write_text(json.dumps(made, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        typer.echo(place / name)

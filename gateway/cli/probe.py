"""`gateway probe`: asks the shipped questions of every permitted endpoint, or reads labelled replies from a file."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fnmatch import fnmatchcase
from pathlib import Path
from time import time
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from gateway.background.rule_pricing import pricing_in
from gateway.catalog.facts import Catalog, Endpoint
from gateway.cli.bar import Counted
from gateway.cli.mistakes import Mistake
from gateway.cli.refusal_pages import Format, written
from gateway.cli.report import compiled
from gateway.data_plane.build import Parts, build_gateway, build_parts, follow_freezes, recorder
from gateway.data_plane.freezes import FreezeFollower
from gateway.errors import LedgerUnusable, nearest
from gateway.identity import Team
from gateway.pipeline import Gateway
from gateway.policy.compiled import Compiled
from gateway.probe import speechmap
from gateway.probe.plan import Plan, plan
from gateway.probe.questions import LANGUAGES, MALICIOUS, TOPICS, questions
from gateway.probe.report import probed
from gateway.probe.run import Asking, Found
from gateway.record.ledger import ingest
from gateway.record.store import open_store
from gateway.settings import Settings, from_environment

_BARS = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
_WARNING = (
    "malicious questions are asked as well: a vendor may warn you or close the account whose key is used; "
    "ask only where that is agreed"
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the command line asks for."""

    endpoints: str | None
    topics: list[str]
    languages: list[str]
    repeat: int
    max_tokens: int | None
    team: str | None
    usd: Decimal | None
    sure: bool


@dataclass(slots=True)
class Serving:
    """What asks now; a freeze puts another in its place."""

    gateway: Gateway

    def now(self) -> Gateway:
        return self.gateway

    def swap(self, gateway: Gateway) -> None:
        self.gateway = gateway


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(probe)


def probe(
    endpoints: Annotated[str | None, typer.Option(help="ids with commas between; `*` stands for anything")] = None,
    topics: Annotated[str | None, typer.Option(help=f"of {', '.join(TOPICS)}; default: all but the last")] = None,
    languages: Annotated[str, typer.Option(help="of en, zh")] = "en,zh",
    repeat: Annotated[int, typer.Option(min=1, max=100, help="how often each question is asked")] = 1,
    team: Annotated[str | None, typer.Option(help="whose guards apply; default: the policy's `probe: team`")] = None,
    usd: Annotated[str | None, typer.Option(help="the most it may cost; default: the policy's `probe: usd`")] = None,
    include: Annotated[str | None, typer.Option(help="`malicious`: those questions too; vendors may ban you")] = None,
    max_tokens: Annotated[int | None, typer.Option(min=1, help="`max_tokens` of each request")] = None,
    import_: Annotated[Path | None, typer.Option("--import", help="labelled replies to read; nobody is asked")] = None,
    policies: Annotated[Path | None, typer.Option(help="policy folder [GATEWAY_POLICIES, policies]")] = None,
    format: Annotated[Format, typer.Option(help="html is one self-contained page")] = "table",
    as_json: Annotated[bool, typer.Option("--json", help="the same as --format json")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="agree to the estimate beforehand")] = False,
) -> None:
    """Ask sensitive and harmless questions of every permitted endpoint; print who refuses what.

    Example: gateway probe --team research --endpoints '*@self' --languages en --repeat 3 --usd 2
    """
    format = "json" if as_json else format
    if import_ is not None:
        typer.echo(written(_imported(import_), format, f"Refusals in {import_.name}"), nl=False)
        return
    wanted = Wanted(
        endpoints=endpoints,
        topics=_topics(topics, include),
        languages=_words(languages, LANGUAGES, "language"),
        repeat=repeat,
        max_tokens=max_tokens,
        team=team,
        usd=_money(usd),
        sure=yes,
    )
    made = _probed(wanted, policies)
    typer.echo(written(made, format, "Refusals by weights and operator"), nl=False)
    if made["asked"] == made["failed"]:
        raise Mistake(_nobody(made))


def _probed(wanted: Wanted, policies: Path | None) -> dict[str, Any]:
    settings = from_environment()
    folder = compiled(policies or settings.policies)
    team = _team(folder, wanted.team)
    _require_ledger(settings)
    parts = build_parts(settings)
    try:
        return _asked(wanted, folder, parts, team)
    finally:
        parts.close()
        ingest(settings.state_dir, settings.database_url, pricing_in(settings.state_dir))


def _require_ledger(settings: Settings) -> None:
    """Before anything is asked and paid for."""
    try:
        open_store(database_url=settings.database_url, state_dir=settings.state_dir).close()
    except LedgerUnusable as wrong:
        raise Mistake(str(wrong), exit_code=2) from None


def _asked(wanted: Wanted, folder: Compiled, parts: Parts, team: Team) -> dict[str, Any]:
    serving = Serving(build_gateway(folder, parts))
    freezes = follow_freezes(parts, serving.now, serving.swap)
    asyncio.run(_look(freezes, parts))
    gateway = serving.now()
    console = Console(stderr=True)
    planned = plan(
        gateway,
        team,
        endpoints=_endpoints(folder.catalog, wanted.endpoints),
        questions=questions(topics=wanted.topics, languages=wanted.languages),
        repeat=wanted.repeat,
        max_tokens=wanted.max_tokens,
        at=time(),
    )
    schedule = folder.policy.probe
    usd = wanted.usd if wanted.usd is not None or schedule is None else schedule.usd
    if planned.trials:
        _agree(planned, wanted, usd, console)
    record = recorder(parts.journal, "probe", parts.before)
    with Progress(*_BARS, console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task("asking", total=len(planned.trials))
        asking = Asking(serving.now, planned, usd, record=record, done=lambda: progress.advance(bar))
        found = _run(asking, parts, freezes)
    return probed(planned, found, repeat=wanted.repeat)


async def _look(freezes: FreezeFollower, parts: Parts) -> None:
    """What is frozen is not planned for."""
    await freezes.look()
    await parts.freezes.close()


def _run(asking: Asking, parts: Parts, freezes: FreezeFollower) -> Found:
    """What was heard until Ctrl-C is not thrown away. A freeze that comes meanwhile is obeyed."""

    async def all_and_close() -> Found:
        following = asyncio.ensure_future(freezes.forever())
        try:
            return await asking.all()
        finally:
            following.cancel()
            await asyncio.wait([following])
            await parts.freezes.close()
            parts.client.close()  # connections belong to this event loop

    try:
        return asyncio.run(all_and_close())
    except KeyboardInterrupt:
        return asking.found


def _agree(planned: Plan, wanted: Wanted, usd: Decimal | None, console: Console) -> None:
    """Raises Mistake if nobody agrees to what it may cost."""
    cap = "without a cap" if usd is None else f"at most {usd} USD"
    asked = f"{len(planned.trials)} requests to {len(planned.endpoints)} endpoints"
    said = f"{asked}, about {planned.estimate_usd:.4f} USD, {cap}"
    if planned.unpriced:
        said += f"; no price is known for {', '.join(sorted(planned.unpriced))}"
        said += "" if usd is None else ", so a cap leaves them out"
    console.print(said, soft_wrap=True, markup=False, highlight=False)
    if MALICIOUS in wanted.topics:
        console.print(f"warning: {_WARNING}", soft_wrap=True, markup=False, highlight=False)
    if wanted.sure:
        return
    if not sys.stdin.isatty():
        raise Mistake("nobody is there to agree to the cost; add --yes, and --usd to cap it", exit_code=2)
    if not typer.confirm("ask them?", err=True):
        raise Mistake("nothing was asked")


def _imported(file: Path) -> dict[str, Any]:
    try:
        with open(file, "rb") as lines:
            seen = list(Counted(speechmap.read(lines), "reading replies"))
    except OSError as wrong:
        raise Mistake(f"{file} cannot be read: {wrong.strerror}", exit_code=2) from None
    except speechmap.BadLine as wrong:
        raise Mistake(f"{file}: {wrong}", exit_code=2) from None
    return speechmap.imported(seen)


def _endpoints(catalog: Catalog, given: str | None) -> list[Endpoint]:
    """Those named, in the catalogue's order; all that chat if none are. Raises Mistake for a name that fits none."""
    known = [endpoint for endpoint in catalog.endpoints.values() if "chat" in endpoint.kinds]
    if given is None:
        return known
    patterns = _split(given)
    for pattern in patterns:
        if not any(fnmatchcase(endpoint.id, pattern) for endpoint in known):
            way_out = nearest(pattern, [endpoint.id for endpoint in known])
            raise Mistake(f"no endpoint that chats is called `{pattern}`; {way_out}", exit_code=2)
    return [endpoint for endpoint in known if any(fnmatchcase(endpoint.id, pattern) for pattern in patterns)]


def _topics(given: str | None, include: str | None) -> list[str]:
    """Raises Mistake. Malicious questions are asked only of those who say so twice, or leave the topics open."""
    if include not in (None, MALICIOUS):
        raise Mistake(f"`{include}` cannot be included; the one word is `{MALICIOUS}`", exit_code=2)
    if given is None:
        return [topic for topic in TOPICS if topic != MALICIOUS or include]
    topics = _words(given, TOPICS, "topic")
    if MALICIOUS in topics and not include:
        raise Mistake(f"`{MALICIOUS}` is asked only with --include {MALICIOUS}; vendors may ban you", exit_code=2)
    return topics


def _words(given: str, known: Collection[str], kind: str) -> list[str]:
    words = _split(given)
    for word in words:
        if word not in known:
            raise Mistake(f"no {kind} is called `{word}`; {nearest(word, known)}", exit_code=2)
    return words


def _split(given: str) -> list[str]:
    return [word.strip() for word in given.split(",") if word.strip()]


def _team(folder: Compiled, given: str | None) -> Team:
    teams = folder.keyring.teams
    schedule = folder.policy.probe
    name = given or (schedule.team if schedule else None)
    if name is None:
        raise Mistake(f"whose guards apply? add --team; {nearest('', teams)}", exit_code=2)
    if name not in teams:
        raise Mistake(f"no team is called `{name}`; {nearest(name, teams)}", exit_code=2)
    return teams[name]


def _money(given: str | None) -> Decimal | None:
    if given is None:
        return None
    try:
        usd = Decimal(given)
    except InvalidOperation:
        raise Mistake(f"--usd is `{given}`; it takes a number of US dollars", exit_code=2) from None
    if not usd.is_finite() or usd < 0:
        raise Mistake(f"--usd is {given}; it takes a number of US dollars, 0 or more", exit_code=2)
    return usd


def _nobody(made: dict[str, Any]) -> str:
    if made["asked"]:
        return "nobody replied: every request failed; the ledger says how, in `failure` of its attempts"
    if made["out_of_money"]:
        return "nothing was asked: the cap does not reach for one question; raise --usd"
    return "nothing was asked: no endpoint is permitted and reachable; `removed` and `unable` in --json say why"

"""`gateway import`: a policy folder from another gateway's configuration, and a report of what did not come along."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from time import time
from typing import Annotated

import typer

from gateway.cli.mistakes import Mistake
from gateway.errors import Problems
from gateway.importing.draft import Said
from gateway.importing.report import plain
from gateway.importing.run import Imported, PeerName, run
from gateway.importing.shipped import Shipped, gather
from gateway.policy.layout import own_catalog
from gateway.settings import from_environment, peer_variable
from gateway.source import parse

REPORT = "IMPORT.md"
_MOST_BYTES = 4_000_000
File = Annotated[Path, typer.Argument(metavar="FILE", help="the peer's configuration")]
Into = Annotated[Path, typer.Option("--into", help="the folder to write; it must not be there, or be empty")]
Own = Annotated[list[str], typer.Option("--own", help="an own machine: HOST[:PORT][=COUNTRY], several by commas")]
Context = Annotated[
    list[str], typer.Option("--context", help="MODEL=TOKENS: the context of a model that nobody else tells")
]
Catalog = Annotated[
    Path | None, typer.Option("--catalog", help="a catalogue to take facts from [that of GATEWAY_POLICIES]")
]
Json = Annotated[bool, typer.Option("--json", help="machine-readable output")]
Against = Annotated[
    str | None,
    typer.Option("--against", help="the peer's URL: ask both the same ten prompts [its key: GATEWAY_PEER_KEY]"),
]
Ask = Annotated[str | None, typer.Option("--ask", help="with --against: the model to ask for [one that both list]")]
Export = Annotated[Path | None, typer.Option(help="an export of LiteLLM's API, as JSON")]

app = typer.Typer(
    help="Write a policy folder from another gateway's configuration, and say what could not be carried.\n\n"
    "Example: gateway import litellm config.yaml --into policies.imported",
    no_args_is_help=True,
)
_INTO = Path("policies.imported")


def register(root: typer.Typer) -> None:
    """Adds the commands; `import` is a word of Python, so the module is called otherwise."""
    root.add_typer(app, name="import")


@app.command()
def litellm(
    file: File,
    into: Into = _INTO,
    own: Own = [],  # noqa: B006 - typer reads it once
    context: Context = [],  # noqa: B006
    models: Export = None,
    teams: Export = None,
    keys: Export = None,
    customers: Export = None,
    catalog: Catalog = None,
    against: Against = None,
    ask: Ask = None,
    as_json: Json = False,
) -> None:
    """Import a LiteLLM proxy configuration; `--models --teams --keys --customers` are replies of its API.

    Example: gateway import litellm config.yaml --own vllm:8000=DE --context our-model=32768
    """
    exports = {"models": models, "teams": teams, "keys": keys, "customers": customers}
    files = {name: _read(path) for name, path in exports.items() if path is not None}
    said = Said(_today(), _own(own), _numbers(context), {}, files, peer_variable, lambda name: _beside(file, name))
    _finish("litellm", file, into, catalog, said, as_json)
    _compare(into, against, ask)


@app.command()
def openrouter(
    file: File,
    into: Into = _INTO,
    catalog: Catalog = None,
    against: Against = None,
    ask: Ask = None,
    as_json: Json = False,
) -> None:
    """Import OpenRouter presets, or a request with its `provider` preferences.

    Example: gateway import openrouter presets.json
    """
    _finish("openrouter", file, into, catalog, Said(_today()), as_json)
    _compare(into, against, ask)


@app.command()
def portkey(
    file: File,
    into: Into = _INTO,
    virtual_key: Annotated[list[str], typer.Option("--virtual-key", help="NAME=OPERATOR: whose key it is")] = [],  # noqa: B006
    own: Own = [],  # noqa: B006
    context: Context = [],  # noqa: B006
    catalog: Catalog = None,
    against: Against = None,
    ask: Ask = None,
    as_json: Json = False,
) -> None:
    """Import a Portkey configuration.

    Example: gateway import portkey config.json --virtual-key openai-prod-1a2b=openai
    """
    said = Said(_today(), _own(own), _numbers(context), dict(_pair(word) for word in virtual_key))
    _finish("portkey", file, into, catalog, said, as_json)
    _compare(into, against, ask)


def _finish(peer: PeerName, file: Path, into: Path, catalog: Path | None, said: Said, as_json: bool) -> None:
    _check_free(into)
    data, shipped = _read(file), _shipped(catalog)
    try:
        imported = run(peer, data, str(file), shipped, said)
    except Problems as wrong:
        raise Mistake(_told(wrong)) from None
    _write(into, imported)
    if as_json:
        rows = {"into": str(into), "compiles": not imported.problems, "findings": plain(imported.findings)}
        typer.echo(json.dumps(rows, ensure_ascii=False))
    else:
        typer.echo(imported.report)
        typer.echo(f"written to {into}, with this report as {REPORT}; next: gateway check {into}")
    if imported.problems:
        raise typer.Exit(1)


def _compare(into: Path, against: str | None, ask: str | None) -> None:
    if against is None:
        if ask is not None:
            raise Mistake("--ask names what to ask for with --against URL", exit_code=2)
        return
    from gateway.cli.comparing import compare  # starts a gateway; of no use otherwise

    compare(into, against, ask)


def _told(wrong: Problems) -> str:
    """Without the lines of the file: any of them may hold a key."""
    told = []
    for problem in wrong.problems:
        place = problem.place
        where = f"\n --> {place.file}:{place.line}:{place.column}" if place else ""
        told.append(f"{problem.message}{where}" + (f"\n  = help: {problem.help}" if problem.help else ""))
    return "\n\nerror: ".join(told) + "\n\nnothing was written"


def _check_free(into: Path) -> None:
    if into.exists() and (not into.is_dir() or any(into.iterdir())):
        raise Mistake(f"{into} is there already, and nothing is ever overwritten; name another folder with --into")


def _write(into: Path, imported: Imported) -> None:
    for name, data in {**imported.files, REPORT: imported.report.encode()}.items():
        path = into / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as file:
            file.write(data)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_MOST_BYTES + 1)
    except OSError as wrong:
        raise Mistake(f"{path} cannot be read: {wrong.strerror}", exit_code=2) from None


def _beside(file: Path, name: str) -> bytes | None:
    path = file.parent / name
    try:
        return path.read_bytes() if path.is_file() else None
    except (OSError, ValueError):
        return None


def _shipped(catalog: Path | None) -> Shipped:
    folder = catalog
    if folder is None:
        policies = from_environment().policies
        policy = policies / "policy.yaml"
        folder = policies / own_catalog(policy.read_bytes() if policy.is_file() else b"")
    if not folder.is_dir():
        raise Mistake(
            f"there is no catalogue {folder}; name one with --catalog, such as `policies/catalog` of the project"
        )
    return gather([parse(path.read_bytes(), path.name) for path in sorted(folder.glob("*.yaml"))])


def _own(words: list[str]) -> Mapping[str, str | None]:
    found: dict[str, str | None] = {}
    for word in (part for given in words for part in given.split(",") if part):
        host, equals, country = word.partition("=")
        if equals and not re.fullmatch("[A-Z]{2}", country):
            raise Mistake(f"--own {host}=…: a country is two capital letters, such as DE", exit_code=2)
        found[host] = country or None
    countries = {country for country in found.values() if country}
    if len(countries) == 1 and words and all("," in given for given in words):
        return {host: country or next(iter(countries)) for host, country in found.items()}
    return found


def _numbers(words: list[str]) -> Mapping[str, int]:
    found = {}
    for word in words:
        name, value = _pair(word)
        if not value.isdecimal() or not 0 < int(value) < 10**9:
            raise Mistake(f"--context {name}=…: a number of tokens, such as 32768", exit_code=2)
        found[name] = int(value)
    return found


def _pair(word: str) -> tuple[str, str]:
    name, equals, value = word.rpartition("=")
    if not equals or not name or not value:
        raise Mistake("an option of the form NAME=VALUE has no `=`", exit_code=2)
    return name, value


def _today() -> str:
    return datetime.fromtimestamp(time(), UTC).date().isoformat()

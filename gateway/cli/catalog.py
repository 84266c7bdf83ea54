"""`gateway catalog`: what is known of labs, models, operators and endpoints, what they cost, and who says so."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from time import time
from typing import Annotated, Any, NoReturn

import typer

from gateway.catalog import show as shown
from gateway.catalog.check import findings
from gateway.catalog.compile import compile_catalog
from gateway.catalog.data import shipped
from gateway.catalog.facts import Catalog
from gateway.catalog.lookup import find_endpoint, find_lab, find_model, find_operator
from gateway.catalog.maps import Maps
from gateway.catalog.overlay import overlaid
from gateway.catalog.quote import quote
from gateway.catalog.refresh import Refreshed, refresh
from gateway.cli.catalog_add import add
from gateway.cli.mistakes import Mistake, in_folder
from gateway.cli.times import day, instant
from gateway.errors import Problems
from gateway.policy.layout import POLICY, catalog_layers, of_catalog, own_catalog
from gateway.processes.key_files import key_at
from gateway.processes.policy_folder import read_folder
from gateway.settings import from_environment
from gateway.source import Document, parse
from gateway.upstreams.logins import Logins

app = typer.Typer(
    help="What is known of models, operators and endpoints, and from where.\n\n"
    "Example: gateway catalog show --endpoint gpt-oss-120b@scaleway",
    no_args_is_help=True,
)
Folder = Annotated[Path | None, typer.Option("--policies", help="policy folder [GATEWAY_POLICIES, policies]")]
Json = Annotated[bool, typer.Option("--json", help="machine-readable output")]
MapsFolder = Annotated[
    Path, typer.Option("--maps", help="where litellm and model-prices are installed, see `make dialects`")
]
PRICES = "prices.yaml"
app.command("add")(add)
_ONE_THING = "name one thing: a lab, a model, an operator or an endpoint"


@app.command()
def show(
    name: Annotated[str | None, typer.Argument(help="whatever bears this name")] = None,
    lab: Annotated[str | None, typer.Option(help="a lab")] = None,
    model: Annotated[str | None, typer.Option(help="a model")] = None,
    operator: Annotated[str | None, typer.Option(help="an operator")] = None,
    endpoint: Annotated[str | None, typer.Option(help="an endpoint")] = None,
    policies: Folder = None,
    as_json: Json = False,
) -> None:
    """Print all that is known about a thing, and from where; without one, everything.

    Example: gateway catalog show --model r1-1776
    """
    catalog = _catalog(_folder(policies))
    row = _row(catalog, lab, model, operator, endpoint)
    if name is not None:
        if row is not None:
            _misused(_ONE_THING)
        row = shown.named(catalog, name)
    if as_json:
        typer.echo(json.dumps(shown.whole(catalog) if row is None else row, ensure_ascii=False))
    elif row is None:
        typer.echo("\n".join(_line(found) for found in shown.whole(catalog)["endpoints"]))
    else:
        typer.echo("\n".join(_told(row)))


def _row(
    catalog: Catalog, lab: str | None, model: str | None, operator: str | None, endpoint: str | None
) -> shown.Row | None:
    if sum(name is not None for name in (lab, model, operator, endpoint)) > 1:
        _misused(_ONE_THING)
    if lab is not None:
        return shown.lab_row(catalog, find_lab(catalog, lab))
    if model is not None:
        return shown.model_row(catalog, find_model(catalog, model))
    if operator is not None:
        return shown.operator_row(catalog, find_operator(catalog, operator))
    return shown.endpoint_row(catalog, find_endpoint(catalog, endpoint)) if endpoint is not None else None


@app.command()
def price(
    endpoint: Annotated[str, typer.Option(help="whose price")],
    usage: Annotated[
        str,
        typer.Option(help='counts as JSON, e.g. {"input_tokens": 900} or {"images": 2, "variant": "1024x1024/hd"}'),
    ],
    at: Annotated[str | None, typer.Option(help="UTC time, e.g. 2026-11-20T02:00:00Z; default: now")] = None,
    policies: Folder = None,
    as_json: Json = False,
) -> None:
    """Say what a usage costs at a time, and which price row says so.

    Example: gateway catalog price --endpoint gpt-6-luna@openai --usage '{"input_tokens": 900}' --at 2026-11-20T02:00Z
    """
    catalog = _catalog(_folder(policies))
    row = quote(find_endpoint(catalog, endpoint), _used(usage), at=instant(at, now=time()))
    typer.echo(json.dumps(row, ensure_ascii=False) if as_json else "\n".join(_told(row)))
    if row["cost_usd"] is None:
        raise typer.Exit(1)


@app.command()
def check(policies: Folder = None, maps: MapsFolder = Path(".venv-dialects"), as_json: Json = False) -> None:
    """Find rows without a source, unknown facts, and prices on which the maps disagree by more than 1 %.

    Example: gateway catalog check
    """
    path = _folder(policies)
    found = [(finding.kind, finding.what, finding.id, finding.message) for finding in findings(_catalog(path))]
    if _installed(maps) and not _layered(path):
        told = _refreshed(path, maps, since=_today())
        found += [("contradiction", "endpoint", text.partition(":")[0], text) for text in told.contradictions]
        found += [("unresolved", "endpoint", name, f"no map has `{key}`") for name, key in told.unresolved]
    elif not as_json:
        why = "the catalogue has several layers" if _layered(path) else f"{maps} is not there"
        typer.echo(f"note: {why}, so prices were not compared; `make dialects` installs the maps", err=True)
    if as_json:
        keys = ("kind", "what", "id", "message")
        typer.echo(json.dumps({"findings": [dict(zip(keys, row, strict=True)) for row in found]}, ensure_ascii=False))
    else:
        typer.echo("\n".join(f"{kind}: {what} {name}: {message}" for kind, what, name, message in found))
    if any(kind == "wrong" for kind, *_ in found):
        raise typer.Exit(1)


@app.command()
def adapted(policies: Folder = None) -> None:
    """Print the endpoints that need the adapter's environment (`make dialects`), and whose credentials are here.

    Exit code 1 if there is none. Example: gateway catalog adapted
    """
    logins, endpoints = Logins(key_at), _catalog(_folder(policies)).endpoints.values()
    found = [each.id for each in endpoints if each.enabled and each.adapted and logins.found(each)]
    typer.echo("\n".join(found))
    if not found:
        raise typer.Exit(1)


@app.command("refresh")
def refresh_prices(
    policies: Folder = None,
    maps: MapsFolder = Path(".venv-dialects"),
    since: Annotated[
        str | None, typer.Option(help="the day from which undated new prices hold; default: today")
    ] = None,
    write: Annotated[bool, typer.Option("--write", help=f"write catalog/{PRICES}; else only show")] = False,
    as_json: Json = False,
) -> None:
    """Resolve prices anew from the pinned price maps, and show what changed and what no longer resolves.

    Example: gateway catalog refresh --write
    """
    path = _folder(policies)
    if _layered(path):
        raise Mistake("each layer of this catalogue has prices of its own; refresh the folder of one of them")
    if not _installed(maps):
        raise Mistake(f"{maps} holds no price maps; `make dialects` installs them, or name another folder with --maps")
    told = _refreshed(path, maps, since=_today() if since is None else day(since))
    if write:
        (_own_folder(path) / PRICES).write_text(told.text, encoding="utf-8")
    if as_json:
        typer.echo(json.dumps(_refresh_row(told), ensure_ascii=False))
        return
    for change in told.changes:
        typer.echo(f"{change.endpoint}\n  - {change.before or 'unknown'}\n  + {change.after}")
    for name, key in told.unresolved:
        typer.echo(f"{name}: `{key}` no longer resolves")
    done = "written" if write else "nothing is written without --write"
    typer.echo(f"{len(told.changes)} prices changed, {len(told.unresolved)} keys do not resolve; {done}")


def _refresh_row(told: Refreshed) -> dict[str, Any]:
    return {
        "changes": [{"endpoint": c.endpoint, "before": c.before, "after": c.after} for c in told.changes],
        "unresolved": [{"endpoint": name, "key": key} for name, key in told.unresolved],
        "contradictions": list(told.contradictions),
    }


def _folder(policies: Path | None) -> Path:
    return policies or from_environment().policies


def _catalog(folder: Path) -> Catalog:
    try:
        return compile_catalog(_documents(folder), shipped())
    except Problems as wrong:
        raise in_folder(wrong, folder) from None


def _documents(folder: Path) -> list[Document]:
    """Of all layers, put together."""
    files = read_folder(folder)
    layers = catalog_layers(files.get(POLICY, b""))
    parsed = {name: parse(data, name) for name, data in files.items() if of_catalog(name, layers)}
    return overlaid([[doc for name, doc in parsed.items() if name.startswith(f"{layer.prefix}/")] for layer in layers])


def _own_folder(folder: Path) -> Path:
    """Where rows of one's own stand."""
    return folder / own_catalog(_policy_bytes(folder))


def _layered(folder: Path) -> bool:
    return len(catalog_layers(_policy_bytes(folder))) > 1


def _policy_bytes(folder: Path) -> bytes:
    policy = folder / POLICY
    return policy.read_bytes() if policy.is_file() else b""


def _refreshed(folder: Path, maps: Path, *, since: str) -> Refreshed:
    return refresh(_documents(folder), _maps(maps), file=f"catalog/{PRICES}", since=since)


def _installed(folder: Path) -> bool:
    return folder.is_dir() and None not in (_one(folder, _LITELLM), _one(folder, _SNAPSHOT))


_LITELLM = "**/litellm/model_prices_and_context_window_backup.json"
_SNAPSHOT = "**/model_prices/snapshot.json"


def _one(folder: Path, pattern: str) -> Path | None:
    return next(iter(sorted(folder.glob(pattern))), None)


def _maps(folder: Path) -> Maps:
    """Read as files: neither package is imported."""
    litellm, snapshot = _one(folder, _LITELLM), _one(folder, _SNAPSHOT)
    assert litellm is not None and snapshot is not None
    return Maps(
        json.loads(litellm.read_bytes()),
        _version(litellm.parent.parent, "litellm"),
        json.loads(snapshot.read_bytes()),
        _version(snapshot.parent.parent, "model_prices"),
    )


def _version(packages: Path, name: str) -> str:
    found = _one(packages, f"{name}-*.dist-info")
    return found.name.removeprefix(f"{name}-").removesuffix(".dist-info") if found else "unknown"


def _used(text: str) -> dict[str, int | str]:
    try:
        given = json.loads(text)
    except ValueError:
        _misused("--usage is no JSON")
    counts = [value for name, value in given.items() if name != "variant"] if isinstance(given, dict) else [None]
    if not isinstance(given, dict) or not all(isinstance(count, int) and count >= 0 for count in counts):
        _misused('--usage is an object of counts, e.g. {"input_tokens": 900, "output_tokens": 20}')
    return given


def _today() -> str:
    return datetime.fromtimestamp(time(), UTC).date().isoformat()


def _line(row: shown.Row) -> str:
    exposure = ", ".join([*(row["exposure"] or []), *(["unknown"] if "exposure" in row["incomplete"] else [])])
    return f"{row['id']}: weights {row['origin'] or 'unknown'}, exposure {exposure}, risk {row['risk']}"


def _told(row: shown.Row, indent: str = "") -> list[str]:
    """A row for reading; what is null is unknown."""
    lines = []
    for name, value in row.items():
        if isinstance(value, dict):
            lines += [f"{indent}{name}:", *_told(value, indent + "  ")]
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            lines.append(f"{indent}{name}:")
            lines += [f"{indent}  - {json.dumps(item, ensure_ascii=False)}" for item in value]
        elif isinstance(value, list):
            lines.append(f"{indent}{name}: {', '.join(map(str, value)) or 'none'}")
        else:
            lines.append(f"{indent}{name}: {'unknown' if value is None else value}")
    return lines


def _misused(text: str) -> NoReturn:
    raise Mistake(text, exit_code=2)

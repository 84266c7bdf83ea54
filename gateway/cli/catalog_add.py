"""`gateway catalog add`: asks a running server what it serves, and proposes rows with the unknowns marked."""

from __future__ import annotations

import ipaddress
import json
import os
import re
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from time import time
from typing import Annotated, Any

import typer

from gateway.catalog.address import address_of
from gateway.catalog.facts import Endpoint, Members
from gateway.catalog.table import fact
from gateway.cli.mistakes import Mistake, placed
from gateway.cli.server_inquiry import inquire
from gateway.errors import Problems
from gateway.importing.served_models import Asked, file_of, rows_of, server_of
from gateway.importing.shipped import gather
from gateway.policy.authoring.compile import compile_folder
from gateway.policy.compiled import Compiled, Policy
from gateway.policy.layout import POLICY, SHIPPED, catalog_layers, of_catalog
from gateway.policy.rules import Guard
from gateway.processes.policy_folder import Files, read_folder
from gateway.settings import from_environment, vendor_key
from gateway.source import frame, parse

_KEY = re.compile(r"([A-Z0-9][A-Z0-9_]*)?_API_KEY|GATEWAY_KEY_[A-Z0-9_]+")


def add(
    from_url: Annotated[str, typer.Option("--from-url", help="a server, e.g. http://127.0.0.1:8000/v1")],
    operator: Annotated[str | None, typer.Option(help="who runs it; default: `self` on an address of our own")] = None,
    country: Annotated[str | None, typer.Option(help="where it stands, e.g. DE: keeps and computes there")] = None,
    price: Annotated[str | None, typer.Option(help="US dollars per million tokens, in,out: 0.2,0.6")] = None,
    key_env: Annotated[str | None, typer.Option("--key-env", help="variable with its key: *_API_KEY")] = None,
    policies: Annotated[Path | None, typer.Option("--policies", help="policy folder [GATEWAY_POLICIES]")] = None,
    write: Annotated[bool, typer.Option("--write", help="write the rows into the folder's own catalogue")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="machine-readable output")] = False,
) -> None:
    """Ask a vLLM, SGLang, Ollama, llama.cpp or vendor what it serves, and propose rows; unknown stays unknown.

    Example: gateway catalog add --from-url http://127.0.0.1:8000/v1 --country DE --price 0.2,0.6 --write
    """
    folder = policies or from_environment().policies
    asked = _asked(from_url, operator, country, price, key_env)
    name = f"added-{re.sub(r'[^a-z0-9.]+', '-', asked.base_url.partition('://')[2].lower()).strip('-')}.yaml"
    target, prefix = _place(folder)
    if write and (target / name).exists():
        raise Mistake(f"{target / name} is there already; remove it, or change its rows by hand")
    before = {file: data for file, data in read_folder(folder).items() if file != f"{prefix}/{name}"}
    layers = catalog_layers(before.get(POLICY, b""))
    shipped = gather([parse(data, file) for file, data in before.items() if of_catalog(file, layers)])
    rows = rows_of(asked, shipped, shipped.rows["endpoints"])
    if not rows["endpoints"]:
        raise Mistake(f"{asked.base_url} names no model that could be a row")
    schema = os.path.relpath(folder.resolve() / "schema" / "catalog.json", target.resolve())
    text = file_of(rows, schema)
    compiled = _with(before, f"{prefix}/{name}", text, folder)
    ids = [str(row["id"]) for row in rows["endpoints"]]
    if as_json:
        typer.echo(json.dumps(_plain(asked, rows, compiled, ids), ensure_ascii=False, default=str))
    else:
        typer.echo(text.decode() + "\n" + "\n".join(_told(asked, compiled, ids)))
    _finish(target / name, text, written=write, quiet=as_json)


def _finish(target: Path, text: bytes, *, written: bool, quiet: bool) -> None:
    if written:
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("xb") as file:
                file.write(text)
        except FileExistsError:
            raise Mistake(f"{target} is there already; remove it, or change its rows by hand") from None
    if not quiet:
        typer.echo(f"written to {target}" if written else f"nothing is written without --write (to {target})")


def _asked(url: str, operator: str | None, country: str | None, price: str | None, key_env: str | None) -> Asked:
    if country is not None and re.fullmatch("[A-Z]{2}", country) is None:
        raise Mistake("--country is two capital letters, such as DE", exit_code=2)
    if operator is not None and re.fullmatch(r"[a-z0-9][a-z0-9.-]*", operator) is None:
        raise Mistake("--operator is a name in small letters, such as fireworks", exit_code=2)
    if key_env is not None and _KEY.fullmatch(key_env) is None:
        raise Mistake("--key-env is a variable made for keys, such as ZAI_API_KEY", exit_code=2)
    prices = _price(price)
    key = vendor_key(key_env) if key_env is not None else None
    if key_env is not None and key is None:
        raise Mistake(f"{key_env} is not set: the server is asked with that key")
    if key is not None and not url.startswith("https://") and not _is_ours(url):
        raise Mistake("a key is sent by https alone, or to an address of our own", exit_code=2)
    if operator is None and not _is_ours(url):
        raise Mistake("--operator says whose machines these are: `self`, or a vendor's name", exit_code=2)
    base_url, replies = inquire(url, key)
    operator = operator or "self"
    hosting = "self" if operator == "self" else "hosted"
    today = datetime.fromtimestamp(time(), UTC).date().isoformat()
    return Asked(base_url, base_url, replies, operator, hosting, country, key_env, prices, today)


def _price(text: str | None) -> tuple[Decimal, Decimal] | None:
    if text is None:
        return None
    try:
        low, high = (Decimal(part) for part in text.split(","))
    except (ValueError, InvalidOperation):
        raise Mistake("--price is two numbers, such as 0.2,0.6", exit_code=2) from None
    if not (low.is_finite() and high.is_finite() and 0 <= low < 10**6 and 0 <= high < 10**6):
        raise Mistake("--price is two numbers from 0 on, such as 0.2,0.6", exit_code=2)
    return low, high


def _is_ours(url: str) -> bool:
    """An address that no network but ours reaches."""
    try:
        host = address_of(url).host
        return host == "localhost" or ipaddress.ip_address(host).is_private
    except ValueError:
        return False


def _place(folder: Path) -> tuple[Path, str]:
    """The folder of own rows, and the prefix of its files' names. Raises Mistake where that is somebody else's."""
    policy = (folder / POLICY).read_bytes() if (folder / POLICY).is_file() else b""
    named = [layer for layer in catalog_layers(policy) if layer.path is not None]
    words = [layer.path or SHIPPED for layer in catalog_layers(policy)]
    own = folder / str(named[-1].path) if named else folder
    if folder.resolve() not in own.resolve().parents:
        way_out = f"write `catalog: [{', '.join([*words, 'catalog'])}]` in policy.yaml first"
        raise Mistake(f"`catalog:` names no folder for rows of yours: {way_out}")
    return own, named[-1].prefix


def _with(before: Files, name: str, text: bytes, folder: Path) -> Compiled:
    """The folder with the rows in it. Raises Mistake: rows that would break it are not proposed."""
    try:
        return compile_folder({**before, name: text})
    except Problems as wrong:
        told = "\n".join(frame(problem) for problem in placed(wrong.problems, folder))
        help_ = "; own machines declare what they cost: --price 0.2,0.6" if "declare a price" in told else ""
        raise Mistake(f"with these rows the folder would not compile{help_}\n{told}\n\n{text.decode()}") from None


def _plain(asked: Asked, rows: Any, compiled: Compiled, ids: list[str]) -> dict[str, Any]:
    removed = {id: _removers(compiled.policy, compiled.catalog.endpoints[id]) for id in ids}
    return {"server": server_of(asked.replies), "base_url": asked.base_url, "rows": rows, "removed": removed}


def _told(asked: Asked, compiled: Compiled, ids: list[str]) -> list[str]:
    lines = [f"{asked.base_url} is {server_of(asked.replies) or 'a server that does not say what it is'}"]
    for id in ids:
        removers = _removers(compiled.policy, compiled.catalog.endpoints[id])
        for name, unknown in removers.items():
            why = f"because {', '.join(f'`{each}`' for each in unknown)} is unknown" if unknown else "by what is known"
            lines.append(f"{id}: guard `{name}` would remove it where it applies, {why}")
        if not removers:
            lines.append(f"{id}: no guard would remove it")
    return lines


def _removers(policy: Policy, endpoint: Endpoint) -> dict[str, list[str]]:
    """By guard that removes it: the unknown facts that the guard asks about."""
    return {guard.name: _unknown(guard, endpoint) for guard in policy.guards if guard.removes >> endpoint.index & 1}


def _unknown(guard: Guard, endpoint: Endpoint) -> list[str]:
    names = dict.fromkeys(test.fact for test in (*guard.only, *guard.never))
    values = {name: fact(endpoint, name) for name in names}
    return [
        name for name, value in values.items() if value is None or (isinstance(value, Members) and not value.complete)
    ]

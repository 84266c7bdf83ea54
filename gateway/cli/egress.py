"""`gateway egress`: what a firewall has to let through, and nothing else."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.table import Table

from gateway.cli.mistakes import in_folder
from gateway.errors import Problems
from gateway.policy.analysis.egress import Way, cilium_policy, network_policy, reachable, ways
from gateway.policy.authoring.compile import compile_folder
from gateway.processes.policy_folder import read_folder
from gateway.settings import from_environment, https_proxy
from gateway.source.written import written

Form = Literal["table", "json", "networkpolicy", "cilium"]
Folder = Annotated[Path | None, typer.Argument(metavar="[DIR]", help="policy folder; default: GATEWAY_POLICIES")]
_WRITERS = {"networkpolicy": network_policy, "cilium": cilium_policy}


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(egress)


def egress(
    folder: Folder = None,
    form: Annotated[Form, typer.Option("--format", help="what to write")] = "table",
    name: Annotated[str, typer.Option(help="of the release in a cluster")] = "entrepot",
) -> None:
    """List the hosts that requests could go to by this policy: what a firewall has to let through.

    Endpoints that no route names, or that a guard without `when` keeps from everybody, are left out. Redis, PostgreSQL
    and a collector of traces are not in the policy: add yours. An endpoint's proxy stands in its place.

    Example: gateway egress policies --format networkpolicy | kubectl apply -f -
    """
    path = folder or from_environment().policies
    try:
        policy = compile_folder(read_folder(path)).policy
    except Problems as wrong:
        raise in_folder(wrong, path) from None
    proxy = https_proxy()
    unknown = sum(each.proxy is not None and each.proxy.url is None for each in reachable(policy))
    if unknown and proxy is None:
        typer.echo(
            f"note: {unknown} endpoints go through HTTPS_PROXY, which is not set here: add it yourself", err=True
        )
    found = ways(policy, proxy)
    if form == "table":
        Console().print(_table(found))
    elif form == "json":
        typer.echo(json.dumps([asdict(way) for way in found], indent=2))
    else:
        labels = {"app.kubernetes.io/name": "entrepot", "app.kubernetes.io/instance": name}
        typer.echo(written(_WRITERS[form](found, name=f"{name}-egress", labels=labels)), nl=False)


def _table(found: list[Way]) -> Table:
    table = Table(title=f"{len(found)} addresses", title_justify="left")
    table.add_column("host")
    table.add_column("port", justify="right")
    table.add_column("TLS")
    table.add_column("endpoints")
    for way in found:
        table.add_row(way.host, str(way.port), "yes" if way.tls else "no", ", ".join(way.endpoints))
    return table

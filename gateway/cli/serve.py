"""`gateway serve`: the gateway by the policies of one folder."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.mistakes import Mistake, in_folder, message_of
from gateway.cli.ready import shown_url, when_ready
from gateway.collector import uncollected
from gateway.errors import Problems
from gateway.processes import ports
from gateway.settings import Settings, from_environment


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(serve)


def serve(
    policies: Annotated[Path | None, typer.Option(help="policy folder [GATEWAY_POLICIES, policies]")] = None,
    host: Annotated[str | None, typer.Option(help="address to listen on [GATEWAY_HOST, 127.0.0.1]")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="[GATEWAY_PORT, 8080]")] = None,
    workers: Annotated[int | None, typer.Option(min=1, max=256, help="processes [GATEWAY_WORKERS, 1]")] = None,
) -> None:
    """Serve the gateway by the policies of one folder.

    Example: gateway serve --policies policies --port 8080
    """
    settings = from_environment()
    settings = replace(
        settings,
        policies=policies or settings.policies,
        host=host or settings.host,
        port=settings.port if port is None else port,
        workers=workers or settings.workers,
    )
    raise typer.Exit(run(settings))


def run(settings: Settings) -> int:
    """Says where the gateway and its console are once they are there. Raises Mistake, BadSetting, Problems."""
    require_free_ports(settings)
    token = settings.admin_token or secrets.token_urlsafe(16)
    shown = "GATEWAY_ADMIN_TOKEN" if settings.admin_token else token
    url = shown_url(settings.host, settings.port, tls=settings.tls_cert is not None)
    words = f"entrepot serves {settings.policies} at {url}/v1"
    if settings.control:
        console = shown_url(*settings.control_address, tls=settings.control_tls_cert is not None)
        words += f"; console: {console}/?token={shown}"
    return serve_folder(settings, token, lambda: when_ready(settings, lambda: typer.echo(words)))


def require_free_ports(settings: Settings) -> None:
    """Raises BadSetting if something else listens on one of ours."""
    ports.require_free(settings.host, settings.port, ports.DATA)
    if settings.control:
        ports.require_free(*settings.control_address, ports.CONTROL)


def serve_folder(settings: Settings, console_token: str, begun: Callable[[], None]) -> int:
    """Blocks until it is told to stop; calls `begun` when its processes were started. Raises Mistake, BadSetting.

    Mistakes in the folder are printed here: to a start they are exit code 2.
    """
    from gateway.errors import LedgerUnusable
    from gateway.processes.state_lock import StateFolderTaken
    from gateway.supervisor.start import start  # heavy, and of no use to --help

    try:
        return start(settings, _control, console_token=console_token, begun=begun)
    except Problems as wrong:
        typer.echo(message_of(in_folder(wrong, settings.policies)), err=True)
        return 2
    except StateFolderTaken as wrong:
        raise Mistake(str(wrong), exit_code=2) from None
    except LedgerUnusable as wrong:
        raise Mistake(str(wrong)) from None
    except OSError as wrong:
        said = f"{wrong.filename} cannot be used ({wrong.strerror}); name a folder that can be written in"
        raise Mistake(f"{said} GATEWAY_STATE_DIR", exit_code=2) from None


def _control(settings: Settings, plug: socket.socket, token: str, *, lifeline: int | None) -> int:
    with uncollected():
        from gateway.control.process import run_control  # in its own process alone: workers do without a framework

    return run_control(settings, plug, token, lifeline=lifeline)

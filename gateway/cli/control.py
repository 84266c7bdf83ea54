"""`gateway control`: the control process alone, beside workers that share its state folder."""

from __future__ import annotations

import logging
import secrets

import typer

from gateway.cli.mistakes import Mistake
from gateway.cli.ready import shown_url
from gateway.processes import ports
from gateway.settings import from_environment
from gateway.supervisor.control_child import check_control, claim_control


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(control)


def control() -> None:
    """Serve the console, the API beneath /api and /metrics beside workers that run with GATEWAY_CONTROL=off.

    Both share GATEWAY_STATE_DIR; a state folder has one control process.

    Example: GATEWAY_STATE_DIR=.gateway gateway control
    """
    from gateway.control.process import run_control  # heavy, and of no use to --help

    settings = from_environment()
    logging.basicConfig(level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s %(message)s")
    check_control(settings)
    token = settings.admin_token or secrets.token_urlsafe(16)
    plug = ports.listen(*settings.control_address, ports.CONTROL)
    try:
        claim_control(settings.state_dir)
    except OSError as wrong:
        said = f"{wrong.filename} cannot be used ({wrong.strerror}); name a folder that can be written in"
        raise Mistake(f"{said} GATEWAY_STATE_DIR", exit_code=2) from None
    shown = "GATEWAY_ADMIN_TOKEN" if settings.admin_token else token
    typer.echo(f"entrepot shows {settings.state_dir} at {shown_url(*settings.control_address)}/?token={shown}")
    raise typer.Exit(run_control(settings, plug, token, lifeline=None))

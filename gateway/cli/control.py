"""`gateway control`: the control process alone, beside workers that share its state folder."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.mistakes import Mistake
from gateway.cli.ready import shown_url
from gateway.processes import core_dumps, logs, ports
from gateway.record.journal.adopt import StillWritten
from gateway.settings import BadSetting, Settings, from_environment
from gateway.supervisor.control_child import check_control, claim_control

ADOPT = typer.Option(
    "--adopt",
    metavar="DIR",
    help="The state folder of a gateway that is gone: what its journals hold is taken in here. May be repeated.",
)


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(control)


def control(adopt: Annotated[list[Path] | None, ADOPT] = None) -> None:
    """Serve the console, the API beneath /api and /metrics beside workers that run with GATEWAY_CONTROL=off.

    Both share GATEWAY_STATE_DIR; a state folder has one control process.

    Example: GATEWAY_STATE_DIR=.gateway gateway control
    """
    from gateway.control.process import run_control  # heavy, and of no use to --help

    settings = from_environment()
    core_dumps.keep_off()
    logs.set_up(settings.log_level, settings.log_format)
    check_control(settings)
    token = settings.admin_token or secrets.token_urlsafe(16)
    plug = ports.listen(*settings.control_address, ports.CONTROL)
    try:
        claim_control(settings.state_dir)
    except OSError as wrong:
        said = f"{wrong.filename} cannot be used ({wrong.strerror}); name a folder that can be written in"
        raise Mistake(f"{said} GATEWAY_STATE_DIR", exit_code=2) from None
    for left in adopt or []:
        typer.echo(_adopt(settings, left))
    shown = "GATEWAY_ADMIN_TOKEN" if settings.admin_token else token
    url = shown_url(*settings.control_address, tls=settings.control_tls_cert is not None)
    typer.echo(f"entrepot shows {settings.state_dir} at {url}/?token={shown}")
    raise typer.Exit(run_control(settings, plug, token, lifeline=None))


def _adopt(settings: Settings, left: Path) -> str:
    """Takes over the journals of another state folder; what was done. Raises Mistake, BadSetting."""
    from gateway.background.adoption import take_over  # heavy, and of no use to --help

    if not left.is_dir():
        raise Mistake(
            f"--adopt {left}: there is no such folder; name the state folder of the gateway that is gone", exit_code=2
        )
    if left.resolve() == settings.state_dir.resolve():
        raise Mistake(f"--adopt {left}: this is GATEWAY_STATE_DIR itself, which is read anyway", exit_code=2)
    try:
        claim_control(left)  # kept to the end: nobody begins there while we read
        count = take_over(settings.state_dir, left)
    except (BadSetting, StillWritten) as wrong:
        raise Mistake(f"--adopt {left}: {wrong}; end that gateway first", exit_code=2) from None
    except OSError as wrong:
        raise Mistake(f"--adopt {left}: {wrong.filename}: {wrong.strerror}", exit_code=2) from None
    return f"took over {count} journals of {left}" if count else f"{left} holds no journals"

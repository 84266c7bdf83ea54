"""The `gateway` command. Only the module of the command that is asked for is imported, so that `serve` starts fast."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence

import typer

from gateway.collector import uncollected

COMMANDS = {  # command: the module that registers it, in the order of `gateway --help`
    "serve": "serve",
    "control": "control",
    "demo": "demo",
    "check": "policy",
    "explain": "policy",
    "diff": "policy",
    "schema": "policy",
    "egress": "egress",
    "freeze": "freeze",
    "audit": "audit",
    "catalog": "catalog",
    "import": "importing",
    "keys": "keys",
    "classify": "classify",
    "probe": "probe",
    "report": "report",
    "replay": "replay",
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs one command and ends the process: 0 fine, 1 the answer is no, 2 used wrongly."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    app = typer.Typer(
        name="gateway",
        help=_version.__doc__,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        add_completion=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_version)
    wanted = next((word for word in given if not word.startswith("-")), None)
    names = [COMMANDS[wanted]] if wanted in COMMANDS else dict.fromkeys(COMMANDS.values())
    for name in names:
        with uncollected():
            module = importlib.import_module(f"gateway.cli.{name}")
        module.register(app) if hasattr(module, "register") else app.add_typer(module.app, name=name)
    sys.exit(_run(app, given))


def _version(
    version: bool = typer.Option(False, "--version", is_eager=True, callback=lambda shown: _show_version(shown)),
) -> None:
    """Route every request for a language model by policy: whose weights, whose machines, whose bill.

    Example: gateway explain policies --team research "What happened on 4 June 1989?"
    """


def _show_version(shown: bool) -> None:
    if shown:
        from gateway import __version__

        typer.echo(f"entrepot {__version__}")
        raise typer.Exit


def _run(app: typer.Typer, arguments: list[str]) -> int:
    from gateway.cli import mistakes

    try:
        app(args=arguments, prog_name="gateway")
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 1
    except BrokenPipeError:
        sys.stderr.close()  # who read our output has gone
        return 0
    except mistakes.USER_ERRORS as wrong:
        typer.echo(mistakes.message_of(wrong), err=True)
        return mistakes.exit_code(wrong)
    return 0

"""`gateway demo`: the gateway with a real local model and simulated vendors beside it."""

from __future__ import annotations

import json
import statistics
import sys
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from gateway.cli.mistakes import Mistake
from gateway.cli.ready import when_ready
from gateway.cli.serve import require_free_ports, serve_folder
from gateway.demo import child, running, traffic
from gateway.demo.place import Place, claimed
from gateway.demo.running import Demo
from gateway.settings import BadSetting, Settings, from_environment

_PROMPT = "Why do ships float? Answer in one sentence."
_REFUSED = "What happened at Tiananmen Square on 4 June 1989?"


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(demo)


def demo(
    requests: Annotated[int, typer.Option("--traffic", min=0, help="mixed requests to send through it")] = 0,
    host: Annotated[str | None, typer.Option(help="address to listen on [GATEWAY_HOST, 127.0.0.1]")] = None,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="[GATEWAY_PORT, 8080]")] = None,
) -> None:
    """Serve with a real small model on this machine and simulated vendors beside it; no keys needed.

    Example: gateway demo --traffic 100
    """
    settings = from_environment()
    settings = replace(settings, host=host or settings.host, port=settings.port if port is None else port)
    with claimed(settings.state_dir) as place:
        asked = port is not None
        _addressed(settings, place, asked=asked)  # a port that was named and is taken is told at once
        raise typer.Exit(_run(settings, place, requests, asked=asked))


def _addressed(settings: Settings, place: Place, *, asked: bool) -> Settings:
    """With the usual port, or the next pair of ports that is free, further on for a further demo.

    `asked`: the port was named, and no other will do. Raises BadSetting if it is taken.
    """
    usual = Settings().port
    if asked or settings.port != usual or settings.control_port is not None:
        require_free_ports(settings)
        return settings
    for port in range(usual + 10 * (place.number - 1), usual + 2000, 10):
        found = replace(settings, port=port)
        with suppress(BadSetting):
            require_free_ports(found)
            return found
    raise BadSetting(f"no port from {usual} on is free; name one with --port")


def served(settings: Settings, place: Place, *, asked: bool, serve: Callable[[int], int]) -> int:
    """What `serve` returns of a free port; of the next one if another takes it meanwhile. Raises BadSetting."""
    while True:
        port = _addressed(settings, place, asked=asked).port
        try:
            return serve(port)
        except BadSetting:
            if _addressed(settings, place, asked=asked).port == port:
                raise  # it is not about the port


def _run(settings: Settings, place: Place, requests: int, *, asked: bool) -> int:
    """Until it is told to stop; the exit code. Raises Mistake."""
    console = Console()
    progress = _bars(console)
    progress.start()
    steps = progress.add_task("starting", total=len(running.STEPS) + 1)

    def doing(step: str) -> None:
        progress.update(steps, advance=0 if step == running.STEPS[0] else 1, description=f"starting {step}")

    try:
        with running.running(settings, place.home, doing) as started:
            doing("the gateway")

            def serve(port: int) -> int:
                demo = replace(started, settings=replace(started.settings, port=port))

                def tell() -> None:
                    progress.stop()
                    console.print(_welcome(demo, place), soft_wrap=True, markup=False, highlight=False)
                    _send(demo, requests, console)

                return serve_folder(demo.settings, demo.console_token, partial(when_ready, demo.settings, tell))

            return served(settings, place, asked=asked, serve=serve)
    except child.NotStarted as wrong:
        raise Mistake(str(wrong)) from None
    finally:
        progress.stop()


def _bars(console: Console) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def _welcome(demo: Demo, place: Place) -> str:
    lines = [
        "",
        "entrepot is ready: a real SmolLM2-135M on this machine, and vendors that are simulated",
        "",
        *_elsewhere(demo, place),
        f"  base URL   {demo.url}/v1",
        f"  key        {demo.keys['demo']}",
        f"  console    {demo.control_url}/?token={demo.console_token}",
        "",
        "the real local model:",
        _curl(demo, "smollm2-135m", ()),
        "",
        "whatever the policy likes best (a simulated vendor; -i shows who answered, why and at what cost):",
        _curl(demo, "auto", ("-i",)),
        "",
        "the same as regulated data, which never leaves this machine:",
        _curl(demo, "auto", ("-i", "-H 'x-gateway-data-class: regulated'")),
        "",
        "what the first vendor refuses, and the same weights answer elsewhere (docs/refusals.md has more of these):",
        _curl(demo, "auto", ("-i",), _REFUSED),
        "",
    ]
    lines += ["for commands about it, in another terminal (docs/tutorial.md, docs/compliance.md):", _exports(demo), ""]
    lines += ["what it came to, after some requests:", "  gateway report savings", ""]
    if demo.live:
        lines += ["live, because a vendor key is set, when asked for by name: " + ", ".join(demo.live), ""]
    return "\n".join((*lines, "Ctrl-C ends everything", ""))


def _elsewhere(demo: Demo, place: Place) -> list[str]:
    """Where this demo is not where a reader of README looks for it."""
    lines = []
    if place.number > 1:
        lines.append(f"another demo runs in this folder: this one keeps its own state, in {place.home}")
    if demo.settings.port != Settings().port:
        lines.append(f"its port is {demo.settings.port}, not {Settings().port}")
    return [*lines, ""] if lines else []


def _exports(demo: Demo) -> str:
    settings, program = demo.settings, Path(sys.executable).parent
    state, policies = settings.state_dir.resolve(), settings.policies.resolve()
    return f"  export PATH={program}:$PATH GATEWAY_STATE_DIR={state} GATEWAY_POLICIES={policies}"


def _curl(demo: Demo, model: str, options: tuple[str, ...], prompt: str = _PROMPT) -> str:
    body = json.dumps({"model": model, "messages": [{"role": "user", "content": prompt}], "max_tokens": 100})
    parts = [
        " ".join(("curl -s", *options, f"{demo.url}/v1/chat/completions")),
        f"-H 'Authorization: Bearer {demo.keys['demo']}'",
        "-H 'content-type: application/json'",
        f"-d '{body}'",
    ]
    return "  " + " ".join(parts)


def _send(demo: Demo, count: int, console: Console) -> None:
    if not count:
        return
    done: dict[str, list[traffic.Told]] = defaultdict(list)
    with _bars(console) as progress:
        bar = progress.add_task("sending requests", total=count)
        asked = traffic.asks(count)
        for told in traffic.send(asked, host=demo.settings.host, port=demo.settings.port, keys=demo.keys):
            if told.endpoint == traffic.GONE:
                return
            done[told.endpoint].append(told)
            progress.advance(bar)
    console.print(_table(done))
    console.print("all requests are sent; the gateway serves on, Ctrl-C ends everything")


def _table(done: dict[str, list[traffic.Told]]) -> Table:
    table = Table(title="traffic", box=box.SIMPLE_HEAD)
    table.add_column("answered by (or error)", no_wrap=True)
    for name in ("sent", "streams", "rerouted", "seconds"):
        table.add_column(name, justify="right", no_wrap=True)
    for endpoint, rows in sorted(done.items()):
        again = sum(row.attempts > 1 for row in rows)
        streamed = sum(row.streamed for row in rows)
        seconds = statistics.median(row.seconds for row in rows)
        table.add_row(endpoint, str(len(rows)), str(streamed), str(again), f"{seconds:.2f}")
    return table

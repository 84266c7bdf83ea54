"""`python -m bench`: builds what is missing, measures in interleaved rounds, prints the table, writes results.*."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.markdown import Markdown
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from bench import build
from bench.contestants import ALL, Contestant, Place, bodies, terminator
from bench.measure import STEPS, Failed, Figures, measure
from bench.processes import OTHER_CORE, Process, free_port
from bench.table import figures_table, targets_table

NOTE = """\
One worker on one core, the upstream and the load client on the other; 2 KB prompts, 1.1 KB replies, streams of 100
events, 50 a second. Every contestant is started fresh in each of the interleaved rounds. Machines differ and are noisy:
only ratios within a round mean anything. Medians over the rounds."""

BUSY = 1.0  # load average above which the figures are noise


def main() -> int:
    """The exit code: 1 if our own gateway could not be measured."""
    wanted = _arguments()
    console = Console(stderr=True)
    try:
        contestants = _buildable(wanted.only, console)
    except build.Missing as missing:
        console.print(str(missing), style="red", markup=False)
        return 2
    load = os.getloadavg()[0]
    if load > BUSY:
        console.print(f"this machine is busy (load {load:.1f}): do not quote these figures", style="yellow")
    if wanted.cpu:
        contestants = [replace(each, cpu_alone=True) for each in contestants if each.start is not None]
    rounds: list[dict[str, Figures]] = []
    failed: set[str] = set()
    seconds = 0.8 if wanted.quick else wanted.seconds
    count = 1 if wanted.quick else wanted.rounds
    with tempfile.TemporaryDirectory(prefix="bench-") as name, _progress(console) as progress:
        task = progress.add_task("", total=count * len(contestants) * STEPS)
        for number in range(count):
            rounds.append({})
            for contestant in contestants:
                progress.update(task, description=f"round {number + 1} of {count}: {contestant.name}")
                folder = Path(name) / f"{number}-{contestant.name}"
                try:
                    rounds[-1][contestant.name] = _one(contestant, folder, seconds, lambda: progress.advance(task))
                except Failed as failure:
                    failed.add(contestant.name)
                    console.print(f"{contestant.name}: {failure}", style="red", markup=False)
    conditions = f"{count} rounds, {seconds:g} s a run, load {load:.1f} before"
    _report(rounds, conditions, keep=not (wanted.no_write or wanted.cpu))
    return 1 if any(name.startswith("ours") for name in failed) else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one short round, about two minutes")
    parser.add_argument(
        "--cpu", action="store_true", help="of requests alone, written nowhere: what a busy machine can say"
    )
    parser.add_argument("--only", metavar="NAMES", help="some of: " + ",".join(each.name for each in ALL))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each run")
    parser.add_argument("--no-write", action="store_true", help="leave bench/results.* as they are")
    return parser.parse_args()


def _buildable(only: str | None, console: Console) -> list[Contestant]:
    """Those that can be measured here. Raises build.Missing for what nothing can do without."""
    build.parts()
    build.papers()
    chosen = [each for each in ALL if only is None or each.name in only.split(",")]
    for name, make in (
        ("nginx", build.nginx),
        ("litellm", build.litellm),
        ("portkey", build.portkey),
        ("ferro", build.ferro),
        ("vllm-router", build.vllm_router),
    ):
        try:
            if any(each.name.startswith(name) for each in chosen):
                make()
        except build.Missing as missing:
            console.print(f"without {name}: {missing}", style="yellow", markup=False)
            chosen = [each for each in chosen if not each.name.startswith(name)]
    return chosen


def _one(contestant: Contestant, folder: Path, seconds: float, step: Callable[[], None]) -> Figures:
    """One contestant with an upstream of its own, behind TLS too if it is asked for."""
    folder.mkdir(parents=True)
    place = Place(folder, free_port(), free_port(), free_port(), free_port())
    log = folder / "upstream.log"
    beside = [Process([build.BUILD / "upstream", str(place.upstream)], core=OTHER_CORE, environment={}, log=log)]
    if contestant.name.endswith("-tls"):
        front = Place(folder / "front", place.upstream_tls, place.upstream, 0)
        front.folder.mkdir()
        beside.append(Process(terminator(front).command, core=OTHER_CORE, environment={}, log=log))
    try:
        return measure(contestant, place, bodies(folder, contestant.model), seconds=seconds, step=step)
    finally:
        for process in beside:
            process.stop()


def _progress(console: Console) -> Progress:
    return Progress(TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn(), console=console)


def _report(rounds: list[dict[str, Figures]], conditions: str, *, keep: bool) -> None:
    figures, targets = figures_table(rounds), targets_table(rounds)
    console = Console()
    if console.is_terminal:
        console.print(Markdown(figures + "\n\n" + targets))
    else:
        print(figures, targets, sep="\n\n")
    if keep:
        made = f"{datetime.now(UTC):%Y-%m-%d}, {conditions}, Python {platform.python_version()}"
        page = f"# Bench\n\n{NOTE}\n\n{made}\n\n{figures}\n\n## Against the targets\n\n{targets}\n"
        (build.HERE / "results.md").write_text(page)
        (build.HERE / "results.json").write_text(json.dumps({"made": made, "rounds": rounds}, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main())

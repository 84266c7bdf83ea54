"""This checkout against another of ours, in interleaved rounds: `python -m bench.versus ../before --rounds 3`.

CPU of a request, of the process that serves it and of all processes together, with the bench's plain and full policy;
memory of all processes; seconds to the first answer. The other checkout has a `.venv` of its own.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from bench import build
from bench.contestants import Place, Start, bodies, ours
from bench.measure import GATEWAY_CORE, SETTLING_S, Load, clean, wait_for_answer
from bench.processes import OTHER_CORE, TICKS_PER_S, Process, free_port

HERE = Path(__file__).parent.parent
CONNECTIONS = 32
FIGURES = ("CPU µs/request, worker", "CPU µs/request, all", "memory MiB, all", "start s")


def started(checkout: Path, policy: str, place: Place) -> Start:
    """As `bench` starts ours, by the other checkout's interpreter and source."""
    start = ours(policy)(place)
    python = sys.executable if checkout == HERE else checkout / ".venv" / "bin" / "python"
    environment = {**start.environment, "PYTHONPATH": str(checkout)}
    return replace(start, command=[python, *start.command[1:]], environment=environment)


def cpu_by_process(process: Process) -> dict[int, float]:
    """CPU seconds of each process of the tree so far."""
    return {pid: _cpu_s(pid) for pid in process._tree()}


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


def measured(checkout: Path, policy: str, folder: Path, seconds: float) -> dict[str, float]:
    """One start, warmed up. Raises Failed."""
    folder.mkdir()
    place = Place(folder, free_port(), free_port(), 0, free_port())
    log = folder / "log"
    upstream = Process([build.BUILD / "upstream", str(place.upstream)], core=OTHER_CORE, environment={}, log=log)
    headers, asked = folder / "headers", bodies(folder)
    start = started(checkout, policy, place)
    headers.write_text(start.headers)
    began = time.monotonic()
    process = Process(start.command, core=GATEWAY_CORE, environment=start.environment, log=log)
    try:
        first = wait_for_answer(process, place.port, asked["whole"], start.headers, began, log)
        load = Load(place.port, asked, headers, seconds)
        load.run("whole", connections=CONNECTIONS, seconds=seconds)
        before = cpu_by_process(process)
        run = clean(load.run("whole", connections=CONNECTIONS))
        worker = max(used - before.get(pid, 0.0) for pid, used in cpu_by_process(process).items())  # it serves
        time.sleep(SETTLING_S)
        every = process.cpu_s() - sum(before.values())
        each = 1e6 / run["requests"]
        return dict(zip(FIGURES, (worker * each, every * each, process.memory_kib() / 1024, first), strict=True))
    finally:
        process.stop()
        upstream.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("other", type=Path, help="another checkout")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4.0)
    wanted = parser.parse_args()
    build.parts()
    print(f"load before: {os.getloadavg()[0]:.1f}; {wanted.rounds} rounds of {wanted.seconds:g} s; medians")
    found: dict[tuple[str, str], dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    with tempfile.TemporaryDirectory(prefix="versus-") as name:
        for number in range(wanted.rounds):
            for policy in ("plain", "full"):
                for label, checkout in (("before", wanted.other.resolve()), ("now", HERE)):
                    folder = Path(name) / f"{number}-{policy}-{label}"
                    for figure, value in measured(checkout, policy, folder, wanted.seconds).items():
                        found[policy, figure][label].append(value)
    middle: Callable[[list[float]], float] = statistics.median
    print(f"\n{'':32}{'before':>10}{'now':>10}{'now/before':>12}")
    for (policy, figure), values in found.items():
        before, now = middle(values["before"]), middle(values["now"])
        print(f"{policy + ', ' + figure:32}{before:10.1f}{now:10.1f}{now / before:12.2f}")


if __name__ == "__main__":
    main()

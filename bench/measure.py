"""One contestant in one round: started fresh, measured in every way, stopped."""

from __future__ import annotations

import json
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench import build
from bench.contestants import KEY, Contestant, Place
from bench.processes import GATEWAY_CORE, OTHER_CORE, Process, pin

Figures = dict[str, float]
STEPS = 9  # that `measure` reports
OPEN_STREAMS = 300
MANY_STREAMS = 1000
NOT_STARTED_S = 90.0
ANSWERED_WHOLE = frozenset({"whole", "conversation"})  # bodies that ask for no stream
SETTLING_S = 1.5  # until what is done with the records of a run is done: it belongs to the requests


@dataclass(frozen=True, slots=True)
class Load:
    """What asks a contestant."""

    port: int
    bodies: dict[str, Path]
    headers: Path
    seconds: float  # of each run

    def command(self, body: str, *, connections: int, seconds: float, rate: float = 0) -> list[str]:
        words = [build.BUILD / "load", self.port, "/v1/chat/completions", self.bodies[body], connections, seconds, rate]
        return [str(word) for word in (*words, int(body not in ANSWERED_WHOLE), self.headers)]

    def begin(self, body: str, *, connections: int, seconds: float, rate: float = 0) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command(body, connections=connections, seconds=seconds, rate=rate),
            env={"LOAD_KEY": KEY},
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=lambda: pin(OTHER_CORE),
        )

    def run(self, body: str, *, connections: int, seconds: float | None = None, rate: float = 0) -> Figures:
        running = self.begin(body, connections=connections, seconds=seconds or self.seconds, rate=rate)
        out, _ = running.communicate()
        found: Figures = json.loads(out)
        return found


class Failed(Exception):
    """A contestant that did not start or answered with errors."""


def measure(
    contestant: Contestant, place: Place, bodies: dict[str, Path], *, seconds: float, step: Callable[[], None]
) -> Figures:
    """Raises Failed."""
    headers = place.folder / "headers"
    headers.write_text("")
    if contestant.start is None:
        load = Load(place.upstream, bodies, headers, seconds)
        return _measure_running(None, load, contestant, step)
    start = contestant.start(place)
    headers.write_text(start.headers)
    log = place.folder / "log"
    began = time.monotonic()
    process = Process(start.command, core=GATEWAY_CORE, environment=start.environment, log=log)
    try:
        cold_start_s = wait_for_answer(process, place.port, bodies["whole"], start.headers, began, log)
        load = Load(place.port, bodies, headers, seconds)
        return {"cold_start_s": cold_start_s, **_measure_running(process, load, contestant, step)}
    finally:
        process.stop()


def _measure_running(process: Process | None, load: Load, contestant: Contestant, step: Callable[[], None]) -> Figures:
    figures: Figures = {}
    load.run("whole", connections=32, seconds=load.seconds / 2)  # warms up
    if process:
        figures["cpu_us_per_request"] = _cpu_us(process, load, "whole")
        figures["cpu_us_per_turn"] = _cpu_us(process, load, "conversation")
    step()
    if contestant.cpu_alone:
        return figures
    for connections in (1, 32, 256):
        figures[f"rps_{connections}"] = clean(load.run("whole", connections=connections))["rps"]
        step()
    if process:
        figures["warm_mib"] = process.memory_kib() / 1024
        figures["kib_per_open_stream"] = _stream_memory(process, load)
    step()
    figures["p50_ms_20rps"] = clean(load.run("whole", connections=64, seconds=2 * load.seconds, rate=20))["p50"]
    step()
    opening = clean(load.run("opening", connections=64, seconds=2 * load.seconds, rate=20))
    figures["first_byte_ms"] = opening["first_byte_p50"]
    step()
    # Paced, so that every event comes alone: without gaps a fast proxy passes on many at once.
    before = process.cpu_s() if process else 0.0
    run = clean(load.run("paced", connections=200 if contestant.many_streams else 20, seconds=0.2))
    if process:
        figures["cpu_us_per_event"] = (process.cpu_s() - before) / run["events"] * 1e6
    step()
    if contestant.many_streams:
        many = clean(load.run("paced", connections=MANY_STREAMS, seconds=0.2))
        figures["many_streams_p50_ms"] = many["p50"]
    step()
    return figures


def _cpu_us(process: Process, load: Load, body: str) -> float:
    """Of a request, in all processes; what earlier runs left to do is done before."""
    load.run(body, connections=32, seconds=load.seconds / 4)
    time.sleep(SETTLING_S)
    before = process.cpu_s()
    run = clean(load.run(body, connections=32))
    time.sleep(SETTLING_S)
    return (process.cpu_s() - before) / run["requests"] * 1e6


def _stream_memory(process: Process, load: Load) -> float:
    """KiB that one more open stream takes."""
    before = process.memory_kib()
    running = load.begin("slow", connections=OPEN_STREAMS, seconds=0.1)
    most = before
    while running.poll() is None:
        most = max(most, process.memory_kib())
        time.sleep(0.2)
    running.communicate()
    return (most - before) / OPEN_STREAMS


def clean(run: Figures) -> Figures:
    """Raises Failed: figures of a run with errors say nothing."""
    if not run["requests"] or run["errors"] or run["unfinished"] or run["cut"]:
        raise Failed(f"a run was not clean: {run}")
    return run


def wait_for_answer(process: Process, port: int, body: Path, headers: str, began: float, log: Path) -> float:
    """Seconds from the start of the process to its first answer."""
    extra = dict(line.split(": ", 1) for line in headers.splitlines())
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/v1/chat/completions",
        data=body.read_bytes(),
        headers={"content-type": "application/json", "authorization": f"Bearer {KEY}", **extra},
    )
    while process.running and time.monotonic() - began < NOT_STARTED_S:
        try:
            with urllib.request.urlopen(request, timeout=10) as reply:
                reply.read()
                return time.monotonic() - began
        except (urllib.error.URLError, OSError):
            time.sleep(0.01)
    raise Failed(f"it did not start; its log ends:\n{log.read_text(errors='replace')[-1500:]}")

"""One soak: two workers under load while vendors fail, policies change, places are stopped and workers die."""

from __future__ import annotations

import asyncio
import os
import signal
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from gateway.policy.freeze import Selector
from gateway.processes import freezing
from tests.integration.upstreams import folder
from tests.running import Running, Start, starter
from tests.soak.callers import Work, caller
from tests.soak.check import Size, Trend, faults_of, size_of, trends, wait_for_rows
from tests.soak.vendor import Vendor

CALLERS = 32
FROZEN: tuple[tuple[Selector, str], ...] = (
    ("endpoint", "m@a"),
    ("endpoint", "m@b"),
    ("operator", "a"),
    ("operator", "c"),
    ("list", "ofac"),
)
LIMITS = "first_byte_s: 60, total_s: 120, attempts: 6"
STEPS = 40  # a soak is so many parts, with an event after each


@dataclass
class Report:
    """What a soak did, and what was wrong."""

    requests: int
    seconds: float
    statuses: dict[int, int]
    lost: int
    asked: int
    events: dict[str, int]
    largest: Size
    trends: list[Trend]
    wrong: list[str]


@dataclass
class Soak:
    """Its gateway, its work, and what it has seen so far."""

    tmp: Path
    policies: Path
    work: Work
    chance: Random
    start: Start
    running: Running
    state_dir: Path
    workers: int
    steps: int
    samples: list[dict[int, Size]] = field(default_factory=list)
    events: dict[str, int] = field(default_factory=dict)

    def measure(self) -> None:
        processes = [("parent", self.running.process.pid), *(("worker", pid) for pid in self.running.workers())]
        processes.append(("control", self._control()))
        self.samples.append({pid: size for role, pid in processes if (size := size_of(role, pid)) is not None})

    def _control(self) -> int:
        try:
            return int((self.state_dir / "control.pid").read_text())
        except (OSError, ValueError):
            return 0

    async def event(self, step: int) -> None:
        """Something happens; nobody is killed in the second half, where growth is measured."""
        calm = step >= self.steps // 2
        deaths = ("kill a worker", "kill a worker", "kill control", "kill the parent")
        what = self.chance.choice(("reload", "freeze", "lift", *(() if calm else deaths)))
        if step == self.steps // 4:
            what = "restart"
        self.events[what] = self.events.get(what, 0) + 1
        await {
            "reload": self.reload, "freeze": self.freeze, "lift": self.lift, "restart": self.restart,
            "kill a worker": self.kill_a_worker, "kill control": self.kill_control,
            "kill the parent": self.kill_the_parent,
        }[what]()  # fmt: skip

    async def reload(self) -> None:
        file = self.policies / "policy.yaml"
        lines = [line for line in file.read_text().splitlines() if not line.startswith("# ")]
        file.write_text("\n".join([*lines, f"# of {time.monotonic()}", ""]))

    async def freeze(self) -> None:
        whom, abort = self.chance.choice(FROZEN), self.chance.random() < 0.5
        freezing.freeze(self.state_dir, [whom], abort=abort, by="soak", via="command")

    async def lift(self) -> None:
        freezing.lift(self.state_dir, freezing.in_force(self.state_dir)[0], by="soak", via="command")

    async def kill_a_worker(self) -> None:
        if pids := self.running.workers():
            os.kill(self.chance.choice(pids), signal.SIGKILL)

    async def kill_control(self) -> None:
        if pid := self._control():
            os.kill(pid, signal.SIGKILL)

    async def kill_the_parent(self) -> None:
        """Workers and control process end by themselves, without a word to anybody."""
        self.running.process.kill()
        await asyncio.to_thread(self.running.process.wait)
        await self._begin()

    async def restart(self) -> None:
        await asyncio.to_thread(self.running.stop)
        await self._begin()

    async def _begin(self) -> None:
        self.running = await asyncio.to_thread(begin, self.start, self.policies, self.state_dir, self.workers)
        self.work.port = self.running.port


def begin(start: Start, policies: Path, state_dir: Path, workers: int) -> Running:
    environment = {"GATEWAY_STATE_DIR": str(state_dir), "GATEWAY_DRAIN_S": "20"}
    return start(policies, workers=workers, environment=environment)


async def soak(
    requests: int,
    streams: int,
    seed: int,
    *,
    faults: float = 0.1,
    workers: int = 2,
    callers: int = CALLERS,
    steps: int = STEPS,
    tell: Callable[[int, int], object] = lambda done, of: None,
) -> Report:
    """`requests` of which `streams` are streams. `tell`: called with how many are done."""
    chance, begun = Random(seed), time.monotonic()
    vendor = Vendor(seed, faults)
    server = await vendor.open()
    kinds = [n < streams for n in range(requests)]
    chance.shuffle(kinds)
    started: list[Running] = []
    with tempfile.TemporaryDirectory() as place:
        tmp = Path(place)
        urls = {name: f"http://127.0.0.1:{vendor.port}/{name}" for name in "abc"}
        policies = folder(tmp / "policies", urls, limits=LIMITS)
        start = starter(tmp, started)
        try:
            running = await asyncio.to_thread(begin, start, policies, tmp / "state", workers)
            work = Work(kinds, port=running.port)
            run = Soak(tmp, policies, work, chance, start, running, tmp / "state", workers, steps)
            await _play(run, requests, callers, tell)
            engine = await asyncio.to_thread(wait_for_rows, run.state_dir, work.book.ids, 60 + requests / 500)
            wrong = faults_of(engine, work.book.ids, vendor.usage, work.book.lost)
            lived = trends(run.samples)
            wrong += [f"it grew: {each}" for each in lived if each.grew]
            engine.dispose()
        finally:
            for each in started:
                each.stop()
            server.close()
    largest = max((size for sample in run.samples for size in sample.values()), key=lambda size: size.kb)
    statuses = dict(work.book.statuses)
    seconds = time.monotonic() - begun
    return Report(requests, seconds, statuses, work.book.lost, vendor.asked, run.events, largest, lived, wrong)


async def _play(run: Soak, requests: int, count: int, tell: Callable[[int, int], object]) -> None:
    callers = [asyncio.create_task(caller(run.work)) for _ in range(count)]
    step = 0
    while not all(task.done() for task in callers):
        await asyncio.sleep(0.1)
        tell(run.work.sent, requests)
        if run.work.sent >= (step + 1) * requests / run.steps and step < run.steps - 1:
            run.measure()
            await run.event(step)
            step += 1
    await asyncio.gather(*callers)
    await run.lift()
    run.measure()

"""`python -m tests.soak --requests 1000000 --streams 100000 --seed 1`: exit 1 if something promised did not hold."""

from __future__ import annotations

import argparse
import asyncio
import sys
import time

from tests.soak.run import CALLERS, STEPS, Report, soak


class Bar:
    """On a terminal a bar; elsewhere a line for each tenth."""

    def __init__(self) -> None:
        self.begun, self.tenth = time.monotonic(), 0

    def __call__(self, done: int, of: int) -> None:
        left_s = (time.monotonic() - self.begun) / max(1, done) * (of - done)
        if sys.stderr.isatty():
            full = 30 * done // of
            print(f"\r[{'#' * full}{'.' * (30 - full)}] {done}/{of}, {left_s:.0f} s left ", end="", file=sys.stderr)
        elif 10 * done // of > self.tenth:
            self.tenth = 10 * done // of
            print(f"{done}/{of}, {left_s:.0f} s left", file=sys.stderr)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--requests", type=int, default=1_000_000)
    parser.add_argument("--streams", type=int, default=100_000, help="how many of them are streams")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--faults", type=float, default=0.1, help="the share of requests that meet a fault")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--callers", type=int, default=CALLERS, help="connections that send one request after another")
    parser.add_argument("--events", type=int, default=STEPS, help="how many reloads, freezes, lifts and deaths")
    given = parser.parse_args()
    print(f"seed {given.seed}", file=sys.stderr)
    work = soak(
        given.requests, given.streams, given.seed, faults=given.faults, workers=given.workers, callers=given.callers,
        steps=given.events, tell=Bar(),
    )  # fmt: skip
    report = asyncio.run(work)
    print(told(report))
    return 1 if report.wrong else 0


def told(report: Report) -> str:
    """The report, for people."""
    events = ", ".join(f"{count} × {name}" for name, count in sorted(report.events.items()))
    statuses = ", ".join(f"{count} × {status}" for status, count in sorted(report.statuses.items()))
    pace = f"{report.requests} requests in {report.seconds:.0f} s ({report.requests / report.seconds:.0f} a second)"
    lines = [
        f"{pace}; vendors were asked {report.asked} times",
        f"replies: {statuses}; {report.lost} lost with a worker that was killed or a restart",
        f"events: {events}",
        f"largest process: {report.largest.kb // 1024} MiB, {report.largest.fds} descriptors",
        "the second half, by a straight line through what was measured:",
        *(f"  {each}" for each in report.trends),
        *(f"WRONG: {each}" for each in report.wrong),
    ]
    return "\n".join(
        lines if report.wrong else [*lines, "ledger complete to the row, money as summed apart, nothing grew"]
    )


if __name__ == "__main__":
    sys.exit(main())

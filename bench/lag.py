"""How far the ledger is behind while two workers are saturated: `python -m bench.lag [--seconds 30]`.

Two workers serve as fast as they can, the control process takes in what they record, all on this machine's cores with
the upstream and the load client. Lag is the time from now back to the end of the newest request in the ledger (SQLite,
all readers on), sampled four times a second.
"""

from __future__ import annotations

import argparse
import os
import sqlite3
import tempfile
import threading
import time
from contextlib import closing
from pathlib import Path

from bench import build
from bench.contestants import Place, bodies, ours
from bench.measure import Load, clean, wait_for_answer
from bench.processes import OTHER_CORE, Process, free_port

EVERY_S = 0.25
FIRST_S = 3.0  # of the load


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--policy", choices=["plain", "full"], default="plain")
    wanted = parser.parse_args()
    build.parts()
    before = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        place = Place(folder, free_port(), free_port(), free_port(), free_port())
        log = folder / "log"
        upstream = Process([build.BUILD / "upstream", str(place.upstream)], core=OTHER_CORE, environment={}, log=log)
        start = ours(wanted.policy, workers=2)(place)
        gateway = Process(start.command, core=-1, environment=start.environment, log=log)
        asked = bodies(folder)
        (folder / "headers").write_text(start.headers)
        try:
            wait_for_answer(gateway, place.port, asked["whole"], start.headers, time.monotonic(), log)
            _caught_up(folder / "state" / "ledger.sqlite", 1)  # the control process has begun
            load = Load(place.port, asked, folder / "headers", wanted.seconds)
            requests, lags = _measured(load, folder / "state" / "ledger.sqlite", wanted.connections)
            caught_up_s = _caught_up(folder / "state" / "ledger.sqlite", requests)
        finally:
            gateway.stop()
            upstream.stop()
    rate, middle = requests / wanted.seconds, sorted(lags)[len(lags) // 2]
    print(f"two workers: {rate:,.0f} requests/s for {wanted.seconds:g} s, load of the machine {before:.1f} before")
    print(f"lag of the ledger: median {middle:.2f} s, longest {max(lags):.2f} s")
    print(f"all requests are there {caught_up_s:.1f} s after the last")


def _measured(load: Load, ledger: Path, connections: int) -> tuple[int, list[float]]:
    """How many requests were answered, and the lags in seconds."""
    lags: list[float] = []
    over = threading.Event()

    def sample() -> None:
        over.wait(FIRST_S)
        while not over.wait(EVERY_S):
            lags.append(time.time() - _newest(ledger))

    sampler = threading.Thread(target=sample)
    sampler.start()
    try:
        run = clean(load.run("whole", connections=connections))
    finally:
        over.set()
        sampler.join()
    return int(run["requests"]), lags


def _newest(ledger: Path) -> float:
    """When the newest request in the ledger ended."""
    newest = "SELECT ended_at FROM requests ORDER BY at DESC LIMIT 100"
    return max([ended for (ended,) in _rows(ledger, newest)], default=0.0)


def _caught_up(ledger: Path, requests: int) -> float:
    """Seconds until all requests are there."""
    began = time.monotonic()
    while not ledger.exists() or _rows(ledger, "SELECT count(*) FROM requests")[0][0] < requests:
        if time.monotonic() - began > 600:
            raise SystemExit("the ledger does not hold all requests after ten minutes")
        time.sleep(EVERY_S)
    return time.monotonic() - began


def _rows(ledger: Path, statement: str) -> list[tuple[float, ...]]:
    with closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True, timeout=10)) as connection:
        return connection.execute(statement).fetchall()


if __name__ == "__main__":
    main()

"""Prints how soon a freeze holds: `python -m bench.freezes [--count 20]`.

Two gateways of two workers share a Redis and a vendor that notes when it is asked. Callers ask both without a pause;
a freeze is made at the first. Told is the time from the moment before the freeze is sent until the vendor is asked for
the last time, by the gateway that was told and by the other one. A lift follows, and is waited for, before the next.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from tests.integration.upstreams import Upstreams, ask, chat, folder, serving
from tests.private_redis import private_redis
from tests.running import ADMIN_TOKEN, Running, starter

NAMES = ("told", "other")  # the gateway at which the freeze is made, and the other one
QUIET_S = 4.0  # after a freeze: twice what is promised
CALLERS = 4  # of each gateway


class Arrivals(list[tuple[str, bytes, bytes]]):
    """What vendors were asked; and when `a` was asked last, by which gateway's callers."""

    def __init__(self) -> None:
        super().__init__()
        self.last: dict[str, float] = {}

    def append(self, asked: tuple[str, bytes, bytes]) -> None:
        operator, _, body = asked
        if operator == "a":
            self.last[next(name for name in NAMES if f"of {name}".encode() in body)] = time.perf_counter()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=20, help="freezes")
    count: int = parser.parse_args().count
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as name,
        serving() as upstreams,
        private_redis(Path(name)) as redis,
    ):
        upstreams.asked = Arrivals()
        started: list[Running] = []
        try:
            gateways = [_gateway(Path(name) / each, upstreams, redis.url, started) for each in NAMES]
            with _load(gateways) as statuses:
                times = [_frozen(gateways[0], upstreams.asked) for _ in range(count)]
        finally:
            for each in started:
                each.stop()
    _print(times, statuses)


def _gateway(place: Path, upstreams: Upstreams, redis: str, started: list[Running]) -> Running:
    policies = folder(place / "policies", {name: upstreams.url(name) for name in "abc"})
    shared = {"GATEWAY_REDIS_URL": redis, "GATEWAY_STATE_DIR": str(place / "state")}
    return starter(place, started)(policies, workers=2, environment=shared)


@contextmanager
def _load(gateways: list[Running]) -> Iterator[list[int]]:
    """Callers of each gateway that ask without a pause; the statuses they got."""
    over, statuses = threading.Event(), []

    def call(gateway: Running, name: str) -> None:
        while not over.is_set():
            statuses.append(ask(gateway, chat(text=f"a caller of {name}"))[0])

    pairs = [pair for pair in zip(gateways, NAMES, strict=True) for _ in range(CALLERS)]
    threads = [threading.Thread(target=call, args=pair) for pair in pairs]
    for thread in threads:
        thread.start()
    try:
        yield statuses
    finally:
        over.set()
        for thread in threads:
            thread.join()


def _frozen(gateway: Running, arrivals: Arrivals) -> dict[str, float]:
    """Seconds until each gateway asks no more; then it is lifted, and both ask again."""
    _both_ask(arrivals)
    began = time.perf_counter()
    row = _api(gateway, "POST", "/api/freezes", {"selector": "operator", "value": "a"})
    time.sleep(QUIET_S)
    told = {name: max(0.0, arrivals.last[name] - began) for name in NAMES}
    _api(gateway, "DELETE", f"/api/freezes/{row['id']}")
    return told


def _both_ask(arrivals: Arrivals) -> None:
    arrivals.last.clear()
    while len(arrivals.last) < len(NAMES):
        time.sleep(0.05)


def _api(gateway: Running, method: str, path: str, body: object = None) -> Any:
    headers = {"authorization": f"Bearer {ADMIN_TOKEN}"}
    status, _, text = gateway.ask_control(method, path, body, headers=headers)
    if status not in (200, 201):
        raise SystemExit(f"{method} {path}: {status} {text[:200]!r}")
    return json.loads(text)


def _print(times: list[dict[str, float]], statuses: list[int]) -> None:
    print(f"{len(times)} freezes under load, two gateways of two workers with Redis, {len(statuses):,} requests,")
    print(f"{sum(status != 200 for status in statuses):,} of them not answered; the vendor was asked last after")
    for name in NAMES:
        seconds = sorted(each[name] for each in times)
        print(f"  {name:<6} gateway  median {median(seconds):.2f} s, longest {seconds[-1]:.2f} s")


if __name__ == "__main__":
    main()

"""Prints what a kept answer costs a worker: `python -m bench.cache [--rounds 15] [--redis]`.

One worker and a scripted vendor. In each round the same number of requests of 2 KB goes, one after the other on one
connection, to a route without a cache, to one with a cache that has not seen them, and to it again. Told is the CPU
time of the worker for one request, as medians over the rounds with their quartiles.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import tempfile
from contextlib import ExitStack
from pathlib import Path
from statistics import quantiles

from tests.integration.upstreams import KEY, chat, folder, serving
from tests.private_redis import private_redis
from tests.running import Running, starter

REQUESTS = 100  # of each way, a round
FILLER = "Ships float because they push away as much water as they weigh. " * 30
POLICY = """
version: 1
aliases: {plain: not kept, kept: kept}
defaults: {order: listed, affinity: none}
routes:
  - {name: kept, when: {model: kept}, try: [m@a], cache: {ttl: 1h}}
  - {name: plain, try: [m@a]}
"""
WAYS = (("no cache", "plain"), ("miss", "kept"), ("hit", "kept"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--redis", action="store_true", help="answers are kept in Redis")
    asked = parser.parse_args()
    started: list[Running] = []
    with tempfile.TemporaryDirectory(prefix="bench-") as name, serving() as upstreams, ExitStack() as parts:
        place = Path(name)
        policies = folder(place / "policies", {"a": upstreams.url("a")})
        (policies / "policy.yaml").write_text(POLICY)
        redis = {"GATEWAY_REDIS_URL": parts.enter_context(private_redis(place)).url} if asked.redis else {}
        try:
            gateway = starter(place, started)(policies, environment=redis)
            rounds = [_round(gateway, number) for number in range(asked.rounds + 1)][1:]  # the first warms up
        finally:
            for each in started:
                each.stop()
    where = "Redis" if asked.redis else "memory"
    print(f"CPU of the worker for one request, answers in {where}, {len(rounds)} rounds of {REQUESTS}:")
    for way, _ in WAYS:
        low, middle, high = quantiles([each[way] for each in rounds], n=4)
        print(f"  {way:<9} {middle * 1e6:6.0f} µs  ({low * 1e6:.0f} to {high * 1e6:.0f})")


def _round(gateway: Running, number: int) -> dict[str, float]:
    """Seconds of CPU by way."""
    (worker,) = gateway.workers()
    found, found_again = {}, 0
    for way, model in WAYS:
        connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=60)
        before = _cpu_s(worker)
        for each in range(REQUESTS):
            told = _ask(connection, json.dumps(chat(model, f"{number} {each} {FILLER}")))
            if way != "hit" and told != (None if model == "plain" else way):
                raise SystemExit(f"a {way} was told to be {told}")
            found_again += told == "hit"
        found[way] = (_cpu_s(worker) - before) / REQUESTS
        connection.close()
    if found_again < REQUESTS:
        print(f"  {REQUESTS - found_again} of {REQUESTS} were not found again")
    return found


def _ask(connection: http.client.HTTPConnection, body: str) -> str | None:
    headers = {"authorization": f"Bearer {KEY}", "content-type": "application/json"}
    connection.request("POST", "/v1/chat/completions", body, headers)
    reply = connection.getresponse()
    text = reply.read()
    if reply.status != 200:
        raise SystemExit(f"{reply.status}: {text[:200]!r}")
    return reply.getheader("x-gateway-cache")


def _cpu_s(pid: int) -> float:
    """Of all its threads, in nanoseconds of the scheduler: a clock tick is as long as many requests."""
    tasks = Path(f"/proc/{pid}/task")
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks.iterdir()) / 1e9


if __name__ == "__main__":
    os.environ.pop("GATEWAY_REDIS_URL", None)
    main()

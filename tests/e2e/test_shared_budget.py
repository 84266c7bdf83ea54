"""Claims about one budget that two workers spend: never more than it, whatever Redis goes through."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest
import yaml
from redis import Redis

from gateway.demo import stage
from gateway.demo.vendors.process import Vendors
from gateway.record.store import open_store
from tests.private_redis import PrivateRedis, private_redis
from tests.running import PATIENCE_S, Running, starter

pytestmark = pytest.mark.services

BUDGET = Decimal("0.05")
ASKED = {
    "model": "simulated-gpt",
    "max_tokens": 200,
    "messages": [{"role": "user", "content": "How are ships loaded?"}],
}
BUSY = "cannot be counted"  # Redis did not answer within its deadline: refused, and worth another try


@dataclass(frozen=True, slots=True)
class Shop:
    """Two workers, their Redis, and the key of a team that may spend BUDGET."""

    gateway: Running
    redis: PrivateRedis
    key: str

    def ask(self, _: int = 0) -> tuple[int, str]:
        """Status and code."""
        for _ in range(200):
            status, body = self.once()
            if status != 503 or BUSY not in body:
                break
            time.sleep(0.02)
        return status, "" if status == 200 else body.split('"code":"')[1].split('"')[0]

    def once(self, **changed: object) -> tuple[int, str]:
        """Status and body."""
        headers = {"authorization": f"Bearer {self.key}"}
        reply = self.gateway.ask("POST", "/v1/chat/completions", ASKED | changed, headers=headers)
        return reply[0], reply[2].decode()

    def rush(self, many: int) -> Counter[tuple[int, str]]:
        """So many at once."""
        with ThreadPoolExecutor(24) as pool:
            return Counter(pool.map(self.ask, range(many)))

    def spent(self, requests: int) -> Decimal:
        """What the ledger says, once it holds so many answers."""
        store = open_store(database_url=None, state_dir=self.gateway.state_dir)
        try:
            deadline = time.monotonic() + PATIENCE_S
            rows: list[Decimal] = []
            while len(rows) < requests and time.monotonic() < deadline:
                time.sleep(0.1)
                rows = [Decimal(row["cost_usd"]) for row in store.rows() if row["outcome"] == "answered"]
            assert len(rows) == requests
            return sum(rows, Decimal(0))
        finally:
            store.close()


@contextmanager
def opened(tmp_path: Path, vendors: Vendors, urls: dict[str, str]) -> Iterator[Shop]:
    """`urls`: of vendors in the place of the simulated ones."""
    policies, keys = tmp_path / "policies", stage.fresh_keys()
    urls = {"self": vendors.base_urls["simulated-us"], **vendors.base_urls, **urls}
    stage.write_folder(policies, urls=urls, keys=keys)
    callers = yaml.safe_load((policies / "callers.yaml").read_text())
    callers["teams"]["sales-eu"] = {
        **callers["teams"]["sales-eu"],
        "residency": "any",
        "data_class": "public",
        "budget": {"usd": float(BUDGET), "per": "month", "when_spent": "reject"},
    }
    (policies / "callers.yaml").write_text(yaml.safe_dump(callers))
    started: list[Running] = []
    with private_redis(tmp_path) as redis:
        gateway = starter(tmp_path, started)(policies, environment={"GATEWAY_REDIS_URL": redis.url}, workers=2)
        try:
            yield Shop(gateway, redis, keys["sales-eu"])
        finally:
            gateway.stop()


@pytest.fixture
def shop(tmp_path: Path, vendors: Vendors) -> Iterator[Shop]:
    with opened(tmp_path, vendors, {}) as shop:
        yield shop


def test_many_at_once_on_two_workers_never_spend_more_than_the_budget(shop):
    told = shop.rush(120)
    answered = told.pop((200, ""))

    assert set(told) == {(429, "budget_exceeded")}
    assert 0 < shop.spent(answered) <= BUDGET


def test_a_redis_that_forgets_gives_nobody_a_second_budget(shop):
    first = shop.rush(60)
    spent = shop.spent(first[200, ""])
    with Redis(port=shop.redis.port) as client:
        client.flushall()

    second = shop.rush(60)

    assert first[429, "budget_exceeded"] and spent > BUDGET / 2
    assert shop.spent(first[200, ""] + second[200, ""]) <= BUDGET


def test_a_redis_that_is_gone_stops_spending_until_it_is_back(shop, tmp_path):
    before = [shop.ask() for _ in range(2)]
    shop.redis.process.terminate()
    shop.redis.process.wait(10)
    status, said = shop.once()
    deadline = time.monotonic() + PATIENCE_S
    while "redis" not in (ready := shop.gateway.ready())["degraded"] and time.monotonic() < deadline:
        shop.once()  # whichever worker is asked

    assert "redis" in ready["degraded"]
    assert before == [(200, "")] * 2
    assert status == 503 and BUSY in said
    with private_redis(tmp_path, port=shop.redis.port):
        after = shop.rush(60)
        assert 0 < shop.spent(2 + after[200, ""]) <= BUDGET
        assert after[429, "budget_exceeded"]


def test_what_killed_workers_had_set_aside_counts_as_expected_once_its_lease_is_over(tmp_path, vendors):
    with (
        socket.create_server(("127.0.0.1", 0)) as mute,  # takes every request and answers none
        opened(tmp_path, vendors, {"simulated-west": f"http://127.0.0.1:{mute.getsockname()[1]}"}) as shop,
        Redis(port=shop.redis.port, decode_responses=True) as redis,
        ThreadPoolExecutor(2) as pool,
    ):
        for _ in range(2):
            pool.submit(shop.once, max_tokens=1500)
        leases = waited_for(lambda: next((key for key in redis.scan_iter("*leases*") if redis.zcard(key) == 2), None))
        spent = leases.replace(":leases:", ":spent:")
        before = int(redis.hget(spent, "nano"))
        for pid in shop.gateway.workers():
            os.kill(pid, signal.SIGKILL)
        for id in redis.zrange(leases, 0, -1):
            redis.zadd(leases, {id: 1})  # the minutes of the lease are over

        waited_for(lambda: redis.zcard(leases) == 0)  # a new worker has come by

        assert 0 < int(redis.hget(spent, "nano")) < before


def waited_for(found):
    """What it finds in the end."""
    deadline = time.monotonic() + PATIENCE_S
    while not (result := found()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return result

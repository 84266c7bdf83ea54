"""Budgets and rates shared through a real Redis."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import suppress
from decimal import Decimal
from pathlib import Path

import pytest
from redis import Redis

from gateway.identity import Account, Budget, Rate, Team
from gateway.limits.shared import SharedAccounts
from tests.private_redis import PrivateRedis, private_redis

pytestmark = pytest.mark.services
NOON = 1_795_176_000.0
SPENDER = Team("research", "any", "public", frozenset(), Budget(Decimal("10"), "day", "reject"), Rate(3, 1000))
WHOLE = SPENDER.accounts[0]
BOT = Account("research", "bot", Budget(Decimal("2"), "month", "reject"))


def nothing_before(_account: Account, _since: float) -> float:
    return 0.0


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[PrivateRedis]:
    with private_redis(tmp_path) as running:
        yield running


async def patiently(ask):
    """A step, repeated while the machine is too busy for its deadline."""
    for _ in range(100):
        refused = await ask()
        if refused is None or refused.by != "unreachable":
            return refused
    raise AssertionError("Redis never answered within the deadline")


def test_two_workers_spend_one_budget(redis):
    async def story():
        one, two = (
            SharedAccounts(redis.url, nothing_before, reached=lambda up: None, clock=lambda: NOON) for _ in range(2)
        )
        first = await patiently(lambda: one.reserve({WHOLE: 8.0}, NOON))
        second = await patiently(lambda: two.reserve({WHOLE: 8.0}, NOON))
        one.settle(SPENDER, {WHOLE: 8.0}, cost_usd=1.0, output_tokens=0, at=NOON)
        await one.close()
        third = await patiently(lambda: two.reserve({WHOLE: 8.0}, NOON))
        share = two.used_share(WHOLE, NOON)
        await two.close()
        return first, second, third, share

    first, second, third, share = asyncio.run(story())

    assert (first, second.by, third) == (None, "budget", None)
    assert share == pytest.approx(0.9)


def test_a_team_and_its_app_are_charged_together_or_not_at_all(redis):
    async def story():
        one, two = (
            SharedAccounts(redis.url, nothing_before, reached=lambda up: None, clock=lambda: NOON) for _ in range(2)
        )
        first = await patiently(lambda: one.reserve({WHOLE: 1.5, BOT: 1.5}, NOON))
        second = await patiently(lambda: two.reserve({WHOLE: 1.0, BOT: 1.0}, NOON))
        shares = two.used_share(WHOLE, NOON), two.used_share(BOT, NOON)
        one.settle(SPENDER, {WHOLE: 1.5, BOT: 1.5}, cost_usd=1.0, output_tokens=7, at=NOON)
        await one.close()
        third = await patiently(lambda: two.reserve({WHOLE: 1.0, BOT: 1.0}, NOON))
        await two.close()
        return first, second, third, shares

    first, second, third, shares = asyncio.run(story())

    assert (first, third) == (None, None)
    assert second.said == "app `bot` of team `research` has spent its budget of 2 USD for 2026-11"
    assert shares == pytest.approx((0.15, 0.75))
    with Redis.from_url(redis.url, decode_responses=True) as client:
        kept = [client.ttl(key) for key in client.scan_iter()]
    assert len(kept) == 3 and min(kept) > 0


def test_a_worker_that_has_reserved_nothing_knows_what_others_spent(redis):
    async def story():
        one, fresh = (
            SharedAccounts(redis.url, nothing_before, reached=lambda up: None, clock=lambda: NOON) for _ in range(2)
        )
        await patiently(lambda: one.reserve({WHOLE: 4.0}, NOON))
        before = fresh.used_share(WHOLE, NOON)
        await fresh.look([WHOLE, BOT], NOON)
        after = fresh.used_share(WHOLE, NOON), fresh.used_share(BOT, NOON)
        tomorrow = fresh.used_share(WHOLE, NOON + 86_400)
        await one.close()
        await fresh.close()
        return before, after, tomorrow

    assert asyncio.run(story()) == (0.0, (0.4, 0.0), 0.0)


def test_what_redis_does_not_know_the_ledger_says(redis):
    asked: list[tuple[Account, float]] = []

    def spent_since(account: Account, since: float) -> float:
        asked.append((account, since))
        return 6.0 if account is WHOLE else 0.5

    async def story():
        one, two = (
            SharedAccounts(redis.url, spent_since, reached=lambda up: None, clock=lambda: NOON) for _ in range(2)
        )
        many = await asyncio.gather(*(patiently(lambda: one.reserve({WHOLE: 1.0, BOT: 1.0}, NOON)) for _ in range(6)))
        shares = one.used_share(WHOLE, NOON), one.used_share(BOT, NOON)
        with Redis.from_url(redis.url) as client:
            client.flushall()  # it has lost its memory; what the first asked for was not recorded yet
        one.settle(SPENDER, {WHOLE: 1.0, BOT: 1.0}, cost_usd=0.25, output_tokens=0, at=NOON)  # an account that is gone
        await one.close()
        await two.look([WHOLE], NOON)
        forgotten = two.used_share(WHOLE, NOON)
        two.settle(SPENDER, {WHOLE: 1.0}, cost_usd=0.25, output_tokens=0, at=NOON - 1)  # set aside before it forgot
        two.settle(SPENDER, {WHOLE: 0.0}, cost_usd=0.75, output_tokens=0, at=NOON + 1)
        await two.close()
        return many, shares, forgotten, two.used_share(WHOLE, NOON)

    many, shares, forgotten, after = asyncio.run(story())

    assert [each.by for each in many if each] == ["budget"] * 5  # the app's 2 USD reach for one
    assert shares == pytest.approx((0.7, 0.75))
    assert forgotten == pytest.approx(0.6)
    assert after == pytest.approx(0.7)  # 6 + 0.25 + 0.75: nothing was given back that was not set aside here
    begins = {WHOLE: NOON - 12 * 3600, BOT: NOON - (19 * 24 + 12) * 3600}
    assert [(account, begins[account]) for account, _ in asked] == asked


def test_a_ledger_that_cannot_be_read_spends_nothing(redis):
    def broken(_account: Account, _since: float) -> float:
        raise ValueError("the database is away")

    async def story():
        accounts = SharedAccounts(redis.url, broken, reached=lambda up: None, clock=lambda: NOON)
        refused = await accounts.reserve({WHOLE: 1.0}, NOON)
        await accounts.close()
        return refused

    assert asyncio.run(story()).by == "unreachable"


def test_two_workers_share_one_rate(redis):
    async def story():
        workers = [
            SharedAccounts(redis.url, nothing_before, reached=lambda up: None, clock=lambda: NOON) for _ in range(2)
        ]
        refused = [await patiently(lambda w=workers[n % 2]: w.enter(SPENDER, 10, NOON)) for n in range(4)]
        for worker in workers:
            await worker.close()
        return refused

    refused = asyncio.run(story())

    assert refused[:3] == [None, None, None]
    assert refused[3].by == "rate"


def test_without_redis_what_cannot_be_counted_is_refused(redis):
    heard: list[bool] = []

    async def story():
        accounts = SharedAccounts(redis.url, nothing_before, reached=heard.append, clock=lambda: NOON)
        redis.process.terminate()
        redis.process.wait(10)
        refused = await accounts.reserve({WHOLE: 1.0}, NOON), await accounts.enter(SPENDER, 1, NOON)
        await accounts.close()
        return refused

    refused = asyncio.run(story())

    assert [each.by for each in refused] == ["unreachable", "unreachable"]
    assert heard == [False, False]


def test_what_a_silent_redis_cannot_be_told_is_said_at_the_end(caplog: pytest.LogCaptureFixture):
    with socket.create_server(("127.0.0.1", 0)) as silent:

        async def story():
            accounts = SharedAccounts(
                f"redis://127.0.0.1:{silent.getsockname()[1]}/0",
                nothing_before,
                reached=lambda up: None,
                clock=lambda: NOON,
            )
            accounts.settle(SPENDER, {WHOLE: 0.0}, cost_usd=0.25, output_tokens=0, at=NOON)
            with suppress(TimeoutError):
                await asyncio.wait_for(accounts.close(), 0.5)

        asyncio.run(story())

    assert "0.250000 USD of team research could not be settled" in caplog.text

"""Budgets and rates shared through a real Redis."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from functools import partial
from itertools import count
from pathlib import Path

import pytest
from redis import Redis

from gateway.background.late_settlements import LateSettlements, settle_in_redis
from gateway.identity import Account, Budget, Rate, Team
from gateway.limits.account import NANO, Reservation, Settlement, Share, SpentSince, Used
from gateway.limits.shared import SharedAccounts
from gateway.limits.shared_loads import SharedLoads
from gateway.policy.authoring.compile import compile_folder
from gateway.record.journal.reader import Reader
from gateway.record.journal.writer import Writer
from tests.faulty_redis import LATE_S, Fate, FaultyRedis
from tests.private_redis import PrivateRedis, private_redis
from tests.unit.record import build

pytestmark = pytest.mark.services
NOON = 1_795_176_000.0
SPENDER = Team("research", "any", "public", frozenset(), Budget(Decimal("10"), "day", "reject"), Rate(3, 1000))
WHOLE = SPENDER.accounts[0]
KEYRING = compile_folder({name: text.encode() for name, text in build.FILES.items()}).keyring
BOT = Account("research", "bot", Budget(Decimal("2"), "month", "reject"))


_REQUESTS = count(1)


def nothing_before(_account: Account, _since: float) -> Decimal:
    return Decimal(0)


def worker(url: str, spent_since: SpentSince = nothing_before, heard: list[bool] | None = None) -> SharedAccounts:
    """As one has it, with more patience than any machine needs."""
    told = [] if heard is None else heard
    return SharedAccounts(url, spent_since, reached=told.append, deadline_s=30.0)


def reservation(shares: Mapping[Account, float], *, request: str | None = None, attempt: int = 1):
    """Of so many dollars, a quarter of them if nobody ever says what it cost."""
    each = {account: Share(int(usd * NANO), int(usd * NANO / 4)) for account, usd in shares.items()}
    return Reservation(request or f"other-{next(_REQUESTS)}", attempt, each, 60.0)


def settlement(request: str, usd: float, *, of: Sequence[Account] = (WHOLE,), tokens: int = 0, at: float = NOON):
    return Settlement(request, SPENDER, dict.fromkeys(of, int(usd * NANO)), tokens, at)


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[PrivateRedis]:
    with private_redis(tmp_path) as running:
        yield running


def test_two_workers_spend_one_budget(redis):
    async def story():
        one, two = worker(redis.url), worker(redis.url)
        first = await one.reserve(reservation({WHOLE: 8}, request="first"), NOON)
        second = await two.reserve(reservation({WHOLE: 8}), NOON)
        one.settle(settlement("first", 1))
        await one.close()
        third = await two.reserve(reservation({WHOLE: 8}), NOON)
        share = two.used_share(WHOLE, NOON)
        await two.close()
        return first, second, third, share

    first, second, third, share = asyncio.run(story())

    assert (first, second.by, third) == (None, "budget", None)
    assert share == 0.9


def test_a_team_and_its_app_are_charged_together_or_not_at_all(redis):
    async def story():
        one, two = worker(redis.url), worker(redis.url)
        first = await one.reserve(reservation({WHOLE: 1.5, BOT: 1.5}, request="first"), NOON)
        second = await two.reserve(reservation({WHOLE: 1, BOT: 1}), NOON)
        shares = two.used_share(WHOLE, NOON), two.used_share(BOT, NOON)
        one.settle(settlement("first", 1, of=(WHOLE, BOT), tokens=7))
        await one.close()
        third = await two.reserve(reservation({WHOLE: 1, BOT: 1}), NOON)
        await two.close()
        return first, second, third, shares

    first, second, third, shares = asyncio.run(story())

    assert (first, third) == (None, None)
    assert second.message == "app `bot` of team `research` has spent its budget of 2 USD for 2026-11"
    assert shares == (0.15, 0.75)
    with Redis.from_url(redis.url, decode_responses=True) as client:
        kept = [client.ttl(key) for key in client.scan_iter()]
    assert len(kept) == 5 and min(kept) > 0


def test_a_worker_that_has_reserved_nothing_knows_what_others_spent(redis):
    async def story():
        one, fresh = worker(redis.url), worker(redis.url)
        await one.reserve(reservation({WHOLE: 4}), NOON)
        before = fresh.used_share(WHOLE, NOON)
        await fresh.look([WHOLE, BOT], NOON)
        after = fresh.used_share(WHOLE, NOON), fresh.used_share(BOT, NOON)
        tomorrow = fresh.used_share(WHOLE, NOON + 86_400)
        await one.close()
        await fresh.close()
        return before, after, tomorrow

    assert asyncio.run(story()) == (0.0, (0.4, 0.0), 0.0)


@pytest.mark.parametrize("joins", [False, True])
def test_what_the_ledger_was_asked_before_redis_forgot_begins_no_account(redis, joins):
    """The first worker begins, and spends; Redis forgets; only then does the second hear what had been spent at first.

    `joins`: the second worker's next request comes while it still waits for that.
    """
    asked, forgotten = threading.Event(), threading.Event()
    answers = [Decimal(0), Decimal(9)]

    def slowly(_account: Account, _since: float) -> Decimal:
        asked.set()
        answer = answers.pop(0)
        assert forgotten.wait(60)
        return answer

    async def story():
        one, late = worker(redis.url), worker(redis.url, slowly)
        looking = asyncio.ensure_future(late.look([WHOLE], NOON))
        await asyncio.to_thread(asked.wait, 60)
        first = await one.reserve(reservation({WHOLE: 9}), NOON)
        with Redis.from_url(redis.url) as client:
            client.flushall()
        later = asyncio.ensure_future(late.reserve(reservation({WHOLE: 8}), NOON)) if joins else None
        await asyncio.sleep(0.2 if joins else 0)  # it waits already
        forgotten.set()
        await looking
        second = await (later or late.reserve(reservation({WHOLE: 8}), NOON))
        await one.close()
        await late.close()
        return first, second

    first, second = asyncio.run(story())

    assert first is None
    assert second is not None and second.by == "budget" and "has spent its budget" in second.message


def test_a_reservation_whose_answer_comes_too_late_is_given_back(redis):
    """By whatever ends the request: it is settled, and if the reservation comes after that, it counts no more."""

    async def story(fate: Fate):
        async with FaultyRedis(redis.port) as between:
            hasty = SharedAccounts(between.url, nothing_before, reached=lambda up: None, deadline_s=LATE_S / 2)
            await hasty.look([WHOLE], NOON)  # the account has begun
            between.suffer([fate, fate])  # whether Redis has the script already or not
            late = await hasty.reserve(reservation({WHOLE: 8}, request=fate), NOON)
            hasty.settle(settlement(fate, 0))
            await hasty.close()
            await between.settled()
        patient = worker(redis.url)
        await patient.look([WHOLE], NOON)
        share = patient.used_share(WHOLE, NOON)
        await patient.close()
        return late, share

    for fate in ("late reply", "late command", "lost reply", "lost command"):
        late, share = asyncio.run(story(fate))
        assert (late is None or late.by == "unreachable", share) == (True, 0.0), fate


def test_one_that_is_never_settled_counts_as_estimated_until_a_record_says_what_it_cost(redis):
    async def story():
        killed, other = worker(redis.url), worker(redis.url)
        for attempt in (1, 2, 2):
            await killed.reserve(reservation({WHOLE: 2}, request="r", attempt=attempt), NOON)
        shares = [killed.used_share(WHOLE, NOON)]
        with Redis.from_url(redis.url) as client:
            client.zadd("entrepot:2:{research}:leases:2026-11-20", {"r": 1})  # its time is over
        await other.look([WHOLE], NOON)
        shares.append(other.used_share(WHOLE, NOON))
        for usd in (3, 5):
            await other.settle_late(settlement("r", usd))
            shares.append(other.used_share(WHOLE, NOON))
        await other.settle_late(settlement("settled long ago, or never reserved", 4))
        other.settle(settlement("r", 5))
        await other.close()
        await killed.close()
        return [*shares, other.used_share(WHOLE, NOON)]

    assert asyncio.run(story()) == [0.4, 0.1, 0.3, 0.3, 0.3]


def test_what_could_not_be_settled_is_settled_when_redis_can_be_reached_again(redis):
    async def story():
        async with FaultyRedis(redis.port) as between:
            one = worker(between.url)
            await one.reserve(reservation({WHOLE: 8}, request="r"), NOON)
            between.suffer(["lost command"] * 9)
            one.settle(settlement("r", 1))
            await one.close()
        return one.used_share(WHOLE, NOON)

    assert asyncio.run(story()) == 0.1


def test_money_is_exact_to_the_nano_dollar_whatever_was_spent(redis):
    large = Account("research", None, Budget(Decimal(90_071_993), "month", "reject"))

    async def story():
        one = worker(redis.url, lambda account, since: Decimal("90071992.547409931"))
        for number in range(3):
            await one.reserve(Reservation(f"r{number}", 1, {large: Share(1, 1)}, 60.0), NOON)
            one.settle(Settlement(f"r{number}", SPENDER, {large: 2}, 0, NOON))
        await one.close()

    asyncio.run(story())
    with Redis.from_url(redis.url, decode_responses=True) as client:
        assert client.hget("entrepot:2:{research}:spent:2026-11", "nano") == "90071992547409937"


def test_what_an_older_gateway_wrote_is_not_misread(redis):
    with Redis.from_url(redis.url) as client:
        client.hset("entrepot:{research}:spent:2026-11-20", mapping={"usd": "9.5", "since": repr(NOON - 60)})
        client.set("entrepot:{research}:rate:requests:29919600", "nonsense")

    async def story():
        one = worker(redis.url)
        ended = await one.reserve(reservation({WHOLE: 8}), NOON), await one.enter(SPENDER, 1, NOON)
        await one.close()
        return ended

    assert asyncio.run(story()) == (None, Used(1, 1))


def test_what_redis_does_not_know_the_ledger_says(redis):
    asked: list[tuple[Account, float]] = []

    def spent_since(account: Account, since: float) -> Decimal:
        asked.append((account, since))
        return Decimal(6) if account is WHOLE else Decimal("0.5")

    async def story():
        one, two = worker(redis.url, spent_since), worker(redis.url, spent_since)
        many = await asyncio.gather(
            *(one.reserve(reservation({WHOLE: 1, BOT: 1}, request=f"r{n}"), NOON) for n in range(6))
        )
        shares = one.used_share(WHOLE, NOON), one.used_share(BOT, NOON)
        with Redis.from_url(redis.url) as client:
            client.flushall()  # it has lost its memory; what these requests cost is not recorded yet
        one.settle(settlement("r0", 0.25, of=(WHOLE, BOT)))  # before the account has begun again
        await one.close()
        await two.look([WHOLE], NOON)
        forgotten = two.used_share(WHOLE, NOON)
        for _ in range(2):
            two.settle(settlement("r1", 0.75))
        await two.close()
        return many, shares, forgotten, two.used_share(WHOLE, NOON)

    many, shares, forgotten, after = asyncio.run(story())

    assert [each.by for each in many if each] == ["budget"] * 5  # the app's 2 USD reach for one
    assert shares == (0.7, 0.75)
    assert forgotten == 0.625
    assert after == 0.7  # 6 + 0.25 + 0.75: nothing was given back that is not set aside here
    begins = {WHOLE: NOON - 12 * 3600, BOT: NOON - (19 * 24 + 12) * 3600}
    assert [(account, begins[account]) for account, _ in asked] == asked


def test_a_ledger_that_cannot_be_read_spends_nothing(redis):
    def broken(_account: Account, _since: float) -> Decimal:
        raise ValueError("the database is away")

    async def story():
        accounts = worker(redis.url, broken)
        refused = await accounts.reserve(reservation({WHOLE: 1}), NOON)
        await accounts.close()
        return refused

    assert asyncio.run(story()).by == "unreachable"


def test_two_workers_share_one_rate(redis):
    async def story():
        workers = [worker(redis.url) for _ in range(2)]
        refused = [await workers[n % 2].enter(SPENDER, 10, NOON) for n in range(4)]
        for each in workers:
            await each.close()
        return refused

    refused = asyncio.run(story())

    assert refused[:3] == [Used(1, 10), Used(2, 20), Used(3, 30)]
    assert refused[3].by == "rate"


def test_without_redis_what_cannot_be_counted_is_refused(redis):
    heard: list[bool] = []

    async def story():
        accounts = worker(redis.url, heard=heard)
        redis.process.terminate()
        redis.process.wait(10)
        refused = await accounts.reserve(reservation({WHOLE: 1}), NOON), await accounts.enter(SPENDER, 1, NOON)
        await accounts.close()
        return refused

    refused = asyncio.run(story())

    assert [each.by for each in refused] == ["unreachable", "unreachable"]
    assert heard == [False, False]


def test_what_a_silent_redis_cannot_be_told_is_said_at_the_end(caplog: pytest.LogCaptureFixture):
    with socket.create_server(("127.0.0.1", 0)) as silent:

        async def story():
            accounts = worker(f"redis://127.0.0.1:{silent.getsockname()[1]}/0")
            accounts.settle(settlement("r", 0.25))
            with suppress(TimeoutError):
                await asyncio.wait_for(accounts.close(), 0.5)

        asyncio.run(story())

    assert "0.250000 USD of team research could not be settled" in caplog.text


def test_what_a_killed_worker_had_not_settled_is_settled_from_its_journal_and_of_a_living_one_nothing(redis, tmp_path):
    at = time.time()
    keyring = replace(KEYRING, teams={SPENDER.id: SPENDER})
    writers = {name: Writer(tmp_path, most_bytes=1 << 30) for name in ("killed", "living")}

    async def reserved():
        accounts = worker(redis.url)
        for name, writer in writers.items():
            await accounts.reserve(reservation({WHOLE: 2}, request=name), at)
            done = build.outcome(request=build.request(name, at=at), cost_usd=Decimal("0.5"), ended_at=at)
            writer.append(done)
        await accounts.close()

    async def share():
        looking = worker(redis.url)
        await looking.look([WHOLE], at)
        found = looking.used_share(WHOLE, at)
        await looking.close()
        return found

    asyncio.run(reserved())
    assert asyncio.run(share()) == 0.4
    lock = writers["killed"]._lock
    assert lock is not None
    os.close(lock)  # as the system does when it is killed

    sink = LateSettlements(tmp_path, lambda: keyring, partial(settle_in_redis, redis.url))
    reader = Reader(tmp_path, sink.open())
    sink.take(reader.read(), reader.positions)
    for _ in range(2):
        sink.rest(at)

    assert asyncio.run(share()) == 0.25
    writers["living"].close()


def test_what_a_place_does_not_reach_for_leaves_the_team_as_it_was(redis):
    place = Account("", None, Budget(Decimal("3"), "day", "reject"), ("operator", "zai"))

    async def story():
        one, two = worker(redis.url), worker(redis.url)
        first = await one.reserve(reservation({WHOLE: 2, place: 2}, request="first"), NOON)
        denied = await two.reserve(reservation({WHOLE: 2, place: 2}, request="second"), NOON)
        await two.look([WHOLE, place], NOON)
        shares = [two.used_share(each, NOON) for each in (WHOLE, place)]
        one.settle(Settlement("first", SPENDER, {WHOLE: NANO, place: NANO // 2}, 0, NOON))
        two.settle(Settlement("second", SPENDER, {WHOLE: 0, place: 0}, 0, NOON))
        for each in (one, two):
            await each.close()
        looking = worker(redis.url)
        await looking.look([WHOLE, place], NOON)
        settled = [looking.used_share(each, NOON) for each in (WHOLE, place)]
        await looking.close()
        return first, denied, shares, settled

    first, denied, shares, settled = asyncio.run(story())

    assert first is None and denied.by == "budget" and denied.account == place
    assert shares == [0.2, pytest.approx(2 / 3)]
    assert settled == [0.1, pytest.approx(1 / 6)]


def test_gateways_tell_one_another_through_redis_how_much_they_ask(redis):
    async def story():
        one, two = SharedLoads(redis.url), SharedLoads(redis.url)
        await one.exchange("one", b"1")
        heard = await two.exchange("two", b"2")
        await two.forget(["one"])
        left = await two.exchange("two", b"3")
        for each in (one, two):
            await each.close()
        gone = SharedLoads("redis://127.0.0.1:1/0")
        with pytest.raises(OSError):
            await gone.exchange("three", b"3")
        return heard, left

    assert asyncio.run(story()) == ({"one": b"1", "two": b"2"}, {"two": b"3"})

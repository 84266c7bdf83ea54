"""Laws of budgets in Redis, whatever happens to commands and replies on the way, and to a worker.

Never less than what was spent; exact once every request is settled or has lapsed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from gateway.identity import Account, Budget, Rate, Team
from gateway.limits.account import NANO, Reservation, Settlement, Share
from gateway.limits.shared import SharedAccounts
from tests.faulty_redis import LATE_S, Fate, FaultyRedis
from tests.private_redis import PrivateRedis, private_redis

pytestmark = pytest.mark.services
NOON = 1_795_176_000.0
BEFORE = 7  # nano-dollars that the ledger knows of
_TEAMS = count(1)


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateRedis]:
    folder: Path = tmp_path_factory.mktemp("redis")
    with private_redis(folder) as running:
        yield running


@dataclass
class Asked:
    """One request: what its attempts set aside, and how it ends."""

    doomed: bool  # its worker is killed before it settles
    recorded: bool  # and what it cost is told by a journal all the same
    shares: list[Share]
    cost: int
    wait_s: float
    id: str = ""
    granted: list[Share] = field(default_factory=list)
    heard: bool = True  # every attempt's answer came in time
    denied: list[Share] = field(default_factory=list)  # of which a part may have been set aside, and not given back

    @property
    def spent(self) -> int:
        return self.cost if self.granted else 0

    @property
    def estimates(self) -> int:
        """What it counts as if nobody ever says what it cost."""
        return sum(share.estimate for share in self.granted)

    @property
    def unheard(self) -> int:
        """Of attempts that may have been counted or not."""
        lost = 0 if self.heard else self.shares[len(self.granted) + len(self.denied)].estimate
        return lost + sum(share.estimate for share in self.denied)


amounts = st.integers(0, 4 * NANO).flatmap(lambda most: st.builds(Share, st.just(most), st.integers(0, most)))
requests = st.builds(
    Asked,
    doomed=st.booleans(),
    recorded=st.booleans(),
    shares=st.lists(amounts, min_size=1, max_size=3),
    cost=st.integers(0, 3 * NANO),
    wait_s=st.sampled_from([0.0, 0.0, 0.01, LATE_S, 2 * LATE_S]),
)
fates = st.lists(st.sampled_from(get_args(Fate)), min_size=12, max_size=48)


@settings(max_examples=40, deadline=None, phases=(Phase.generate,))
@given(asked=st.lists(requests, min_size=1, max_size=6), fates=fates, usd=st.integers(1, 30))
def test_what_is_counted_is_never_less_than_what_was_spent_and_exact_in_the_end(redis, asked, fates, usd):
    team = _team(usd)
    for number, each in enumerate(asked):
        each.id, each.granted, each.denied, each.heard = f"{team.id}-{number}", [], [], True
        each.cost = min(each.cost, each.shares[0].amount)
    asyncio.run(_story(redis.port, team, asked, fates))


def _team(usd: int) -> Team:
    id = f"team-{next(_TEAMS)}"
    app = Budget(Decimal(usd) / 2, "month", "reject")
    return Team(id, "any", "public", frozenset(), Budget(Decimal(usd), "day", "reject"), Rate(None, None), {"bot": app})


def _accounts(team: Team) -> list[Account]:
    """The team's, in one slot of a cluster, and a place's in another."""
    budget = Budget(Decimal(team.budget.usd if team.budget else 1) / 3, "day", "reject")
    return [*team.accounts, Account("", None, budget, ("operator", team.id))]


async def _story(redis_port: int, team: Team, asked: list[Asked], fates: list[Fate]) -> None:
    async with FaultyRedis(redis_port, fates) as between, Redis(port=redis_port, decode_responses=True) as truth:
        workers = [_worker(between.port) for _ in range(2)]
        doomed = _worker(between.port)
        over = asyncio.Event()
        watching = asyncio.create_task(_watch(truth, team, asked, over))
        await asyncio.gather(
            *(_run(each, doomed if each.doomed else workers[n % 2], team) for n, each in enumerate(asked))
        )
        await asyncio.sleep(0)
        assert not watching.done() or watching.result()
        over.set()  # redis-py may lose a cancelling, and then nothing ever ends
        await watching
        between.suffer(())
        await doomed.close()  # it has nothing to settle
        for worker in workers:
            await worker.close()
        await between.settled()
        await _told_by_the_journal(redis_port, team, asked)
        await _agrees(truth, team, asked)


def _worker(port: int, deadline_s: float = LATE_S / 2) -> SharedAccounts:
    return SharedAccounts(
        f"redis://127.0.0.1:{port}/0",
        lambda account, since: Decimal(BEFORE) / NANO,
        reached=lambda up: None,
        deadline_s=deadline_s,
    )


async def _run(request: Asked, worker: SharedAccounts, team: Team) -> None:
    await asyncio.sleep(request.wait_s)
    for attempt, share in enumerate(request.shares, start=1):
        reservation = Reservation(
            request.id, attempt, dict.fromkeys(_accounts(team), share), 0.0 if request.doomed else 60.0
        )
        denial = await worker.reserve(reservation, NOON)
        if denial is None:
            request.granted.append(share)
        elif denial.by == "unreachable":
            request.heard = False
            break
        else:
            request.denied.append(share)
    if not request.doomed:
        worker.settle(Settlement(request.id, team, dict.fromkeys(_accounts(team), request.spent), 0, NOON))


async def _watch(truth: Redis, team: Team, asked: list[Asked], over: asyncio.Event) -> None:
    while not over.is_set():
        least = sum(each.estimates if each.doomed else each.spent for each in asked if each.granted)
        for account in _accounts(team):
            total = await _total(truth, account)
            assert total is None or total >= least, (total, least)
            assert total is None or total <= int(account.budget.usd * NANO)
        await asyncio.sleep(0.005)


async def _told_by_the_journal(port: int, team: Team, asked: list[Asked]) -> None:
    """And everything that is due is seen to."""
    control = _worker(port, 30.0)
    for account in _accounts(team):
        await control.look([account], NOON)
    for each in asked:
        if not each.doomed or each.recorded:  # of the others it can be said too, and changes nothing
            for _ in range(2):
                await control.settle_late(
                    Settlement(each.id, team, dict.fromkeys(_accounts(team), each.spent), 0, NOON)
                )
    await control.close()


async def _agrees(truth: Redis, team: Team, asked: list[Asked]) -> None:
    exact = BEFORE + sum(each.estimates if each.doomed and not each.recorded else each.spent for each in asked)
    unheard = sum(each.unheard for each in asked if each.doomed and not each.recorded)
    for account in _accounts(team):
        total = await _total(truth, account)
        assert total is not None and exact <= total <= exact + unheard, (total, exact, unheard)
        assert unheard or total == exact


async def _total(truth: Redis, account: Account) -> int | None:
    """What Redis counts; None before it has begun."""
    app = f"app:{account.app}:" if account.app else ""
    whose = f"{{{account.team}}}" if account.place is None else f"at:{{{':'.join(account.place)}}}"
    name = "2026-11-20" if account.budget.per == "day" else "2026-11"
    begun, total = await truth.hmget(f"entrepot:2:{whose}:{app}spent:{name}", ["begun", "nano"])
    return int(total or 0) if begun else None

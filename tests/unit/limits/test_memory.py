"""Rates and budgets of a lone process."""

import asyncio
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from gateway.identity import Budget, Rate, Team
from gateway.limits.account import period
from gateway.limits.memory import MemoryAccounts

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC).timestamp()


def nothing_before(team, since):
    return 0.0


def team(*, budget=None, rate=None):
    return Team("research", "any", "public", frozenset(), budget, rate)


def budget(usd="10", per="day"):
    return Budget(Decimal(usd), per, "reject")


def reserve(accounts, of, usd, at=NOON):
    return asyncio.run(accounts.reserve(of, usd, at))


def enter(accounts, of, tokens, at=NOON):
    return asyncio.run(accounts.enter(of, tokens, at))


def test_what_is_set_aside_counts_until_it_is_settled():
    accounts, spender = MemoryAccounts(nothing_before), team(budget=budget())

    assert reserve(accounts, spender, 9.0) is None
    assert reserve(accounts, spender, 2.0).by == "budget"

    accounts.settle(spender, reserved_usd=9.0, spent_usd=1.0, output_tokens=0, at=NOON)

    assert accounts.used_share(spender, NOON) == pytest.approx(0.1)
    assert reserve(accounts, spender, 2.0) is None


def test_a_new_period_begins_with_nothing_spent():
    accounts, spender = MemoryAccounts(nothing_before), team(budget=budget())
    reserve(accounts, spender, 10.0)

    refused = reserve(accounts, spender, 1.0)

    assert refused.retry_after_s == 12 * 3600
    assert reserve(accounts, spender, 1.0, at=NOON + refused.retry_after_s) is None


def test_what_was_spent_before_a_start_counts():
    accounts, spender = MemoryAccounts(lambda team, since: 9.5), team(budget=budget())

    assert reserve(accounts, spender, 1.0).by == "budget"


def test_requests_and_tokens_of_a_minute_are_bounded():
    accounts, sender = MemoryAccounts(nothing_before), team(rate=Rate(2, 100))

    assert enter(accounts, sender, 40) is None
    assert enter(accounts, sender, 70).said == "team `research` may send 100 tokens a minute"
    assert enter(accounts, sender, 40) is None
    assert enter(accounts, sender, 1).said == "team `research` may send 2 requests a minute"
    assert enter(accounts, sender, 40, at=NOON + 120) is None


def test_answer_tokens_count_against_the_rate():
    accounts, sender = MemoryAccounts(nothing_before), team(rate=Rate(None, 100))
    accounts.settle(sender, reserved_usd=0, spent_usd=0, output_tokens=100, at=NOON)

    assert enter(accounts, sender, 1).by == "rate"


@pytest.mark.parametrize(
    ("per", "name", "ends"),
    [
        ("day", "2026-11-20", datetime(2026, 11, 21, tzinfo=UTC)),
        ("week", "2026-W47", datetime(2026, 11, 23, tzinfo=UTC)),
        ("month", "2026-11", datetime(2026, 12, 1, tzinfo=UTC)),
    ],
)
def test_periods_are_those_of_the_utc_calendar(per, name, ends):
    found, begins, end = period(budget(per=per), NOON)

    assert (found, end) == (name, ends.timestamp())
    assert begins <= NOON < end

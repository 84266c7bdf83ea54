"""Rates and budgets of a lone process."""

import asyncio
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count

import pytest

from gateway.identity import Account, Budget, Caller, Rate, Team
from gateway.limits.account import Reservation, Settlement, Share, Used, nano, period
from gateway.limits.memory import MemoryAccounts

NUMBERS = count(1)
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC).timestamp()


def nothing_before(account, since):
    return Decimal(0)


def team(*, rate=None):
    return Team("research", "any", "public", frozenset(), None, rate)


def budget(usd="10", per="day"):
    return Budget(Decimal(usd), per, "reject")


def account(usd="10", per="day", app=None):
    return Account("research", app, budget(usd, per))


def reserve(accounts, of, usd, at=NOON, request="r", attempt=None):
    attempt = next(NUMBERS) if attempt is None else attempt
    share = Share(nano(Decimal(usd)), nano(Decimal(usd)) // 4)
    return asyncio.run(accounts.reserve(Reservation(request, attempt, dict.fromkeys(of, share), 60.0), at))


def settle(accounts, of, usd, *, sender=None, tokens=0, request="r"):
    accounts.settle(Settlement(request, sender or team(), dict.fromkeys(of, nano(Decimal(usd))), tokens, NOON))


def enter(accounts, of, tokens, at=NOON):
    return asyncio.run(accounts.enter(of, tokens, at))


def test_what_is_set_aside_counts_until_it_is_settled():
    accounts, spender = MemoryAccounts(nothing_before), [account()]

    assert reserve(accounts, spender, 9.0) is None
    assert reserve(accounts, spender, 2.0).by == "budget"

    settle(accounts, spender, 1)

    assert accounts.used_share(spender[0], NOON) == 0.1
    assert reserve(accounts, spender, 2.0) is None


def test_what_was_spent_before_is_asked_for_before_the_first_request():
    asked = []

    def spent_since(account, since):
        asked.append(since)
        return Decimal(4)

    accounts = MemoryAccounts(spent_since)
    for _ in range(2):
        asyncio.run(accounts.look([account(), account(app="bot", per="week")], NOON))

    assert asked == [NOON - 12 * 3600, NOON - (4 * 24 + 12) * 3600]
    assert accounts.used_share(account(), NOON) == 0.4


def test_a_new_period_begins_with_nothing_spent():
    accounts, spender = MemoryAccounts(nothing_before), [account()]
    reserve(accounts, spender, 10.0)

    refused = reserve(accounts, spender, 1.0)

    assert refused.retry_after_s == 12 * 3600
    assert reserve(accounts, spender, 1.0, at=NOON + refused.retry_after_s) is None


def test_what_was_spent_before_a_start_counts():
    accounts, spender = MemoryAccounts(lambda account, since: Decimal("9.5")), [account()]

    assert reserve(accounts, spender, 1.0).by == "budget"


def test_a_reservation_made_twice_counts_once_and_all_of_a_request_are_settled_together():
    accounts, spender = MemoryAccounts(nothing_before), [account()]
    for attempt in (1, 1, 2, 2):
        assert reserve(accounts, spender, 3, attempt=attempt) is None
    reserve(accounts, spender, 1, request="other")
    before = accounts.used_share(spender[0], NOON)
    settle(accounts, spender, "0.5")

    assert (before, accounts.used_share(spender[0], NOON)) == (0.7, 0.15)


def test_a_period_that_begins_while_it_runs_asks_no_ledger_and_waits_for_none():
    def away(account, since):
        raise ConnectionError("the database is away")

    accounts, spender = MemoryAccounts(away), [account()]
    before = reserve(accounts, spender, 1)
    after = reserve(accounts, spender, 1, at=NOON + 86_400)

    assert (before.by, after) == ("unreachable", None)
    assert accounts.used_share(spender[0], NOON + 86_400) == 0.1


def test_money_is_exact_to_the_nano_dollar():
    accounts, spender = MemoryAccounts(lambda account, since: Decimal("9007199.254740993")), [account("9007200")]
    reserve(accounts, spender, "0.000000001")
    stopped = reserve(accounts, spender, "0.745259007")

    assert stopped.by == "budget"
    assert reserve(accounts, spender, "0.745259006") is None


def test_of_two_budgets_the_tighter_stops_and_then_nothing_is_set_aside_of_either():
    accounts, whole, bot = MemoryAccounts(nothing_before), account("100", "month"), account("10", app="bot")

    assert reserve(accounts, [whole, bot], 9.0) is None
    refused = reserve(accounts, [whole, bot], 2.0)

    assert refused.message == "app `bot` of team `research` has spent its budget of 10 USD for 2026-11-20"
    assert [accounts.used_share(each, NOON) for each in (whole, bot)] == [0.09, 0.9]
    assert reserve(accounts, [whole, account("10", app="other")], 10.0) is None


def test_a_key_is_charged_to_its_team_and_to_its_own_app():
    spender = Team("research", "any", "public", frozenset(), budget(), None, {"bot": budget("2"), "other": budget()})
    charged = {app: Caller("k", spender, app, None).accounts for app in ("bot", "new", None)}

    assert charged == {"bot": (account(), account("2", app="bot")), "new": (account(),), None: (account(),)}


def test_requests_and_tokens_of_a_minute_are_bounded():
    accounts, sender = MemoryAccounts(nothing_before), team(rate=Rate(2, 100))

    assert enter(accounts, sender, 40) == Used(1, 40)
    assert enter(accounts, sender, 70).message == "team `research` may send 100 tokens a minute"
    assert enter(accounts, sender, 40) == Used(2, 80)
    assert enter(accounts, sender, 1).message == "team `research` may send 2 requests a minute"
    assert enter(accounts, sender, 40, at=NOON + 120) == Used(1, 40)


def test_answer_tokens_count_against_the_rate():
    accounts, sender = MemoryAccounts(nothing_before), team(rate=Rate(None, 100))
    settle(accounts, [], 0, sender=sender, tokens=100)

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

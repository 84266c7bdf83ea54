"""The accounts of several processes, in Redis: one atomic script for each step, bounded in time.

If Redis does not answer in time, a caller with a budget or a rate is refused: what cannot be counted is not spent.
What Redis does not know, because it is new or has lost its memory, the ledger says.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from time import time

from redis.asyncio import Redis
from redis.exceptions import RedisError

from gateway.identity import Account, Team
from gateway.limits.account import MINUTE_S, Amounts, Refused, SpentSince, over_budget, over_rate, period, share_of

DEADLINE_S = 0.020
_LOOK_S = 1.0  # nobody waits for it
_LEDGER_S = 5.0  # to ask it what was spent: once a period, or when Redis forgot
_SETTLE_S = 30.0  # a Redis that hangs for longer is out of reach
_KEPT_S = 40 * 86_400  # longer than the longest period
_log = logging.getLogger("gateway")

# KEYS: requests of this minute and the one before, tokens of this minute and the one before.
# ARGV: weight of the minute before, tokens, requests allowed (-1: any), tokens allowed (-1: any). Returns 0, 1 or 2.
_ENTER = """
local function n(key) return tonumber(redis.call('GET', key) or '0') end
local weight, tokens = tonumber(ARGV[1]), tonumber(ARGV[2])
local most_requests, most_tokens = tonumber(ARGV[3]), tonumber(ARGV[4])
if most_requests >= 0 and n(KEYS[2]) * weight + n(KEYS[1]) + 1 > most_requests then return 1 end
if most_tokens >= 0 and n(KEYS[4]) * weight + n(KEYS[3]) + tokens > most_tokens then return 2 end
redis.call('INCRBY', KEYS[1], 1) redis.call('EXPIRE', KEYS[1], 180)
redis.call('INCRBY', KEYS[3], tokens) redis.call('EXPIRE', KEYS[3], 180)
return 0
"""
# An account of a period is a hash: `usd` spent or set aside, and `since` when that is counted here (seconds since the
# epoch; what ended before, the ledger told). KEYS: the accounts.
# ARGV: seconds to keep, then each one's amount and budget. Returns the number of the first account whose budget does
# not reach (0: all do; -1: one is not counted here yet), and what each has spent now.
_RESERVE = """
local short, spent = 0, {}
for i, key in ipairs(KEYS) do
  spent[i] = redis.call('HGET', key, 'usd')
  if not spent[i] then return {-1} end
  if short == 0 and tonumber(spent[i]) + tonumber(ARGV[2 * i]) > tonumber(ARGV[2 * i + 1]) then short = i end
end
if short == 0 then
  for i, key in ipairs(KEYS) do
    spent[i] = redis.call('HINCRBYFLOAT', key, 'usd', ARGV[2 * i]) redis.call('EXPIRE', key, ARGV[1])
  end
end
return {short, unpack(spent)}
"""
# ARGV: seconds to keep, what the ledger says, the time. Whoever comes first begins the count.
_BEGIN = """
if redis.call('HSETNX', KEYS[1], 'usd', ARGV[2]) == 1 then
  redis.call('HSET', KEYS[1], 'since', ARGV[3]) redis.call('EXPIRE', KEYS[1], ARGV[1])
end
return redis.call('HGET', KEYS[1], 'usd')
"""
# ARGV: seconds to keep, when the request came, its cost, then what it set aside of each. Returns what each has spent.
# What was set aside before the count began here is not in it. An account that is gone is begun anew from the ledger.
_SETTLE = """
local spent = {}
for i, key in ipairs(KEYS) do
  local since = redis.call('HGET', key, 'since')
  spent[i] = ''
  if since then
    local set_aside = tonumber(since) > tonumber(ARGV[2]) and 0 or tonumber(ARGV[3 + i])
    spent[i] = redis.call('HINCRBYFLOAT', key, 'usd', tostring(tonumber(ARGV[3]) - set_aside))
    redis.call('EXPIRE', key, ARGV[1])
  end
end
return spent
"""


class SharedAccounts:
    """One per worker; all that name the same Redis count together."""

    def __init__(
        self, url: str, spent_since: SpentSince, *, reached: Callable[[bool], None], clock: Callable[[], float] = time
    ):
        """`reached` is told after every step whether Redis answered."""
        self._clock = clock
        self._spent_since = spent_since
        self._redis = Redis.from_url(url, socket_connect_timeout=1.0, decode_responses=True)
        self._enter = self._redis.register_script(_ENTER)
        self._reserve = self._redis.register_script(_RESERVE)
        self._begin = self._redis.register_script(_BEGIN)
        self._settle = self._redis.register_script(_SETTLE)
        self._reached = reached
        self._known: dict[tuple[str, str | None], tuple[str, float]] = {}  # (team, app): (period, last known spending)
        self._settling: set[asyncio.Task[None]] = set()
        self._beginning: dict[str, asyncio.Future[str]] = {}

    async def enter(self, team: Team, tokens: int, at: float) -> Refused | None:
        """See Accounts."""
        rate = team.rate
        if rate is None:
            return None
        minute = int(at // MINUTE_S)
        keys = [_rate_key(team, what, m) for what in ("requests", "tokens") for m in (minute, minute - 1)]
        most = [-1 if limit is None else limit for limit in (rate.requests_per_minute, rate.tokens_per_minute)]
        try:
            async with asyncio.timeout(DEADLINE_S):
                verdict = await self._enter(keys=keys, args=[1.0 - at % MINUTE_S / MINUTE_S, tokens, *most])
        except (RedisError, OSError, TimeoutError):
            return self._unreached(team.id, "rate")
        self._reached(True)
        if verdict == 1:
            return over_rate(team, "requests", most[0], at)
        return over_rate(team, "tokens", most[1], at) if verdict == 2 else None

    async def reserve(self, amounts: Amounts, at: float) -> Refused | None:
        """See Accounts."""
        accounts = list(amounts)
        bounds = [text for account in accounts for text in (repr(amounts[account]), str(account.budget.usd))]
        try:
            short, spent = await self._reserved(accounts, bounds, at)
            if short < 0:
                await self.look(accounts, at)
                short, spent = await self._reserved(accounts, bounds, at)
        except (RedisError, OSError, TimeoutError):
            return self._unreached(accounts[0].team, "budget")
        if short < 0:
            return self._unreached(accounts[0].team, "budget")
        self._reached(True)
        self._know(accounts, spent, at)
        return over_budget(accounts[short - 1], at) if short else None

    async def _reserved(self, accounts: Sequence[Account], bounds: list[str], at: float) -> tuple[int, list[str]]:
        async with asyncio.timeout(DEADLINE_S):
            short, *spent = await self._reserve(keys=_spent_keys(accounts, at), args=[_KEPT_S, *bounds])
        return short, spent

    def settle(self, team: Team, set_aside: Amounts, *, cost_usd: float, output_tokens: int, at: float) -> None:
        """See Accounts. Written in a task of its own; a loss is logged with the amount."""
        kept = {account: usd for account, usd in set_aside.items() if usd or cost_usd}
        task = asyncio.ensure_future(self._write(team, kept, cost_usd, output_tokens, at))
        self._settling.add(task)
        task.add_done_callback(self._settling.discard)

    def used_share(self, account: Account, at: float) -> float:
        """See Accounts."""
        name, spent = self._known.get((account.team, account.app), ("", 0.0))
        return share_of(account, spent if name == period(account.budget, at)[0] else 0.0)

    async def look(self, accounts: Iterable[Account], at: float) -> None:
        """See Accounts. What is out of reach stays as it was known."""
        asked = list(accounts)
        if not asked:
            return
        try:
            async with asyncio.timeout(_LOOK_S), self._redis.pipeline(transaction=False) as steps:
                for key in _spent_keys(asked, at):
                    steps.hget(key, "usd")
                spent = await steps.execute()
            for place, account in enumerate(asked):
                if spent[place] is None:
                    spent[place] = await self._begun(account, at)
        except (RedisError, OSError, TimeoutError):
            self._reached(False)
            return
        self._reached(True)
        self._know(asked, spent, at)

    async def _begun(self, account: Account, at: float) -> str:
        """Begins to count an account from what the ledger says of it: once, however many requests wait for it."""
        (key,) = _spent_keys([account], at)
        begun = self._beginning.get(key)
        if begun is None:
            begun = self._beginning[key] = asyncio.ensure_future(self._begin_from_ledger(key, account, at))
            begun.add_done_callback(lambda task: self._has_begun(key, task))
        return await asyncio.wait_for(asyncio.shield(begun), _LEDGER_S)

    def _has_begun(self, key: str, task: asyncio.Future[str]) -> None:
        del self._beginning[key]
        if not task.cancelled():
            task.exception()  # whoever still waits is told; if nobody does, it is no surprise either

    async def _begin_from_ledger(self, key: str, account: Account, at: float) -> str:
        since = period(account.budget, at)[1]
        try:
            spent = await asyncio.to_thread(self._spent_since, account, since)
        except Exception as error:
            raise OSError("the ledger cannot be read") from error
        async with asyncio.timeout(_LOOK_S):
            usd: str = await self._begin(keys=[key], args=[_KEPT_S, repr(spent), repr(self._clock())])
        return usd

    async def close(self) -> None:
        """See Accounts."""
        for task in self._beginning.values():
            task.cancel()
        await asyncio.gather(*self._settling)
        await self._redis.aclose()

    async def _write(self, team: Team, set_aside: Amounts, cost_usd: float, tokens: int, at: float) -> None:
        amounts: list[str | int] = [_KEPT_S, repr(at), repr(cost_usd), *map(repr, set_aside.values())]
        try:
            async with asyncio.timeout(_SETTLE_S):
                if set_aside:
                    self._know(set_aside, await self._settle(keys=_spent_keys(set_aside, at), args=amounts), at)
                if team.rate is not None and tokens:
                    key = _rate_key(team, "tokens", int(at // MINUTE_S))
                    async with self._redis.pipeline() as steps:  # one transaction
                        steps.incrby(key, tokens)
                        steps.expire(key, 180)
                        await steps.execute()
        except (RedisError, OSError, TimeoutError, asyncio.CancelledError):
            self._reached(False)
            lost = max((cost_usd - usd for usd in set_aside.values()), key=abs, default=0.0)
            _log.error("Redis is out of reach: %.6f USD of team %s could not be settled", lost, team.id)

    def _know(self, accounts: Iterable[Account], spent: Sequence[str | bytes | float | None], at: float) -> None:
        for account, usd in zip(accounts, spent, strict=True):
            if usd not in (None, ""):
                self._known[account.team, account.app] = (period(account.budget, at)[0], float(usd))

    def _unreached(self, team: str, by: str) -> Refused:
        self._reached(False)
        said = f"the {by} of team `{team}` cannot be counted: the shared state is out of reach"
        return Refused("unreachable", said, 1.0)


def _rate_key(team: Team, what: str, minute: int) -> str:
    return f"entrepot:{{{team.id}}}:rate:{what}:{minute}"


def _spent_keys(accounts: Iterable[Account], at: float) -> list[str]:
    """One each; those of a team lie in one slot of a cluster."""
    return [
        f"entrepot:{{{account.team}}}:{'' if account.app is None else f'app:{account.app}:'}spent:"
        + period(account.budget, at)[0]
        for account in accounts
    ]

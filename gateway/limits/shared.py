"""The accounts of several processes, in Redis: one atomic script for each step, bounded in time.

If Redis does not answer in time, a caller with a budget or a rate is refused: what cannot be counted is not spent.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence

from redis.asyncio import Redis
from redis.exceptions import RedisError

from gateway.identity import Account, Team
from gateway.limits.account import MINUTE_S, Amounts, Refused, over_budget, over_rate, period, share_of

DEADLINE_S = 0.020
_LOOK_S = 1.0  # nobody waits for it
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
# KEYS: what each account has spent in its period. ARGV: seconds to keep, then each one's amount and budget.
# Returns the number of the first account whose budget does not reach (0: all do), and what each has spent now.
_RESERVE = """
local short, spent = 0, {}
for i, key in ipairs(KEYS) do
  spent[i] = redis.call('GET', key) or '0'
  if short == 0 and tonumber(spent[i]) + tonumber(ARGV[2 * i]) > tonumber(ARGV[2 * i + 1]) then short = i end
end
if short == 0 then
  for i, key in ipairs(KEYS) do
    spent[i] = redis.call('INCRBYFLOAT', key, ARGV[2 * i]) redis.call('EXPIRE', key, ARGV[1])
  end
end
return {short, unpack(spent)}
"""


class SharedAccounts:
    """One per worker; all that name the same Redis count together."""

    def __init__(self, url: str, *, reached: Callable[[bool], None]):
        """`reached` is told after every step whether Redis answered."""
        self._redis = Redis.from_url(url, socket_connect_timeout=1.0, decode_responses=True)
        self._enter = self._redis.register_script(_ENTER)
        self._reserve = self._redis.register_script(_RESERVE)
        self._reached = reached
        self._known: dict[tuple[str, str | None], tuple[str, float]] = {}  # (team, app): (period, last known spending)
        self._settling: set[asyncio.Task[None]] = set()

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
            async with asyncio.timeout(DEADLINE_S):
                short, *spent = await self._reserve(keys=_spent_keys(accounts, at), args=[_KEPT_S, *bounds])
        except (RedisError, OSError, TimeoutError):
            return self._unreached(accounts[0].team, "budget")
        self._reached(True)
        self._know(accounts, spent, at)
        return over_budget(accounts[short - 1], at) if short else None

    def settle(self, team: Team, changes: Amounts, *, output_tokens: int, at: float) -> None:
        """See Accounts. Written in a task of its own; a loss is logged with the amount."""
        task = asyncio.ensure_future(self._write(team, changes, output_tokens, at))
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
            async with asyncio.timeout(_LOOK_S):
                spent = await self._redis.mget(_spent_keys(asked, at))
        except (RedisError, OSError, TimeoutError):
            self._reached(False)
            return
        self._reached(True)
        self._know(asked, spent, at)

    async def close(self) -> None:
        """See Accounts."""
        await asyncio.gather(*self._settling)
        await self._redis.aclose()

    async def _write(self, team: Team, changes: Amounts, tokens: int, at: float) -> None:
        charged = {account: usd for account, usd in changes.items() if usd}
        try:
            async with asyncio.timeout(_SETTLE_S), self._redis.pipeline() as steps:  # one transaction
                for key, usd in zip(_spent_keys(charged, at), charged.values(), strict=True):
                    steps.incrbyfloat(key, usd)
                for key in _spent_keys(charged, at):
                    steps.expire(key, _KEPT_S)
                if team.rate is not None and tokens:
                    key = _rate_key(team, "tokens", int(at // MINUTE_S))
                    steps.incrby(key, tokens)
                    steps.expire(key, 180)
                now = await steps.execute()
            self._know(charged, now, at)
        except (RedisError, OSError, TimeoutError, asyncio.CancelledError):
            self._reached(False)
            lost = max(charged.values(), key=abs, default=0.0)
            _log.error("Redis is out of reach: %.6f USD of team %s could not be settled", lost, team.id)

    def _know(self, accounts: Iterable[Account], spent: Sequence[str | bytes | float | None], at: float) -> None:
        for account, usd in zip(accounts, spent, strict=False):
            self._known[account.team, account.app] = (period(account.budget, at)[0], float(usd or 0))

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

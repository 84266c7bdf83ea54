"""The accounts of several processes, in Redis: one atomic script for each step, bounded in time.

If Redis does not answer in time, a caller with a budget or a rate is refused: what cannot be counted is not spent.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from redis.asyncio import Redis
from redis.exceptions import RedisError

from gateway.identity import Team
from gateway.limits.account import MINUTE_S, Refused, over_budget, over_rate, period

DEADLINE_S = 0.020
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
# KEYS: spent in this period. ARGV: amount, budget, seconds to keep. Returns what is spent now, or -1 and what is.
_RESERVE = """
local spent = tonumber(redis.call('GET', KEYS[1]) or '0')
if spent + tonumber(ARGV[1]) > tonumber(ARGV[2]) then return {'-1', tostring(spent)} end
local now = redis.call('INCRBYFLOAT', KEYS[1], ARGV[1]) redis.call('EXPIRE', KEYS[1], ARGV[3])
return {'0', now}
"""


class SharedAccounts:
    """One per worker; all that name the same Redis count together."""

    def __init__(self, url: str, *, reached: Callable[[bool], None]):
        """`reached` is told after every step whether Redis answered."""
        self._redis = Redis.from_url(url, socket_connect_timeout=1.0, decode_responses=True)
        self._enter = self._redis.register_script(_ENTER)
        self._reserve = self._redis.register_script(_RESERVE)
        self._reached = reached
        self._known: dict[str, tuple[str, float]] = {}  # team: (period, last known spending)
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
            return self._unreached(team, "rate")
        self._reached(True)
        if verdict == 1:
            return over_rate(team, "requests", most[0], at)
        return over_rate(team, "tokens", most[1], at) if verdict == 2 else None

    async def reserve(self, team: Team, usd: float, at: float) -> Refused | None:
        """See Accounts."""
        budget = team.budget
        if budget is None:
            return None
        name = period(budget, at)[0]
        try:
            async with asyncio.timeout(DEADLINE_S):
                verdict, spent = await self._reserve(
                    keys=[_budget_key(team, name)], args=[repr(usd), str(budget.usd), _KEPT_S]
                )
        except (RedisError, OSError, TimeoutError):
            return self._unreached(team, "budget")
        self._reached(True)
        self._known[team.id] = (name, float(spent))
        return over_budget(team, budget, at) if verdict == "-1" else None

    def settle(self, team: Team, *, reserved_usd: float, spent_usd: float, output_tokens: int, at: float) -> None:
        """See Accounts. Written in a task of its own; a loss is logged with the amount."""
        task = asyncio.ensure_future(self._write(team, spent_usd - reserved_usd, output_tokens, at))
        self._settling.add(task)
        task.add_done_callback(self._settling.discard)

    def used_share(self, team: Team, at: float) -> float:
        """See Accounts."""
        budget = team.budget
        if budget is None:
            return 0.0
        name, spent = self._known.get(team.id, ("", 0.0))
        if not budget.usd:
            return 1.0
        return spent / float(budget.usd) if name == period(budget, at)[0] else 0.0

    async def close(self) -> None:
        """Waits for what is being settled."""
        await asyncio.gather(*self._settling)
        await self._redis.aclose()

    async def _write(self, team: Team, usd: float, tokens: int, at: float) -> None:
        try:
            if team.budget is not None and usd:
                name = period(team.budget, at)[0]
                now = await self._redis.incrbyfloat(_budget_key(team, name), usd)
                self._known[team.id] = (name, float(now))
            if team.rate is not None and tokens:
                key = _rate_key(team, "tokens", int(at // MINUTE_S))
                await self._redis.incrby(key, tokens)
                await self._redis.expire(key, 180)
        except (RedisError, OSError):
            self._reached(False)
            _log.error("Redis is out of reach: %.6f USD of team %s could not be settled", usd, team.id)

    def _unreached(self, team: Team, by: str) -> Refused:
        self._reached(False)
        said = f"the {by} of team `{team.id}` cannot be counted: the shared state is out of reach"
        return Refused("unreachable", said, 1.0)


def _rate_key(team: Team, what: str, minute: int) -> str:
    return f"entrepot:{{{team.id}}}:rate:{what}:{minute}"


def _budget_key(team: Team, name: str) -> str:
    return f"entrepot:{{{team.id}}}:spent:{name}"

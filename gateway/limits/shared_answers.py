"""Sealed answers in Redis, for all workers of all gateways that name it: bounded in bytes, each with its own end.

What ends first goes first where there is no room: an index says when each ends, another how long it is. All keys share
a hash tag, so that a script may touch them in a cluster too.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from time import monotonic

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

PREFIX = "entrepot:2:{cache}:"
INDEX, SIZES, TOTAL = f"{PREFIX}ends", f"{PREFIX}sizes", f"{PREFIX}bytes"
GET_S = 0.1  # that a request waits: a Redis that is well answers in a hundredth of it
PUT_S = 2.0  # nobody waits
REST_S = 1.0  # during which a Redis that did not answer is not asked
AT_ONCE = 64  # on their way
EMPTIED_S = 90 * 86_400  # a word is remembered: longer than anything lives
BESIDE_VALUE = 400  # bytes that Redis takes beside a value, about
_AWAY = (RedisError, OSError)  # a TimeoutError is one

# KEYS: the entry, INDEX, SIZES, TOTAL. ARGV: value, milliseconds to live, bytes, most bytes in all, name, prefix.
PUT = """
local entry, index, sizes, total = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local value, ttl, size, most, name, prefix = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5], ARGV[6]
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local before = redis.call('HGET', sizes, name)
if before then redis.call('DECRBY', total, before) end
redis.call('SET', entry, value, 'PX', ttl)
redis.call('ZADD', index, now + tonumber(ttl), name)
redis.call('HSET', sizes, name, size)
local bytes = redis.call('INCRBY', total, size)
local function drop(gone)
  bytes = redis.call('DECRBY', total, redis.call('HGET', sizes, gone) or 0)
  redis.call('HDEL', sizes, gone)
  redis.call('UNLINK', prefix .. gone)
end
for _, gone in ipairs(redis.call('ZRANGEBYSCORE', index, '-inf', now, 'LIMIT', 0, 100)) do
  redis.call('ZREM', index, gone)
  drop(gone)
end
while bytes > most do
  local first = redis.call('ZPOPMIN', index)
  if not first[1] then break end
  drop(first[1])
end
"""

# KEYS: the word, INDEX, SIZES, TOTAL. ARGV: seconds that the word is remembered, prefix.
EMPTY = """
if not redis.call('SET', KEYS[1], 1, 'NX', 'EX', ARGV[1]) then return 0 end
local names = redis.call('ZRANGE', KEYS[2], 0, -1)
for _, name in ipairs(names) do redis.call('UNLINK', ARGV[2] .. name) end
redis.call('DEL', KEYS[2], KEYS[3], KEYS[4])
return #names
"""


class SharedAnswers:
    """One a worker."""

    def __init__(self, url: str, most_bytes: int):
        """`most_bytes`: of all answers together."""
        retry = Retry(NoBackoff(), 1)  # a connection that was closed while it rested
        self._redis = Redis.from_url(url, socket_connect_timeout=GET_S, decode_responses=False, retry=retry)
        self._put = self._redis.register_script(PUT)
        self._empty = self._redis.register_script(EMPTY)
        self._most_bytes = most_bytes
        self._rests_until = 0.0  # monotonic seconds
        self._puts: set[asyncio.Task[None]] = set()

    async def get(self, name: str) -> bytes | None:
        """None if there is none, or Redis does not answer at once. Never raises."""
        if monotonic() < self._rests_until:
            return None
        try:
            async with asyncio.timeout(GET_S):
                value = await self._redis.get(PREFIX + name)
        except _AWAY:
            self._rests_until = monotonic() + REST_S
            return None
        return value if isinstance(value, bytes) else None

    def put(self, name: str, value: bytes, *, ttl_s: float) -> None:
        """Never waits; what has no room, or no Redis, is not kept."""
        if len(self._puts) >= AT_ONCE or monotonic() < self._rests_until:
            return
        if len(value) + BESIDE_VALUE <= self._most_bytes:
            task = asyncio.get_running_loop().create_task(self._send(name, value, ttl_s))
            self._puts.add(task)
            task.add_done_callback(self._puts.discard)

    async def empty(self, word: str) -> None:
        """Forgets everything, once for each word. Raises OSError."""
        try:
            async with asyncio.timeout(PUT_S):
                keys = [f"{PREFIX}emptied:{word}", INDEX, SIZES, TOTAL]
                await self._empty(keys=keys, args=[EMPTIED_S, PREFIX])
        except RedisError as wrong:
            raise OSError(f"the shared state does not answer ({type(wrong).__name__})") from None

    async def close(self) -> None:
        """Drops the connection."""
        for task in self._puts:
            task.cancel()
        with suppress(*_AWAY):
            await self._redis.aclose()

    async def _send(self, name: str, value: bytes, ttl_s: float) -> None:
        size = len(value) + BESIDE_VALUE
        with suppress(*_AWAY):
            async with asyncio.timeout(PUT_S):
                keys = [PREFIX + name, INDEX, SIZES, TOTAL]
                await self._put(keys=keys, args=[value, int(ttl_s * 1000), size, self._most_bytes, name, PREFIX])

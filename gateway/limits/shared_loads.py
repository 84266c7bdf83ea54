"""How much the workers of all gateways that name one Redis ask endpoints with ceilings: a hash, a field a worker."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

KEY = "entrepot:2:loads"
KEPT_S = 300  # after the last word of anybody
DEADLINE_S = 1.0


class SharedLoads:
    """One a worker."""

    def __init__(self, url: str):
        retry = Retry(NoBackoff(), 1)  # a connection that was closed while it rested
        self._redis = Redis.from_url(url, socket_connect_timeout=DEADLINE_S, decode_responses=False, retry=retry)

    async def exchange(self, name: str, word: bytes) -> dict[str, bytes]:
        """Leaves a word under its name and takes everybody's. Raises OSError."""
        try:
            async with asyncio.timeout(DEADLINE_S), self._redis.pipeline(transaction=False) as steps:
                steps.hset(KEY, name, word)
                steps.expire(KEY, KEPT_S)
                steps.hgetall(KEY)
                words = (await steps.execute())[-1]
        except RedisError as wrong:
            raise OSError(f"the shared state does not answer ({type(wrong).__name__})") from None
        return {worker.decode("utf-8", "replace"): each for worker, each in words.items()}

    async def forget(self, names: list[str]) -> None:
        """Of workers that are gone. Raises OSError."""
        if not names:
            return
        try:
            async with asyncio.timeout(DEADLINE_S):
                await self._redis.hdel(KEY, *names)
        except RedisError as wrong:
            raise OSError(f"the shared state does not answer ({type(wrong).__name__})") from None

    async def close(self) -> None:
        """Drops the connection."""
        with suppress(RedisError, OSError):
            await self._redis.aclose()

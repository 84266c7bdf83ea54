"""Freezes of all gateways that name one Redis: a hash to which rows are only added, so that none overwrites another."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from gateway.policy.freeze import Rows, by_key, merged, parsed, written

KEY = "entrepot:2:freezes"
DEADLINE_S = 1.0


class SharedFreezes:
    """One a worker."""

    def __init__(self, url: str):
        retry = Retry(NoBackoff(), 1)  # a connection that was closed while it rested
        self._redis = Redis.from_url(url, socket_connect_timeout=DEADLINE_S, decode_responses=False, retry=retry)

    async def exchange(self, rows: Rows) -> tuple[Rows, int]:
        """Tells Redis what it does not know; what is known together, and how many rows cannot be read. Raises OSError.

        A Redis that has forgotten is so filled again by whoever comes first.
        """
        try:
            async with asyncio.timeout(DEADLINE_S):
                kept = await self._redis.hgetall(KEY)
                lacking = [(key, row) for key, row in rows.items() if key.encode() not in kept]
                if lacking:
                    async with self._redis.pipeline(transaction=False) as steps:
                        for key, row in lacking:
                            steps.hsetnx(KEY, key, written(row))
                        await steps.execute()
        except RedisError as wrong:
            raise OSError(f"the shared state does not answer ({type(wrong).__name__})") from None
        found = [parsed(row) for row in kept.values() if isinstance(row, bytes)]
        return merged(rows, by_key(row for row in found if row is not None)), found.count(None)

    async def close(self) -> None:
        """Drops the connection."""
        with suppress(RedisError, OSError):
            await self._redis.aclose()

"""Claims about answers that are kept in Redis: sealed, bounded, shared, and never in anybody's way."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from redis import Redis

from gateway.cache.entry import Entry
from gateway.cache.shared import SharedStore
from gateway.limits.shared_answers import BESIDE_VALUE, PREFIX, TOTAL, SharedAnswers
from tests.private_redis import PrivateRedis, private_redis

pytestmark = pytest.mark.services
SECRET = b"of two gateways that share it"
NAMES = [bytes([number]) * 32 for number in range(40)]


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateRedis]:
    with private_redis(tmp_path_factory.mktemp("redis")) as running:
        yield running


@pytest.fixture
def client(redis: PrivateRedis) -> Iterator[Redis]:
    with Redis(port=redis.port) as client:
        client.flushall()
        yield client


def entry(text: str = "an answer that nobody else may read") -> Entry:
    return Entry("m@a", "req_1", 5.0, "0.25", ("user(left out)",), text.encode())


def store(url: str, secret: bytes = SECRET, most_bytes: int = 1 << 20) -> tuple[SharedAnswers, SharedStore]:
    answers = SharedAnswers(url, most_bytes)
    return answers, SharedStore(answers, secret)


async def put(answers: SharedAnswers, kept: SharedStore, name: bytes, text: str, ttl_s: float = 60.0) -> None:
    kept.put(name, entry(text), ttl_s=ttl_s)
    await asyncio.gather(*answers._puts)


def test_gateways_with_one_secret_share_and_whoever_reads_redis_reads_nothing(redis, client):
    async def played() -> tuple[Any, ...]:
        one, other, foreign = store(redis.url), store(redis.url), store(redis.url, b"another secret")
        await put(*one, NAMES[0], "an answer that nobody else may read")
        client.set(PREFIX + NAMES[1].hex(), client.get(PREFIX + NAMES[0].hex()))
        found = [await each[1].get(NAMES[0]) for each in (one, other, foreign)]
        moved = await other[1].get(NAMES[1])
        for each in (one, other, foreign):
            await each[1].close()
        return (*found, moved)

    mine, theirs, foreign, moved = asyncio.run(played())
    assert mine == theirs == entry() and foreign is None and moved is None
    values = [client.dump(key) for key in client.scan_iter()]
    assert not any(b"answer that nobody" in value or b"m@a" in value for value in values)
    assert 0 < client.ttl(PREFIX + NAMES[0].hex()) <= 60


def test_they_never_take_more_than_they_may_and_what_ends_first_goes_first(redis, client):
    size = 500

    async def played() -> list[Entry | None]:
        answers, kept = store(redis.url, most_bytes=10 * (size + 200 + BESIDE_VALUE))
        for number, name in enumerate(NAMES):
            await put(answers, kept, name, "x" * size, ttl_s=100.0 + number)
        await put(answers, kept, NAMES[-1], "x" * size, ttl_s=99.0)  # anew: counted once
        await put(answers, kept, NAMES[0], "x" * 100_000)  # longer than all of it may be
        found = [await kept.get(name) for name in NAMES]
        await kept.close()
        return found

    there = [found is not None for found in asyncio.run(played())]
    assert there.index(True) >= 28 and all(there[there.index(True) :])
    keys = [key for key in client.scan_iter() if len(key) > 60]
    total = int(client.get(TOTAL) or 0)
    assert len(keys) == sum(there) and total <= 10 * (size + 200 + BESIDE_VALUE)
    assert total == sum(client.strlen(key) + BESIDE_VALUE for key in keys)


def test_a_word_empties_it_once_whoever_passes_it_on(redis, client):
    async def played() -> list[Entry | None]:
        (answers, kept), (_, other) = store(redis.url), store(redis.url)
        await put(answers, kept, NAMES[0], "before")
        await kept.empty("word")
        found = [await kept.get(NAMES[0])]
        await put(answers, kept, NAMES[0], "after")
        await other.empty("word")
        found.append(await kept.get(NAMES[0]))
        await other.empty("another")
        found.append(await kept.get(NAMES[0]))
        await kept.close()
        await other.close()
        return found

    gone, there, gone_again = asyncio.run(played())
    assert gone is None and gone_again is None and there is not None and there.body == b"after"


def test_without_redis_every_look_is_in_vain_and_none_is_an_error(tmp_path):
    async def played() -> list[Entry | None]:
        with private_redis(tmp_path) as lost:
            answers, kept = store(lost.url)
            await put(answers, kept, NAMES[0], "there")
            found = [await kept.get(NAMES[0])]
        found.append(await kept.get(NAMES[0]))
        await put(answers, kept, NAMES[1], "nowhere")
        found.append(await kept.get(NAMES[1]))
        with pytest.raises(OSError):
            await kept.empty("word")
        await kept.close()
        return found

    there, *lost = asyncio.run(played())
    assert there is not None and lost == [None, None]

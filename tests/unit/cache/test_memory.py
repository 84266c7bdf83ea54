"""Answers in memory: bounded, and none outlives its time."""

from __future__ import annotations

import asyncio

from gateway.cache import memory
from gateway.cache.entry import Entry
from gateway.cache.memory import BESIDE_BODY, MemoryStore


def entry(size: int = 100, at: float = 1000.0) -> Entry:
    return Entry("m@a", "req_1", at, "0", (), b"x" * size)


def there(store: MemoryStore, *names: bytes) -> list[bool]:
    return [asyncio.run(store.get(name)) is not None for name in names]


def test_what_was_asked_for_longest_ago_goes_first_and_the_bound_holds(monkeypatch):
    monkeypatch.setattr(memory, "time", lambda: 1001.0)
    store = MemoryStore(3 * (100 + BESIDE_BODY))
    for name in (b"a", b"b", b"c"):
        store.put(name, entry(), ttl_s=60)
    assert there(store, b"a") == [True]
    store.put(b"d", entry(), ttl_s=60)
    store.put(b"d", entry(), ttl_s=60)
    store.put(b"e", entry(10_000), ttl_s=60)

    assert there(store, b"a", b"b", b"c", b"d", b"e") == [True, False, True, True, False]
    assert store.bytes == 3 * (100 + BESIDE_BODY)
    store.forget()
    assert (store.bytes, there(store, b"a", b"c", b"d")) == (0, [False] * 3)


def test_an_answer_ends_when_its_time_is_over(monkeypatch):
    store = MemoryStore(10_000)
    store.put(b"a", entry(), ttl_s=60)
    monkeypatch.setattr(memory, "time", lambda: 1059.0)
    assert there(store, b"a") == [True]
    monkeypatch.setattr(memory, "time", lambda: 1060.0)
    assert there(store, b"a") == [False] and store.bytes == 0


def test_no_room_keeps_nothing():
    store = MemoryStore(0)
    store.put(b"a", entry(), ttl_s=60)
    assert there(store, b"a") == [False] and store.bytes == 0

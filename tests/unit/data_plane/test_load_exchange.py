"""Workers tell one another how much they ask: in the state folder, and where gateways meet."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from time import monotonic, time
from types import SimpleNamespace
from typing import Any

from gateway.catalog.rows import Ceilings
from gateway.data_plane import load_exchange
from gateway.data_plane.load_exchange import FOLDER, LoadExchange
from gateway.dispatch.ceilings import Loads

ENDPOINT: Any = SimpleNamespace(id="m@x", ceilings=Ceilings(None, None, 2))


class Meeting:
    """Where gateways meet, as Redis has it."""

    def __init__(self) -> None:
        self.words: dict[str, bytes] = {}
        self.away = False

    async def exchange(self, name: str, word: bytes) -> dict[str, bytes]:
        if self.away:
            raise OSError("away")
        self.words[name] = word
        return dict(self.words)

    async def forget(self, names: list[str]) -> None:
        for name in names:
            del self.words[name]

    async def close(self) -> None:
        pass


def worker(folder: Path, name: str, shared: Any = None) -> tuple[Loads, LoadExchange]:
    state: Any = SimpleNamespace(settings=SimpleNamespace(state_dir=folder))
    loads = Loads()
    return loads, LoadExchange(state, loads, name=name, shared=shared)


def full(loads: Loads) -> bool:
    return loads.full(ENDPOINT, 1, time()) is not None


def take(loads: Loads) -> None:
    loads.take(ENDPOINT, 1, time())


def look(*exchanges: LoadExchange) -> None:
    async def once() -> None:
        for each in exchanges:
            await each.look()

    asyncio.run(once())


def test_workers_of_one_gateway_count_together_and_one_that_falls_silent_has_nothing_under_way(tmp_path, monkeypatch):
    (one, its), (other, others) = worker(tmp_path, "one"), worker(tmp_path, "other")
    take(one)
    take(one)
    look(its, others)
    assert full(other)

    now = monotonic()
    monkeypatch.setattr(load_exchange, "monotonic", lambda: now + load_exchange.SILENT_S + 1)
    look(others)
    assert not full(other), "it was killed"
    look(its, others)
    assert full(other), "or only slow"


def test_gateways_count_together_while_they_meet_and_alone_otherwise(tmp_path):
    meeting = Meeting()
    (one, its), (other, others) = worker(tmp_path / "a", "one", meeting), worker(tmp_path / "b", "other", meeting)
    take(one)
    take(one)
    look(its, others)
    assert full(other)

    meeting.away = True
    look(its, others)  # what was heard stands, and ages
    assert full(other)


def test_words_of_workers_that_are_long_gone_are_forgotten_and_no_others(tmp_path, monkeypatch):
    meeting = Meeting()
    (_, gone), (_, here) = worker(tmp_path, "gone", meeting), worker(tmp_path, "here", meeting)
    look(gone)
    now = time()
    monkeypatch.setattr(load_exchange, "time", lambda: now + load_exchange.FORGOTTEN_S + 1)
    (tmp_path / FOLDER / "torn").write_bytes(b"\xff")
    look(here)

    assert os.listdir(tmp_path / FOLDER) == ["here"] and list(meeting.words) == ["here"]

"""How soon a worker tells Redis what stands in its file."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from gateway.data_plane import freezes
from gateway.policy.freeze import Rows
from gateway.processes import freezing


class Meeting:
    """Redis, in memory."""

    def __init__(self) -> None:
        self.rows: Rows = {}

    async def exchange(self, rows: Rows) -> tuple[Rows, int]:
        self.rows = {**self.rows, **rows}
        return self.rows, 0

    async def close(self) -> None:
        pass


async def test_a_new_row_of_the_file_is_told_to_others_without_waiting_for_the_next_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(freezes, "LOOK_S", 3600.0)
    meeting = Meeting()
    worker = freezes.Freezes(tmp_path, meeting, reached=lambda up: None)
    await worker.look_at_shared()
    waiting = asyncio.create_task(worker.news())
    await asyncio.sleep(0)
    assert not waiting.done()

    freezing.freeze(tmp_path, [("operator", "zai")], by="ana", via="command")
    await worker.look_at_file()
    await asyncio.wait_for(waiting, 30)
    await worker.look_at_shared()

    assert len(meeting.rows) == 1
    assert ("operator", "zai") in worker.frozen
    again = asyncio.create_task(worker.news())
    await asyncio.sleep(0)
    assert not again.done()  # it was told
    again.cancel()
    worker.end()

"""What pages read of the audit: the end of the file, and of the rest what is new."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.processes import audit, audit_walk
from gateway.processes.audit_walk import Walk


def lines(count: int, *, first: int = 1, previous: str = "") -> list[str]:
    """Rows of one chain, as they stand in the file."""
    made = []
    for n in range(first, first + count):
        row = {"n": n, "chain": "c", "at": float(n), "by": "ann", "via": "api", "action": "freeze", "detail": {"n": n}}
        row["action"] = "policy_accepted" if n % 1000 == 0 else "freeze"
        row["previous"] = previous
        row["hash"] = previous = audit.hash_of(row)
        made.append(json.dumps(row))
    return made


@pytest.fixture(scope="module")
def long() -> list[str]:
    return lines(20_000)


def write(folder: Path, rows: list[str], mode: str = "w") -> None:
    with (folder / audit.NAME).open(mode) as file:
        file.writelines(f"{row}\n" for row in rows)


def bytes_read(done: Callable[[], object]) -> int:
    """By this process, meanwhile, as the kernel counts them."""

    def counted() -> int:
        return int(Path("/proc/self/io").read_text().split()[1])

    before = counted()
    done()
    return counted() - before


def test_a_page_of_a_long_record_reads_its_end_alone(tmp_path: Path, long: list[str]):
    write(tmp_path, long)
    walk = Walk(tmp_path, ["policy_accepted"])
    assert len(walk.kept()) == 20

    def page() -> None:
        assert [row["n"] for row in audit.newest(tmp_path, 100)] == list(range(20_000, 19_900, -1))
        assert walk.look() == [] and len(walk.kept()) == 20

    assert bytes_read(page) < 100_000 < 3_000_000 < (tmp_path / audit.NAME).stat().st_size


def test_the_newest_rows_are_all_that_there_are_where_there_are_few(tmp_path: Path):
    assert audit.newest(tmp_path, 5) == []
    write(tmp_path, [*lines(3), "no row"])

    assert [row["n"] for row in audit.newest(tmp_path, 5)] == [3, 2, 1]


def test_what_is_added_is_read_and_tried(tmp_path: Path, long: list[str]):
    write(tmp_path, long[:10])
    walk = Walk(tmp_path)
    assert walk.look() == []
    write(tmp_path, [long[10], long[12]], "a")

    assert walk.look() == ["line 12: row 13 follows row 11: rows are missing or out of order"]


@pytest.mark.parametrize("damage", ["changed in place", "taken out", "another file", "cut and gone on", "emptied"])
def test_what_was_read_before_and_is_changed_shows(tmp_path: Path, long: list[str], damage: str):
    write(tmp_path, long[:100])
    walk = Walk(tmp_path)
    assert walk.look() == []
    file = tmp_path / audit.NAME
    changed = {
        "changed in place": [long[0].replace("ann", "eve"), *long[1:100]],
        "taken out": [*long[:50], *long[51:100]],
        "another file": [*long[:50], *long[51:101], long[101]],
        "cut and gone on": [*long[:98], *lines(4, first=99, previous="forged")],
        "emptied": [],
    }[damage]
    if damage == "another file":
        file.rename(tmp_path / "kept")
    write(tmp_path, changed)
    os.utime(file, (1, 1))

    assert walk.look() == audit.problems(tmp_path)
    assert bool(walk.look()) == (damage != "emptied")


def test_a_row_of_long_ago_that_is_changed_while_others_are_added_shows_within_an_hour(
    tmp_path: Path, long: list[str], monkeypatch: pytest.MonkeyPatch
):
    write(tmp_path, long[:100])
    walk = Walk(tmp_path)
    walk.look()
    write(tmp_path, [long[0].replace("ann", "eve"), *long[1:101]])
    walk.look()
    monkeypatch.setattr(audit_walk, "AGAIN_S", -1.0)

    assert walk.look() == audit.problems(tmp_path) != []


def test_a_long_record_is_read_look_by_look_and_a_long_row_whole(
    tmp_path: Path, long: list[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(audit_walk, "LOOK_BYTES", 100)
    write(tmp_path, [*long[:20], long[21]])
    walk = Walk(tmp_path)
    for _ in range(21):
        assert walk.bytes_read < (tmp_path / audit.NAME).stat().st_size
        found = walk.look()

    assert found == audit.problems(tmp_path) != []

"""Replies by which vendors failed, told for what they are; no row of the table is from memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gateway.source import parse
from gateway.upstreams.complaint import Complaint
from gateway.upstreams.failure_rows import ROWS, by_status, row_of


def recorded() -> list[dict[str, Any]]:
    data = parse((Path(__file__).parent / "failures.yaml").read_bytes(), "failures.yaml").data
    assert isinstance(data, list)
    return [{**row, "status": int(row["status"])} for row in data]


def complaint(row: dict[str, Any]) -> Complaint:
    found = Complaint.of(row["body"])
    assert found is not None
    return found


@pytest.mark.parametrize("row", recorded(), ids=lambda row: f"{row['kind']} {row['from']}")
def test_a_recorded_failure_is_of_its_kind(row):
    status = None if row["status"] == 200 else row["status"]
    assert (row_of(status, complaint(row), row.get("operator", "")) or by_status(row["status"])) == row["kind"]


def test_every_code_and_text_has_a_reply_that_shows_it_and_every_row_a_source():
    seen = [(row["status"], complaint(row)) for row in recorded()]
    codes = {code for _, one in seen for code in (*one.codes, one.own_code)}

    assert {code for row in ROWS for code in (*row.codes, *row.own_codes)} - codes == set()
    assert [
        text.pattern
        for row in ROWS
        for text in row.texts
        if not any(text.search(one.message) and status in (row.statuses or {status}) | {200} for status, one in seen)
    ] == []
    assert all(row.source for row in ROWS)

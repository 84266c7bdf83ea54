"""Reports over one ledger of another maker, as scripts read them; `python -m tests.golden.test_reports` rewrites."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gateway.report.ledger import recorded
from gateway.report.reports import OF_FILES, REPORTS, Asked
from gateway.settings import Settings
from tests.unit.policy.small import compiled

FOLDER = Path(__file__).parent / "reports"
CASES = [
    *[
        ("adoption", by)
        for by in ("origin", "hosting", "lab", "licence_family", "operator", "team", "lineage", "exposure")
    ],
    *[(what, "origin") for what in REPORTS if what not in OF_FILES | {"adoption", "vendors"}],
]


def made(what: str, by: str) -> Any:
    rows = recorded(str(FOLDER / "ledger.jsonl"), settings=Settings())
    return read(json.dumps(REPORTS[what](Asked(rows, compiled(), by))))


def read(text: str) -> Any:
    return json.loads(text, parse_float=lambda digits: round(float(digits), 9))


def golden(what: str, by: str) -> Path:
    return FOLDER / (f"{what}-{by}.json" if what == "adoption" else f"{what}.json")


@pytest.mark.parametrize(("what", "by"), CASES)
def test_a_report_says_what_it_has_always_said_of_this_ledger(what, by):
    assert made(what, by) == read(golden(what, by).read_text())


if __name__ == "__main__":
    for case in CASES:
        golden(*case).write_text(json.dumps(made(*case), indent=1) + "\n")

"""Whatever a vendor does wrong: what the official SDKs see, who is asked again, what is billed and recorded.

`WRITE_FAULTS=1 pytest tests/integration/test_fault_table.py` writes faults.yaml anew; `make docs` then docs/faults.md.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
import yaml

from tests.integration.fault_table import Table, cases, observed
from tests.integration.upstreams import KEY
from tests.running import Running, starter

pytestmark = pytest.mark.services
FILE = Path(__file__).parent / "faults.yaml"
EXPECTED = yaml.safe_load(FILE.read_text()) if FILE.exists() else {}
ROWS = list(dict.fromkeys(case.row for case in cases()))


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Table:
    started: list[Running] = []
    tmp = tmp_path_factory.mktemp("faults")
    try:
        found = observed(tmp, starter(tmp, started), hashlib.sha256(KEY.encode()).hexdigest())
    finally:
        for each in started:
            each.stop()
    if os.environ.get("WRITE_FAULTS"):
        FILE.write_text(yaml.safe_dump({row: found.rows[row] for row in ROWS}, sort_keys=False, width=120))
    return found


@pytest.mark.parametrize("row", ROWS)
def test_a_fault_is_seen_retried_billed_and_recorded_as_the_table_says(table, row):
    assert table.rows[row] == EXPECTED[row]


def test_no_redirect_is_followed(table):
    assert table.followed == 0


def test_an_endpoint_that_asked_for_a_rest_is_shown_to_rest(table):
    assert table.resting

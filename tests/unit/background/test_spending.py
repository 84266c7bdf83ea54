"""What was spent by whom and where, as a worker that counts alone is told of it."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pytest

from gateway.background.spending import SpendingSink
from gateway.background.spent_before import SpentBefore
from gateway.identity import Account, Budget
from gateway.limits.account import period
from gateway.record.journal.reader import Reader
from gateway.record.journal.writer import Writer
from tests.unit.record.build import GLM, QWEN, attempt, outcome, request

DAY = Budget(Decimal(10), "day", "reject")
AT = request().arrival.received_at
BEGINS = period(DAY, AT)[1]


def of(kind: str, name: str) -> Account:
    return Account("", None, DAY, cast(Any, (kind, name)))


SPENT = {
    Account("research", None, DAY): "0.5",
    Account("research", "bot", DAY): "0.5",
    Account("sales", None, DAY): "0",
    of("operator", GLM.operator.id): "0.9",
    of("model", QWEN.model.id): "0.2",
    of("endpoint", QWEN.id): "0.2",
    of("endpoint", "other@place"): "0",
}


@pytest.fixture
def journal(tmp_path: Path) -> Any:
    writer = Writer(tmp_path, most_bytes=1 << 24)
    yield writer
    writer.close()


def test_places_are_charged_by_attempt_and_teams_by_request_before_and_after_the_file_is_written(
    tmp_path: Path, journal: Writer
) -> None:
    served = outcome(
        attempt(GLM, cost_usd=Decimal("0.3")), attempt(QWEN, cost_usd=Decimal("0.2")), request=request("served", at=AT)
    )
    copy = outcome(attempt(GLM, purpose="shadow", cost_usd=Decimal("0.6")), request=request("copy", at=AT))
    sink = SpendingSink(state_dir=tmp_path, database_url=None)
    reader = Reader(tmp_path, sink.open())
    sink.rest(AT)
    before = SpentBefore(tmp_path, journal)
    sink.rest(before._started + 1)
    before._started = 0.0
    before._look()
    for each, beside in ((served, ""), (copy, "shadow")):
        journal.append(each, beside=beside)
        before.note(each, beside=bool(beside))

    noted = {account: before(account, BEGINS) for account in SPENT}
    sink.take(reader.read(), reader.positions)
    sink.close()
    before._look()
    told = {account: before(account, BEGINS) for account in SPENT}
    before.close()

    assert noted == told == {account: Decimal(usd) for account, usd in SPENT.items()}
    assert not before._notes

"""What a record was worth is the same for all who read it, whenever they come and whatever is known by then."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.outcome.priced import Priced
from gateway.outcome.savings import Effective
from gateway.policy.explain.rule_cost import RulePrices
from gateway.record.journal.entry import Entry
from gateway.record.journal.prices import PriceBook
from gateway.record.journal.reader import Reader
from gateway.record.journal.writer import Writer
from tests.unit.record.build import outcome, request


class Rising:
    """A price that is another one each time."""

    def __init__(self, first: int = 0) -> None:
        self.asked = first

    def __call__(self, entry: Entry) -> Priced:
        self.asked += 1
        return Priced(Effective(self.asked, 0.1, 0.2, 0.3), RulePrices({"g": self.asked}, {}, self.asked))


@pytest.fixture
def writer(tmp_path: Path):
    made = Writer(tmp_path, most_bytes=1 << 24)
    yield made
    made.close()


def told(folder: Path, price: Rising | None, most: int = 1000) -> list[Priced | None]:
    """To a reader that begins anew, batch by batch."""
    reader, book = Reader(folder), PriceBook(folder, price)
    found: list[Priced | None] = []
    while (batch := reader.read(most)).after:
        book.look_up(batch.entries)
        found += [entry.priced for entry in batch.entries]
    reader.close()
    return found


def append(writer: Writer, count: int, first: int = 0) -> None:
    for number in range(first, first + count):
        writer.append(outcome(request=request(f"r{number}")))


def files(folder: Path) -> list[Path]:
    return sorted(folder.glob("journal/*/*.prices"))


def test_a_second_reader_is_told_what_the_first_was_however_late_it_comes(tmp_path: Path, writer: Writer):
    append(writer, 7)
    first = told(tmp_path, Rising(), most=3)

    assert [each.baseline.usd for each in first if each] == [1, 2, 3, 4, 5, 6, 7]
    assert told(tmp_path, Rising(100)) == told(tmp_path, None, most=2) == first


def test_what_is_new_is_priced_and_what_was_priced_is_not(tmp_path: Path, writer: Writer):
    append(writer, 3)
    told(tmp_path, Rising())
    append(writer, 2, first=3)

    assert [each.baseline.usd for each in told(tmp_path, Rising(10)) if each] == [1, 2, 3, 11, 12]


def test_a_file_that_a_crash_cut_short_is_whole_again(tmp_path: Path, writer: Writer):
    append(writer, 3)
    told(tmp_path, Rising())
    (kept,) = files(tmp_path)
    kept.write_bytes(kept.read_bytes()[:-5])

    second = told(tmp_path, Rising(10))

    assert [each.baseline.usd for each in second if each] == [1, 2, 11]
    assert told(tmp_path, None) == second


def test_one_who_prices_nothing_leaves_the_price_to_others(tmp_path: Path, writer: Writer):
    append(writer, 2)

    assert told(tmp_path, None) == [None, None]
    assert [each.baseline.usd for each in told(tmp_path, Rising()) if each] == [1, 2]


def test_a_place_that_cannot_be_written_keeps_nobody_from_a_price(tmp_path: Path, writer: Writer):
    append(writer, 2)
    (journal,) = (tmp_path / "journal").iterdir()
    (journal / "00000001.prices").mkdir()

    assert [each.baseline.usd for each in told(tmp_path, Rising()) if each] == [1, 2]


def test_what_was_not_asked_by_a_caller_has_no_price(tmp_path: Path, writer: Writer):
    writer.append(outcome(), beside="probe")

    assert told(tmp_path, Rising()) == [None] and not files(tmp_path)

"""The journal: what was accepted comes out again whole and in order, whatever was cut off, and nothing else does."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any
from zlib import crc32

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.catalog.prices import Usage
from gateway.outcome.outcome import Outcome
from gateway.policy.explain import explanation
from gateway.record.find import row_json
from gateway.record.journal.encode import MOST_CHARS
from gateway.record.journal.erase import erase_key
from gateway.record.journal.layout import FOLDER, FRAME, HEADER_BYTES, segment_name
from gateway.record.journal.reader import Positions, Reader
from gateway.record.journal.writer import Writer
from gateway.signals.value import UNKNOWN
from tests.unit.record.build import GLM, GPT, QWEN, attempt, caller, decision, outcome, request

ROOM = 16_000  # of a segment: some ten records
words = st.text(max_size=2 * MOST_CHARS)
tried = st.builds(
    attempt,
    st.sampled_from([QWEN, GLM, GPT]),
    purpose=st.sampled_from(["serve", "canary", "shadow"]),
    outcome=st.sampled_from(["answered", "declined", "failed", "left"]),
    usage=st.builds(Usage, *[st.integers(0, 10**9)] * 6, st.booleans()),
    cost_usd=st.decimals(0, 1000, places=12),
    finish_reason=st.none() | words,
    first_byte_s=st.none() | st.floats(0, 100),
    total_s=st.floats(0, 1000),
)
known = st.builds(
    decision,
    data_class=st.sampled_from(["public", "confidential", "regulated"]),
    frozen=st.sampled_from([(), (("operator", "zai"),)]),
    topic=st.just(UNKNOWN) | st.frozensets(st.sampled_from(["code", "prc_political"])),
    language=st.sampled_from(["en", "zh", None]),
    model=words,
)
recorded = st.builds(
    lambda attempts, **changes: outcome(*attempts, **changes),
    st.lists(tried, max_size=3),
    decision=st.none() | known,
    denied_by=st.none() | st.just("budget"),
    baseline_list_usd=st.none() | st.decimals(0, 1000, places=12),
    ended_at=st.floats(0, 2e9),
)
many = st.lists(recorded, min_size=1, max_size=40)


@contextmanager
def state() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="journal-") as folder:
        yield Path(folder)


def written(folder: Path, outcomes: Sequence[Outcome]) -> Writer:
    """By a worker that was then killed: nothing is closed, but nobody holds its lock."""
    writer = Writer(folder, most_bytes=1 << 30, segment_bytes=ROOM)
    for number, each in enumerate(outcomes):
        assert writer.append(numbered(each, number))
    assert writer._lock is not None
    os.close(writer._lock)
    writer._lock = None
    return writer


def numbered(each: Outcome, number: int) -> Outcome:
    return replaced(each, request=request(f"r{number}"))


def replaced(each: Outcome, **changes: Any) -> Outcome:
    values = {name: getattr(each, name) for name in Outcome.__annotations__}
    return Outcome(**values | changes)


def ids(folder: Path, *, most: int = 1_000, reader: Reader | None = None) -> tuple[list[str], int]:
    """What a reader gets, and how many it is told are lost."""
    reader = reader or Reader(folder)
    found: list[str] = []
    lost = 0
    while (batch := reader.read(most)).after:
        found += [entry.record.request_id for entry in batch.entries]
        lost += sum(batch.lost.values())
    reader.close()
    return found, lost


@settings(max_examples=40)
@given(many)
def test_what_goes_in_comes_out_once_in_order(outcomes: list[Outcome]):
    with state() as folder:
        writer = written(folder, outcomes)
        reader = Reader(folder)
        entries = []
        while (batch := reader.read()).after:
            entries += batch.entries
        reader.close()
        writer.close()

    assert [entry.record.request_id for entry in entries] == [f"r{number}" for number in range(len(outcomes))]
    for entry, made in zip(entries, outcomes, strict=True):
        record = entry.record
        assert (record.outcome, record.denied_by, record.ended_at) == (made.result, made.denied_by, made.ended_at)
        assert Decimal(record.cost_usd) == made.cost_usd
        assert [(entry.place(each).endpoint, each.tokens) for each in record.attempts] == [
            (each.endpoint.id, each.usage) for each in made.attempts
        ]
        if made.decision is not None:
            assert entry.removed is not None and entry.order is not None and entry.terms is not None
            assert {id: list(names) for id, names in entry.removed.by_endpoint.items()} == explanation.removed(
                made.decision
            )
            assert entry.order.ids == tuple(endpoint.id for endpoint in made.decision.endpoints)
            assert entry.terms.version == made.decision.policy.version


@settings(max_examples=40)
@given(many, st.lists(st.integers(1, 5), min_size=1, max_size=8), st.integers(1, 9))
def test_a_reader_beside_a_worker_that_writes_gets_each_record_whole_and_loses_none(
    outcomes: list[Outcome], steps: list[int], most: int
):
    found: list[str] = []
    lost = 0
    with state() as folder:
        writer = Writer(folder, most_bytes=1 << 30, segment_bytes=ROOM)
        reader = Reader(folder)
        for number, each in enumerate(outcomes):
            assert writer.append(numbered(each, number))
            if number % steps[number % len(steps)] == 0:
                batch = reader.read(most)
                found += [entry.record.request_id for entry in batch.entries]
                lost += sum(batch.lost.values())
        while (batch := reader.read(most)).after:
            found += [entry.record.request_id for entry in batch.entries]
            lost += sum(batch.lost.values())
        reader.close()
        writer.close()

    assert (found, lost) == ([f"r{number}" for number in range(len(outcomes))], 0)


@settings(max_examples=40)
@given(many, st.lists(st.integers(1, 7), min_size=1, max_size=8))
def test_a_reader_that_begins_again_anywhere_reads_on_where_it_was(outcomes: list[Outcome], steps: list[int]):
    found: list[str] = []
    with state() as folder:
        writer = written(folder, outcomes)
        positions: Positions = {}
        for most in [*steps, 1_000, 1_000, 1_000]:
            while True:
                reader = Reader(folder, positions)
                batch = reader.read(most)
                reader.close()
                positions |= batch.after
                for entry in batch.entries:
                    found.append(entry.record.request_id)
                    assert all(entry.place(each).endpoint for each in entry.record.attempts)
                if most < 1_000 or not batch.after:
                    break
        writer.close()

    assert found == [f"r{number}" for number in range(len(outcomes))]


@settings(max_examples=40)
@given(many, st.data())
def test_what_is_cut_off_or_overwritten_leaves_a_prefix_and_says_how_much_is_gone(
    outcomes: list[Outcome], data: st.DataObject
):
    with state() as folder:
        writer = written(folder, outcomes)
        journal = folder / FOLDER / writer.uuid
        number = data.draw(st.integers(1, len(list(journal.glob("*.segment")))))
        path = journal / segment_name(number)
        length = used(path.read_bytes())
        at = data.draw(st.integers(HEADER_BYTES, length - 1))
        if data.draw(st.booleans()):
            os.truncate(path, at)
        else:
            with path.open("r+b") as file:
                file.seek(at)
                file.write(data.draw(st.binary(min_size=1, max_size=64)).ljust(8, b"\0"))
        before = [f"r{n}" for n in range(len(outcomes))]
        found, lost = ids(folder)
        writer.close()

    assert found == [id for id in before if id in set(found)]  # each once, in order, and nothing else
    gone = [id for id in before if id not in found]
    assert gone == before[before.index(gone[0]) : before.index(gone[-1]) + 1] if gone else True  # one stretch of them
    assert len(gone) <= lost


def used(segment: bytes) -> int:
    """Where its last frame ends."""
    end = HEADER_BYTES
    while end + FRAME.size <= len(segment):
        length, checksum = FRAME.unpack_from(segment, end)
        payload = segment[end + FRAME.size : end + FRAME.size + length]
        if not length or crc32(payload) != checksum:
            break
        end += FRAME.size + length
    return end


@settings(max_examples=40)
@given(many, st.integers(0, 10_000))
def test_a_worker_that_dies_between_record_and_count_leaves_whole_records_only(outcomes: list[Outcome], torn: int):
    with state() as folder:
        writer = written(folder, outcomes)
        segment = writer._segment
        assert segment is not None
        with (folder / FOLDER / writer.uuid / segment_name(segment.number)).open("r+b") as file:
            file.seek(segment._end)  # the copy was begun, the count not written
            file.write(os.urandom(min(torn, ROOM - segment._end)))
        found, lost = ids(folder)
        writer.close()

    assert (found, lost) == ([f"r{number}" for number in range(len(outcomes))], 0)


@settings(max_examples=40)
@given(words, words, words)
def test_no_text_of_a_caller_or_vendor_keeps_a_record_out(model: str, reason: str, name: str):
    made = outcome(attempt(finish_reason=reason), decision=decision(model=model))
    arrival = made.request.arrival
    object.__setattr__(made.request, "model", model)
    object.__setattr__(arrival, "client_request_id", name)
    with state() as folder:
        writer = written(folder, [])
        assert writer.append(made)
        reader = Reader(folder)
        (entry,) = reader.read().entries
        reader.close()
        writer.close()

    kept = (entry.record.model, entry.record.attempts[0].finish_reason or "", entry.record.client_request_id or "")
    assert all(len(text) <= MOST_CHARS and "\0" not in text for text in kept)
    assert entry.record.decided is not None and entry.record.decided.signals["model"] == entry.record.model


@settings(max_examples=30)
@given(many, st.lists(st.booleans(), min_size=40, max_size=40))
def test_an_erased_key_leaves_its_money_and_no_other_record_changes(outcomes: list[Outcome], whose: list[bool]):
    with state() as folder:
        owned = [
            replaced(each, caller=caller(key_id="gone" if mine else "kept"))
            for each, mine in zip(outcomes, whose, strict=False)
        ]
        writer = written(folder, owned)
        before = rows(folder)

        count = erase_key(folder, "gone")

        after = rows(folder)
        raw = b"".join(path.read_bytes() for path in (folder / FOLDER).glob("*/*.segment"))
        writer.close()

    assert count == sum(whose[: len(outcomes)])
    assert b"gone" not in raw
    for old, new, mine in zip(before, after, whose, strict=False):
        if mine:
            old = old | {"key_id": None, "client_request_id": None}
            old["signals"] = {name: value for name, value in old["signals"].items() if name not in ("topic", "pii")}
            kept_signals = {name: value for name, value in new["signals"].items() if value not in ([], "unknown")}
            assert "topic" not in kept_signals and "pii" not in kept_signals
            new["signals"] = {name: value for name, value in new["signals"].items() if name not in ("topic", "pii")}
        assert new == old


def rows(folder: Path) -> list[dict[str, Any]]:
    reader = Reader(folder)
    found = []
    while (batch := reader.read()).after:
        found += [row_json(entry) for entry in batch.entries]
    reader.close()
    return found

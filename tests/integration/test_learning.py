"""Estimates are a fold over the journals and the ledger: of every worker's records, and of those before a restart."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from gateway.background.learned import Learned
from gateway.background.learning import EstimatesSink, entry_row
from gateway.record.columns import attempt_rows, request_row
from gateway.record.follower import Follower
from gateway.record.journal.writer import Writer
from gateway.record.ledger import ingest
from gateway.record.shape import row_of
from gateway.record.store import ATTEMPTS, REQUESTS, open_store
from tests.integration.test_ledger import fresh_database, postgresql  # noqa: F401 - a fixture
from tests.unit.record.build import POLICY, QWEN, attempt, entries, outcome, request

pytestmark = pytest.mark.services


def write(folder: Path, ids: str, *, result: str) -> None:
    """As one worker does, all its life."""
    worker = Writer(folder, most_bytes=1 << 26)
    at = time.time()
    for id in ids:
        tried = attempt(outcome=result)
        assert worker.append(outcome(tried, request=request(id, at=at), ended_at=at + 0.5))
    worker.close()


@contextmanager
def learning(folder: Path, url: str | None = None) -> Iterator[EstimatesSink]:
    """As the control process does."""
    sink = EstimatesSink(state_dir=folder, database_url=url, policy=lambda: POLICY)
    follower = Follower(folder, sink)
    follower.start()
    yield sink
    assert follower.close(10)


def answers(sink: EstimatesSink, *, count: int) -> float:
    deadline = time.monotonic() + 30
    while sink.snapshot.version < count:
        assert time.monotonic() < deadline, f"learned from {sink.snapshot.version} of {count}"
        time.sleep(0.05)
    assert sink.snapshot.version == count
    return sink.snapshot.answered(QWEN, "none", "en").mean


def learned(folder: Path, *, count: int) -> float:
    """What a fresh process thinks of the answers of QWEN once it has learned from so many requests."""
    with learning(folder) as sink:
        return answers(sink, count=count)


@pytest.mark.parametrize("taken_in", [False, True])
def test_what_was_learned_is_there_again_after_a_restart(tmp_path, taken_in):
    write(tmp_path, "abcdefgh", result="declined")

    once = learned(tmp_path, count=8)
    if taken_in:
        ingest(tmp_path, None)
    write(tmp_path, "ij", result="declined")

    assert learned(tmp_path, count=10) <= once < 0.97


def test_each_request_is_learned_from_once_whoever_is_first_to_take_it_in(tmp_path):
    write(tmp_path, "abcd", result="answered")
    with learning(tmp_path) as sink:
        before = answers(sink, count=4)
        write(tmp_path, "efgh", result="declined")
        ingest(tmp_path, None)

        assert answers(sink, count=8) < before
        time.sleep(4)  # it has looked at the ledger
        answers(sink, count=8)


def test_what_other_gateways_write_to_a_shared_ledger_is_learned(tmp_path, postgresql):  # noqa: F811
    name = f"learned_{time.time_ns()}"
    url = fresh_database(postgresql, name)
    one, other = tmp_path / "one", tmp_path / "other"
    write(one, "ab", result="answered")
    ingest(one, url)
    with learning(one, url) as sink:
        before = answers(sink, count=2)
        write(other, "cd", result="declined")
        ingest(other, url)

        assert answers(sink, count=4) < before


def test_what_a_caller_says_of_a_reply_is_learned_for_its_team_and_again_after_a_restart(tmp_path):
    write(tmp_path, "abcd", result="answered")
    ingest(tmp_path, None)
    store = open_store(database_url=None, state_dir=tmp_path)
    assert store.give_feedback("a", False, time.time())
    assert not store.give_feedback("a", True, time.time())
    store.close()

    for _ in range(2):
        with learning(tmp_path) as sink:
            answers(sink, count=5)
            own = sink.snapshot.answered(QWEN, "none", "en", team="research").mean
            assert own < sink.snapshot.answered(QWEN, "none", "en", team="sales").mean


def test_a_worker_knows_what_the_control_process_learned_and_pauses_canaries_when_that_is_silent(tmp_path):
    write(tmp_path, "abcdefgh", result="declined")
    with learning(tmp_path) as sink:
        answers(sink, count=8)
        with closing(Learned(tmp_path)) as worker:
            worker.serves_policy(POLICY)
            known = worker.latest()
            assert known == sink.snapshot or known.tallies == sink.snapshot.tallies
            assert known.trials == {}
    with closing(Learned(tmp_path)) as worker:
        assert worker.latest().trials == {}
        old = time.time() - 20
        os.utime(tmp_path / "estimates", (old, old))
        time.sleep(2.5)
        assert (worker.latest().trials, worker.latest().tallies) == (None, known.tallies)


def test_a_record_teaches_what_its_row_in_the_ledger_teaches():
    made = outcome(attempt(outcome="declined"), attempt(QWEN))
    (entry,) = entries(made)
    columns = dict(zip(REQUESTS, request_row(entry), strict=True))
    attempts = [dict(zip(ATTEMPTS, row, strict=True)) for row in attempt_rows(entry)]

    at_once, later = entry_row(entry), row_of(columns, attempts)

    names = ("request_id", "at", "outcome", "team", "app", "key_id", "route", "attempts", "ended_at", "trial", "topic")
    for name in (*names, "language", "effort", "key", "topics", "is_measurement", "policy_version"):
        assert getattr(at_once, name) == getattr(later, name), name

"""Estimates are a fold over the ledger: of every worker's rows, and of those before a restart."""

from __future__ import annotations

import time
from contextlib import closing
from pathlib import Path

import pytest

from gateway.app.learning import Learner
from gateway.record.ledger import Ledger
from tests.unit.record.build import POLICY, QWEN, attempt, outcome, request

pytestmark = pytest.mark.services


def ledger(folder: Path) -> Ledger:
    return Ledger(state_dir=folder, database_url=None, dropped=lambda: None)


def write(folder: Path, ids: str, *, result: str) -> None:
    """As one worker does, all its life."""
    worker = ledger(folder)
    at = time.time()
    for id in ids:
        tried = attempt(outcome=result)
        worker.append(outcome(tried, request=request(id, at=at), ended_at=at + 0.5))
    worker.close()


def learned(folder: Path, *, count: int) -> float:
    """What a fresh worker thinks of the answers of QWEN once it has learned from so many requests."""
    store = ledger(folder).store
    learner = Learner(store)
    with closing(learner):
        learner.serves_policy(POLICY)
        return answers(learner, count=count)


def answers(learner: Learner, *, count: int) -> float:
    deadline = time.monotonic() + 20
    while learner.snapshot.version < count:
        assert time.monotonic() < deadline, f"learned from {learner.snapshot.version} of {count}"
        time.sleep(0.05)
    assert learner.snapshot.version == count
    return learner.snapshot.answered(QWEN, "none", "en").mean


def test_what_was_learned_is_there_again_after_a_restart(tmp_path):
    write(tmp_path, "abcdefgh", result="declined")

    once, again = learned(tmp_path, count=8), learned(tmp_path, count=8)

    assert once == again < 0.97


def test_a_worker_learns_from_what_another_writes_and_from_each_request_once(tmp_path):
    write(tmp_path, "abcd", result="answered")
    learner = Learner(ledger(tmp_path).store)
    with closing(learner):
        learner.serves_policy(POLICY)
        before = answers(learner, count=4)

        write(tmp_path, "efgh", result="declined")

        assert answers(learner, count=8) < before


def test_what_a_caller_says_of_a_reply_is_learned_for_its_team_and_again_after_a_restart(tmp_path):
    write(tmp_path, "abcd", result="answered")
    store = ledger(tmp_path).store
    assert store.give_feedback("a", False, time.time())
    assert not store.give_feedback("a", True, time.time())

    for _ in range(2):
        learner = Learner(store)
        with closing(learner):
            learner.serves_policy(POLICY)
            answers(learner, count=5)
            own = learner.snapshot.answered(QWEN, "none", "en", team="research").mean
            assert own < learner.snapshot.answered(QWEN, "none", "en", team="sales").mean

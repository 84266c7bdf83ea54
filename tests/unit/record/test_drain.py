"""The queue between the request path and whatever is slower."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from gateway.outcome.outcome import Outcome
from gateway.record.drain import LIMIT_BYTES, Drain
from tests.unit.record.build import outcome, request


def ids(outcomes: Sequence[Outcome]) -> list[str]:
    return [each.request.id for each in outcomes]


def put_all(drain: Drain, count: int) -> list[bool]:
    return [drain.put(outcome(request=request(f"r{n}"))) for n in range(count)]


def waiting_for(held: threading.Event) -> Callable[[Sequence[Outcome]], None]:
    """A consumer that takes its time."""

    def consume(batch: Sequence[Outcome]) -> None:
        held.wait(30)

    return consume


def test_outcomes_arrive_once_and_in_order():
    seen: list[str] = []
    drain = Drain("test", lambda batch: seen.extend(ids(batch)))

    put_all(drain, 1000)

    assert drain.close() == 0
    assert seen == [f"r{n}" for n in range(1000)]


@pytest.mark.parametrize("failures", [1, 2])
def test_what_a_consumer_fails_on_is_offered_again(failures: int):
    seen: list[str] = []
    tries = iter(range(100))

    def consume(batch: Sequence[Outcome]) -> None:
        if next(tries) < failures:
            raise OSError("the disk is full")
        seen.extend(ids(batch))

    drain = Drain("test", consume)
    put_all(drain, 10)
    for _ in range(100):
        if seen:
            break
        threading.Event().wait(0.1)

    assert drain.close() == 0
    assert seen == [f"r{n}" for n in range(10)]


def test_what_finds_no_room_is_refused():
    held = threading.Event()
    drain = Drain("test", waiting_for(held), limit=3)

    taken = put_all(drain, 10)
    held.set()

    assert taken[:3] == [True, True, True]
    assert taken.count(True) <= 6  # three that wait, and three that the thread may have taken meanwhile
    assert drain.close() == 0


def test_long_bodies_fill_the_queue_too():
    held = threading.Event()
    drain = Drain("test", waiting_for(held))
    long = outcome(request=replace(request(), body_bytes=LIMIT_BYTES // 2))

    taken = [drain.put(long) for _ in range(5)]
    held.set()

    assert taken == [True, True, True, False, False]
    assert drain.close() == 0


def test_a_waiting_outcome_can_be_found():
    held = threading.Event()
    drain = Drain("test", waiting_for(held))
    put_all(drain, 3)

    found, unknown = drain.find("r1"), drain.find("r9")
    held.set()
    drain.close()

    assert (found.request.id if found else None, unknown) == ("r1", None)


def test_closing_tells_what_is_left_behind():
    def consume(batch: Sequence[Outcome]) -> None:
        raise OSError("the database is away")

    drain = Drain("test", consume)
    put_all(drain, 4)

    assert drain.close() == 4

"""The law of ceilings: alone never passed; together by no more than the others do between two exchanges."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.catalog.rows import Ceilings
from gateway.dispatch.ceilings import Load, Loads

NOON = 1_795_176_000.0
steps = st.lists(
    st.tuples(
        st.sampled_from(["ask", "ask", "ask", "end", "exchange", "restart"]),
        st.integers(0, 2),  # which worker
        st.integers(0, 40),  # tokens, or which request ends
        st.sampled_from([0.0, 0.0, 0.4, 7.0, 31.0]),  # seconds that pass before
    ),
    max_size=60,
)


@settings(max_examples=150, deadline=None)
@given(steps, st.integers(1, 3), st.builds(Ceilings, st.integers(1, 6), st.integers(1, 120), st.integers(1, 4)))
def test_no_ceiling_is_passed_but_by_what_others_did_since_the_last_exchange(steps, count, ceilings):
    endpoint: Any = SimpleNamespace(id="m@x", ceilings=ceilings)
    workers = [Loads() for _ in range(count)]
    gone: list[dict[str, Any]] = []  # what workers told that are no more
    running: list[tuple[int, Any]] = []
    asked: list[tuple[float, int, int]] = []  # when, worker, tokens
    heard_until = NOON
    at = NOON
    for what, who, number, passes in steps:
        at += passes
        who %= count
        if what == "ask" and workers[who].full(endpoint, number, at) is None:
            fresh = [each for each in asked if each[0] >= heard_until and each[1] != who]  # not known to it
            minute = [each for each in asked if each[0] > at - (at % 60)]
            known = [each for each in minute if each not in fresh]
            assert len(known) < ceilings.requests_per_minute
            assert sum(each[2] for each in known) + number <= ceilings.tokens_per_minute
            if count == 1:
                assert len(running) < ceilings.at_once
            running.append((who, workers[who].take(endpoint, number, at)))
            asked.append((at, who, number))
        elif what == "end" and running:
            running.pop(number % len(running))[1].leave()
        elif what == "exchange":
            told = [worker.told(at) for worker in workers]
            for place, worker in enumerate(workers):
                worker.hear([*(each for other, each in enumerate(told) if other != place), *gone], at)
            heard_until = at
            assert all(worker.full(endpoint, 0, at) for worker in workers) or len(running) < ceilings.at_once
        elif what == "restart":
            gone.append({name: (*told[:5], 0) for name, told in workers[who].told(at).items()})
            workers[who] = Loads()
            others = [worker.told(at) for place, worker in enumerate(workers) if place != who]
            workers[who].hear([*others, *gone], at)
            running = [each for each in running if each[0] != who]
            asked = [(when, -1 if by == who else by, tokens) for when, by, tokens in asked]
    assert all(isinstance(load, Load) and load.at_once >= 0 for worker in workers for load in worker._own.values())

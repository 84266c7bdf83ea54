"""The names of a request's spans."""

from __future__ import annotations

import pytest

from gateway.outcome.spans import above, span_of, trace_of, traceparent
from gateway.request import Arrival

GIVEN = f"00-{'ab' * 16}-{'cd' * 8}-00"


def test_a_callers_trace_is_continued_with_a_span_of_our_own():
    arrival = Arrival("r1", 0.0, 0.0, traceparent=GIVEN)

    _, trace, span, flags = traceparent(arrival, attempt=1.5).split("-")

    assert (trace, flags) == ("ab" * 16, "00")
    assert int(span, 16) == span_of(arrival, attempt=1.5) != span_of(arrival) != span_of(arrival, attempt=2.5)


@pytest.mark.parametrize(
    "odd", [None, "", GIVEN + "x", GIVEN + "\r\nx: y", f"{GIVEN}, {GIVEN}", GIVEN.replace("ab", "00")]
)
def test_what_is_no_traceparent_is_not_passed_on(odd):
    arrival = Arrival("r1", 0.0, 0.0, traceparent=odd)

    assert above(arrival) is None
    assert traceparent(arrival, attempt=1.0) == f"00-{trace_of(arrival):032x}-{span_of(arrival, attempt=1.0):016x}-01"
    assert trace_of(arrival) != trace_of(Arrival("r2", 0.0, 0.0))

"""Who was not let in stands in the audit, and fills no disk."""

from __future__ import annotations

from typing import Any

from gateway.control.intrusion import BURST, MOST_KEPT, MOST_PLACES, OTHERS, Attempts


def test_the_first_wrong_token_is_told_at_once_and_the_next_are_added_up():
    attempts = Attempts()
    attempts.add("bearer", "10.0.0.1")
    first = attempts.take(100.0)
    for _ in range(7):
        attempts.add("bearer", "10.0.0.1")

    assert first == {"count": 1, "from": {"bearer from 10.0.0.1": 1}}
    assert attempts.take(100.5) is None
    assert attempts.take(101.0) == {"count": 7, "from": {"bearer from 10.0.0.1": 7}}
    assert attempts.take(200.0) is None


def test_guessing_from_many_addresses_for_a_day_makes_few_short_rows_that_lose_none():
    attempts = Attempts()
    rows: list[Any] = []
    for second in range(86_400):
        attempts.add("bearer", f"2001:db8::{second:x}")
        row = attempts.take(float(second))
        if row is not None:
            rows.append(row)

    assert len(rows) < 200
    assert all(len(row["from"]) <= MOST_PLACES + 1 for row in rows)
    assert sum(row["count"] for row in rows) > 86_400 - 601
    assert len(attempts._counts) <= MOST_KEPT


def test_what_is_beyond_the_addresses_that_are_named_is_counted_together():
    attempts = Attempts()
    for number in range(MOST_PLACES + 5):
        attempts.add("token", f"10.0.0.{number}")

    row: Any = attempts.take(0.0)

    assert (row["count"], row["from"][OTHERS]) == (MOST_PLACES + 5, 5)


def test_failures_to_sign_in_get_rows_of_their_own_once_a_minute_and_bounded_over_all_addresses():
    attempts = Attempts()

    told = [attempts.may_tell(f"10.{n // 256}.{n % 256}.1", 0.0) for n in range(5_000)]

    assert sum(told) == BURST
    assert not attempts.may_tell("10.0.0.1", 59.0)
    assert attempts.may_tell("10.9.9.9", 60.0)

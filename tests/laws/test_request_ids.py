"""A request's id begins with its time: rows written together stand together in the ledger's indexes."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as some

from gateway.request import ID_BITS, new_id

TIMES = some.floats(min_value=0, max_value=15e9, allow_nan=False)  # until the year 2445
CHANCE = some.integers(min_value=0, max_value=(1 << ID_BITS) - 1)


@given(TIMES, CHANCE, some.floats(min_value=0.002, max_value=1e9), CHANCE)
def test_what_was_received_later_is_named_later(at: float, chance: int, after_s: float, other: int) -> None:
    assert new_id(at, chance) < new_id(at + after_s, other)


@given(TIMES, CHANCE)
def test_every_id_has_the_same_form(at: float, chance: int) -> None:
    assert re.fullmatch("req_[0-9a-f]{24}", new_id(at, chance))


@given(TIMES, CHANCE, CHANCE)
def test_chance_alone_tells_requests_of_one_moment_apart(at: float, one: int, other: int) -> None:
    assert (new_id(at, one) == new_id(at, other)) == (one == other)

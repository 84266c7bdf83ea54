"""How much an endpoint with ceilings is asked: counted here, told to others, given back."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from gateway.catalog.rows import Ceilings
from gateway.dispatch.breaker import Breakers
from gateway.dispatch.ceilings import Loads

NOON = 1_795_176_000.0  # a full minute


def made(**ceilings: int) -> tuple[Any, Any]:
    """A worker's loads, and an endpoint."""
    return Loads(), at(**ceilings)


def at(**ceilings: int) -> Any:
    return SimpleNamespace(id="m@x", ceilings=Ceilings(**ceilings))


def test_one_that_is_full_has_room_again_when_a_request_has_left_it():
    loads, endpoint = made(at_once=2)
    seats = [loads.take(endpoint, 10, NOON) for _ in range(2)]

    full = loads.full(endpoint, 10, NOON)
    assert full is not None and (full.ceiling, full.most, full.wait_s) == ("at_once", 2, 1.0)
    for _ in range(2):
        seats[0].leave()  # a second time changes nothing

    assert loads.full(endpoint, 10, NOON) is None
    assert loads.take(endpoint, 10, NOON) and loads.full(endpoint, 10, NOON)


def test_a_turn_leaves_its_seat_however_it_ends_and_the_breaker_hears_nothing_of_it():
    (loads, endpoint), breakers = made(at_once=1), Breakers()
    for end in ("succeeded", "released", "failed", "put_off"):
        turn = breakers.turn("m@x", 0.0)
        turn.seat = loads.take(endpoint, 1, NOON)
        assert loads.full(endpoint, 1, NOON)
        assert breakers.of("m@x").allows(0.0)
        getattr(turn, end)(*{"failed": (0.0,), "put_off": (0.0, 0.0)}.get(end, ()))
        assert loads.full(endpoint, 1, NOON) is None


def test_the_wait_is_until_enough_of_the_minute_before_is_over():
    loads, endpoint = made(requests_per_minute=10)
    for _ in range(10):
        loads.take(endpoint, 1, NOON + 30).leave()

    assert loads.full(endpoint, 1, NOON + 30).wait_s == 30.0
    full = loads.full(endpoint, 1, NOON + 60)  # all ten may be less than a minute ago
    assert full is not None and full.wait_s == pytest.approx(6.0)
    assert loads.full(endpoint, 1, NOON + 60 + full.wait_s + 0.01) is None


def test_tokens_are_those_of_prompt_and_answer():
    loads, endpoint = made(tokens_per_minute=100)
    seat = loads.take(endpoint, 40, NOON)
    assert loads.full(endpoint, 60, NOON) is None
    seat.used(30, NOON)

    assert loads.full(endpoint, 31, NOON).ceiling == "tokens_per_minute"
    assert loads.full(endpoint, 30, NOON) is None


def test_what_goes_behind_callers_finds_it_full_at_half_and_is_asked_by_nobody_else_then():
    loads, endpoint = made(at_once=4, requests_per_minute=100)
    for _ in range(2):
        loads.take(endpoint, 1, NOON)

    assert loads.full(endpoint, 1, NOON, yields=True).ceiling == "at_once"
    assert loads.full(endpoint, 1, NOON) is None


def test_others_count_until_they_are_silent_and_what_they_asked_ages():
    other, (one, endpoint) = Loads(), made(at_once=3, requests_per_minute=3)
    for _ in range(3):
        other.take(endpoint, 1, NOON)
    one.hear([other.told(NOON)], NOON)
    assert one.full(endpoint, 1, NOON).ceiling == "at_once"

    silent = {name: (*told[:5], 0) for name, told in other.told(NOON).items()}
    one.hear([silent], NOON)
    assert one.full(endpoint, 1, NOON).ceiling == "requests_per_minute"
    one.hear([silent], NOON + 120)
    assert one.full(endpoint, 1, NOON + 120) is None
    assert one.used_shares(endpoint, NOON + 120) == {"at_once": 0.0, "requests_per_minute": 0.0}


def test_nothing_is_counted_or_told_of_one_without_ceilings():
    (loads, endpoint) = made()
    endpoint.ceilings = None

    assert loads.take(endpoint, 1, NOON) is None and loads.full(endpoint, 1, NOON) is None
    assert loads.told(NOON) == {}

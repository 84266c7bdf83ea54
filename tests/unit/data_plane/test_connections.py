"""Claims about the room for connections."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.data_plane.connections import Guests


@dataclass(eq=False)
class Visitor:
    busy: bool = False
    cut: bool = False

    def look(self, now: float) -> None:
        pass

    def abort(self) -> None:
        self.cut = True


def test_the_oldest_stranger_of_a_crowded_address_makes_room():
    guests = Guests(4)
    first, second, third, other, late = (Visitor() for _ in range(5))
    assert all(guests.enter(each, "10.0.0.1") for each in (first, second, third))
    assert guests.enter(other, "10.0.0.2")

    assert guests.enter(late, "10.0.0.1")
    assert [each.cut for each in (first, second, third, other)] == [True, False, False, False]


def test_who_has_a_key_or_is_being_served_need_not_make_room():
    guests = Guests(4)
    friend, busy, late = Visitor(), Visitor(busy=True), Visitor()
    for each in (friend, busy, Visitor(busy=True)):
        guests.enter(each, "10.0.0.1")
    guests.admit(friend)

    assert not guests.enter(late, "10.0.0.1")
    guests.leave(friend)
    assert guests.enter(late, "10.0.0.1")


def test_an_ipv6_network_is_one_address_and_a_mapped_ipv4_address_its_own():
    guests = Guests(4)
    for host in ("2001:db8::1", "2001:db8::2", "2001:db8::ffff:3"):
        assert guests.enter(Visitor(busy=True), host)

    assert not guests.enter(Visitor(), "2001:db8::4")
    assert guests.enter(Visitor(busy=True), "::ffff:10.0.0.1")


@pytest.mark.thorough
@given(st.lists(st.tuples(st.sampled_from("enter leave known busy".split()), st.integers(0, 7), st.integers(0, 3))))
def test_never_more_than_may_be_and_all_places_come_back(steps):
    guests = Guests(6)
    here: dict[int, Visitor] = {}
    for step, number, host in steps:
        visitor = here.get(number)
        if step == "enter" and visitor is None:
            visitor = Visitor()
            if guests.enter(visitor, f"10.0.0.{host}"):
                here[number] = visitor
        elif visitor is not None:
            if step == "leave":
                guests.leave(here.pop(number))
            elif step == "known":
                guests.admit(visitor)
            else:
                visitor.busy = not visitor.busy
        here = {number: each for number, each in here.items() if not each.cut}
        assert set(guests) == set(here.values())
        assert len(here) <= 6

    for each in here.values():
        guests.leave(each)
        guests.leave(each)
    friends = [Visitor(busy=True) for _ in range(6)]
    assert all(guests.enter(each, f"10.0.0.{place % 2}") for place, each in enumerate(friends))

"""Freezes and their ends, put together from several places, and what they remove."""

from __future__ import annotations

import pytest

from gateway.policy.freeze import (
    UNREAD,
    Freeze,
    Lift,
    by_key,
    freeze_mask,
    freeze_name,
    key_of,
    merged,
    named,
    parsed,
    selectors,
    standing,
    written,
)
from tests.unit.policy.small import policy_with

POLICY = policy_with().policy
ONE = Freeze("1", "operator", "zai", 5.0, "ann")
TWO = Freeze("2", "origin", "CN", 3.0, "bob", abort=True, reason="for now")


def test_those_stand_that_nobody_lifted_oldest_first():
    rows = by_key([ONE, TWO, Freeze("3", "list", "us_1260h", 1.0, "ann"), Lift("3", 0.5, "bob")])

    assert standing(rows) == [TWO, ONE]
    assert standing(merged(rows, by_key([Lift("2", 9.0, "ann")]))) == [ONE]
    assert standing(by_key([Lift("7", 1.0, "ann")])) == []


def test_of_two_with_the_same_name_the_earliest_stands_wherever_it_comes_from():
    later = Freeze("1", "operator", "openai", 6.0, "bob")

    assert by_key([later, ONE]) == by_key([ONE, later]) == merged(by_key([later]), by_key([ONE])) == {"freeze:1": ONE}


def test_a_freeze_and_its_lift_are_two_rows():
    assert (key_of(ONE), key_of(Lift("1", 1.0, "ann"))) == ("freeze:1", "lift:1")


def test_each_thing_that_is_stopped_is_named_once_in_one_order():
    again = Freeze("9", "operator", "zai", 7.0, "bob")

    assert selectors([again, TWO, ONE]) == selectors([ONE, TWO]) == (("operator", "zai"), ("origin", "CN"))


@pytest.mark.parametrize("row", [ONE, TWO, Lift("1", 1.5, "ann")])
def test_a_row_is_read_as_it_was_written(row):
    assert parsed(written(row)) == row and b"\n" not in written(row)


@pytest.mark.parametrize("line", [
    b"", b"{", b"[]", b'{"row":"thaw","id":"1"}', b'{"row":"lift","id":"1","at":1,"by":"\xff"}', b"[" * 100_000,
    b'{"row":"freeze","id":"1","selector":"planet","value":"x","at":1,"by":"ann"}', b'{"row":"lift","id":"1"}',
])  # fmt: skip
def test_what_cannot_be_read_is_no_row(line):
    assert parsed(line) is None


@pytest.mark.parametrize(("frozen", "stopped"), [
    ((), set()), ((("operator", "zai"),), {"glm@zai"}), ((("endpoint", "gpt@openai"),), {"gpt@openai"}),
    ((("origin", "CN"),), {"glm@zai", "glm@together", "qwen@self"}),
    ((("lineage", "US"),), {"gpt@openai"}), ((("list", "us_entity_list"),), {"glm@zai", "glm@together"}),
    ((("operator", "openai"), ("operator", "self")), {"gpt@openai", "qwen@self"}),
    ((("operator", "nobody"),), set()), ((UNREAD,), {"gpt@openai", "glm@zai", "glm@together", "qwen@self"}),
])  # fmt: skip
def test_a_freeze_removes_what_it_names(frozen, stopped):
    mask = freeze_mask(POLICY, frozen)

    known = {endpoint.id for endpoint in POLICY.endpoints if mask >> endpoint.index & 1}
    assert stopped <= known
    assert {each.id for each in POLICY.endpoints if named(POLICY, frozen, each)} == known
    if not frozen or frozen[0][0] != "list":  # of lists something is unknown here, and what is unknown goes too
        assert stopped == known


def test_a_freeze_is_named_like_a_guard():
    endpoint = POLICY.catalog.endpoints["glm@zai"]
    frozen = (("endpoint", "gpt@openai"), ("operator", "zai"), UNREAD)

    assert named(POLICY, frozen, endpoint) == ["freeze:operator=zai", "freeze:unread"]
    assert freeze_name("list", "us_1260h") == "freeze:list=us_1260h"

"""Claims about acts: what cannot be played is said, not ignored."""

from __future__ import annotations

from collections import deque

import pytest

from gateway.demo.vendors.script import Act, BadScript, Script, act


def test_an_unknown_field_is_named_with_the_known_ones():
    with pytest.raises(BadScript, match="no act has statsu; known: after, "):
        act({"statsu": 500})


def test_a_stop_that_is_none_names_those_there_are():
    with pytest.raises(BadScript, match="hang, abort, close, end"):
        act({"stop": "explode"})


def test_acts_come_once_each_and_then_what_is_always():
    script = Script(deque([Act(status=500), Act(status=429)]), Act(status=503))

    assert [script.next().status for _ in range(4)] == [500, 429, 503, 503]


def test_a_vendor_without_a_script_is_itself():
    assert Script().next() == Act()

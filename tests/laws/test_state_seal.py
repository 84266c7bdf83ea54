"""A sealed id opens for its team alone, whatever is done to it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.upstreams.state_seal import Kept, StateSeal

SEAL = StateSeal(b"s" * 32)
IDS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=80)
TEAMS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(IDS, TEAMS, IDS)
def test_it_opens_as_it_was_for_its_team_on_any_worker(id, team, endpoint):
    sealed = SEAL.seal(id, team=team, endpoint=endpoint)

    assert StateSeal(b"s" * 32).open(sealed, team=team) == Kept(endpoint, id)
    assert SEAL.seal(id, team=team, endpoint=endpoint) == sealed
    assert StateSeal(b"t" * 32).open(sealed, team=team) is None


@given(IDS, TEAMS, TEAMS, IDS)
def test_it_opens_for_no_other_team(id, team, other, endpoint):
    if team != other:
        assert SEAL.open(SEAL.seal(id, team=team, endpoint=endpoint), team=other) is None


@given(IDS, TEAMS, IDS, st.data())
def test_whatever_is_changed_in_it_it_opens_no_more_or_as_it_was(id, team, endpoint, data):
    sealed = SEAL.seal(id, team=team, endpoint=endpoint)
    at = data.draw(st.integers(0, len(sealed) - 1))
    changed = sealed[:at] + data.draw(st.sampled_from("Az09-_=é")) + sealed[at + 1 :]

    assert SEAL.open(changed, team=team) in (None, Kept(endpoint, id))
    assert SEAL.open(sealed[:at], team=team) is None
    assert SEAL.open(sealed[:-1], team=team) is None  # padding, once


@given(st.text(max_size=200), TEAMS)
def test_nothing_else_opens(text, team):
    assert SEAL.open(text, team=team) is None

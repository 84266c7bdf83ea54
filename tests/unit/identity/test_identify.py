"""Keys and their owners."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from gateway.errors import GatewayError
from gateway.identity import Admin, Budget, Caller, Keyring, Rate, Team, compile_callers, digest, identify
from gateway.source import parse

NOON = datetime(2026, 12, 31, 12, tzinfo=UTC).timestamp()
TEXT = """\
tags: [audited]
teams:
  research: {residency: any, data_class: public, allow: [shadow, judge],
             budget: {usd: 500.50, per: week, when_spent: self_only},
             rate: {requests_per_minute: 600, tokens_per_minute: 1000000}}
  sales: {data_class: internal}
keys:
  - {id: bot, team: research, app: 3.10, sha256: HASH, expires: 2027-01-01}
""".replace("HASH", hashlib.sha256(b"secret").hexdigest())


def keyring(text: str = TEXT) -> Keyring:
    found, problems = compile_callers(parse(text.encode(), "callers.yaml"))
    assert found is not None and not problems
    return found


def test_a_file_becomes_teams_and_callers():
    budget = Budget(Decimal("500.50"), "week", "self_only")
    research = Team("research", "any", "public", frozenset({"shadow", "judge"}), budget, Rate(600, 1000000))
    sales = Team("sales", "any", "internal", frozenset(), None, None)

    assert keyring() == Keyring(
        callers={digest("secret"): Caller("bot", research, "3.10", date(2027, 1, 1))},
        teams={"research": research, "sales": sales},
        tags=frozenset({"audited"}),
    )


def test_a_key_names_its_caller():
    assert identify("secret", keyring(), NOON).key_id == "bot"


@pytest.mark.parametrize("key", ["", "Secret", "secret ", "\ud800", "x" * 100_000])
def test_any_other_key_is_not_known(key):
    with pytest.raises(GatewayError) as wrong:
        identify(key, keyring(), NOON)

    assert (wrong.value.code, wrong.value.status) == ("invalid_api_key", 401)
    assert not key or key not in wrong.value.message


def test_a_key_stops_working_at_the_start_of_its_last_day():
    with pytest.raises(GatewayError, match="expired on 2027-01-01"):
        identify("secret", keyring(), datetime(2027, 1, 1, tzinfo=UTC).timestamp())


def test_a_mistake_in_one_team_hides_neither_the_others_nor_their_keys():
    found, problems = compile_callers(parse(TEXT.replace("internal", "intern").encode(), "callers.yaml"))

    assert found is not None and list(found.teams) == ["research"]
    assert [problem.message for problem in problems] == ["`data_class` is never `intern`"]


def test_a_key_written_in_the_clear_is_not_repeated():
    _, problems = compile_callers(parse(TEXT.replace(digest("secret"), "sk-1234567").encode(), "callers.yaml"))

    assert len(problems) == 1 and "sk-1234567" not in problems[0].message


ADMINS = """\
teams: {red: {data_class: public}}
keys:
  - {id: k, team: red, sha256: "%s"}
admins:
  - {id: ann, role: viewer, teams: [red], sha256: "%s"}
  - {id: bob, role: admin, sha256: "%s"}
"""
HASHES = ("a" * 64, "b" * 64, "c" * 64)


def test_administrators_are_kept_by_the_hash_of_their_token():
    keyring, problems = compile_callers(parse((ADMINS % HASHES).encode(), "callers.yaml"))

    assert (problems, keyring and keyring.admins) == (
        [],
        {"b" * 64: Admin("ann", "viewer", frozenset({"red"})), "c" * 64: Admin("bob", "admin")},
    )


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("teams: [red]", "teams: [rod]", "no team is called `rod`"),
        ("id: bob", "id: ann", "another administrator is called `ann`"),
        ("id: bob", "id: console", "another administrator is called `console`, or the name is reserved"),
        ("c" * 64, "b" * 64, "administrator `bob` has the token of another, or a caller's key"),
        ("c" * 64, "a" * 64, "administrator `bob` has the token of another, or a caller's key"),
        ("role: admin", "role: boss", "boss"),
        ("teams: [red]", "teams: []", "teams"),
    ],
)
def test_a_mistake_in_the_rows_of_administrators_is_told_with_its_place(old, new, words):
    _, problems = compile_callers(parse((ADMINS % HASHES).replace(old, new).encode(), "callers.yaml"))

    assert len(problems) == 1
    assert words in problems[0].message
    assert problems[0].place is not None
    assert problems[0].place.line >= 5

"""Keys and their owners."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from gateway.errors import GatewayError
from gateway.identity import Budget, Caller, Keyring, Rate, Team, compile_callers, digest, identify
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

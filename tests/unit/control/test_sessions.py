"""Claims about sessions: they end by rest, by age and when whose they are is an administrator no more."""

from __future__ import annotations

import pytest

from gateway.control.oidc import PATIENCE_S, SignInFailed, SignIns
from gateway.control.sessions import IDLE_S, LONGEST_S, MOST, Sessions
from gateway.identity import Admin
from gateway.identity.callers import OidcAdmin
from gateway.identity.oidc_admins import admin_of_claims

OLGA = Admin("olga", "admin")
ROWS = (
    OidcAdmin("both", "admin", None, {"groups": "ops", "tenant": "x"}),
    OidcAdmin("ops", "operator", frozenset({"red"}), {"groups": "ops"}),
    OidcAdmin("mail", "viewer", None, {"email": "vera@example.com"}),
    OidcAdmin("nothing", "admin", None, {}),
)


def test_a_session_ends_by_rest_and_by_age():
    sessions = Sessions()
    secret = sessions.begin(lambda: OLGA, "token", 0.0)

    assert sessions.find(secret, IDLE_S - 1) is not None
    assert sessions.find(secret, 2 * IDLE_S - 2) is not None
    assert sessions.find(secret, 3 * IDLE_S) is None
    assert sessions.find(secret, 3 * IDLE_S - 1) is None  # it is gone
    busy, at = sessions.begin(lambda: OLGA, "token", 0.0), 0.0
    while at + IDLE_S - 1 < LONGEST_S:
        at += IDLE_S - 1
        assert sessions.find(busy, at) is not None
    assert sessions.find(busy, LONGEST_S) is None


def test_a_session_of_nobody_any_more_and_a_guess_open_nothing():
    sessions, whose = Sessions(), [OLGA]
    secret = sessions.begin(lambda: whose[0] if whose else None, "oidc", 0.0)
    assert sessions.find("", 1.0) is None
    assert sessions.find("guess", 1.0) is None
    assert sessions.find(secret, 1.0) is not None
    whose.clear()
    assert sessions.find(secret, 2.0) is None
    whose.append(OLGA)
    assert sessions.find(secret, 3.0) is None


def test_sessions_and_ways_to_a_provider_are_bounded():
    sessions, ways = Sessions(), SignIns()
    for _ in range(MOST + 5):
        sessions.begin(lambda: OLGA, "token", 0.0)
        ways.begin("http://127.0.0.1/", 0.0)
    assert len(sessions._kept) == MOST
    assert len(ways._kept) == MOST


def test_a_way_that_took_too_long_leads_nowhere():
    ways = SignIns()
    state, begun = ways.begin("http://127.0.0.1/", 0.0)
    with pytest.raises(SignInFailed, match="too long ago"):
        ways.take(state, begun.browser, PATIENCE_S + 1)


@pytest.mark.parametrize(
    ("claims", "id"),
    [
        ({"groups": ["ops"], "tenant": "x", "sub": "1"}, "both/1"),
        ({"groups": ["ops"], "sub": "1", "email": "o@example.com"}, "ops/o@example.com"),
        ({"groups": "ops", "sub": "1"}, "ops/1"),
        ({"email": "vera@example.com", "sub": "1"}, "mail/vera@example.com"),
        ({"email": "vera@example.com", "email_verified": False, "sub": "1"}, None),
        ({"groups": ["opsx"], "sub": "1"}, None),
        ({"groups": {"ops": 1}, "sub": "1"}, None),
        ({}, None),
    ],
    ids=str,
)
def test_the_first_row_of_which_every_claim_fits_counts(claims, id):
    admin = admin_of_claims(claims, ROWS)
    assert (None if admin is None else admin.id) == id

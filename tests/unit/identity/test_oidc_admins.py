"""Who administers by what an identity provider claims of them."""

from __future__ import annotations

import pytest

from gateway.identity import OidcAdmin
from gateway.identity.oidc_admins import admin_of_claims, person

ROWS = (
    OidcAdmin("owners", "admin", None, {"groups": "platform", "email": "ann@example.com"}),
    OidcAdmin("readers", "viewer", frozenset({"sales"}), {"groups": "sales"}),
    OidcAdmin("nobody", "admin", None, {}),
)


@pytest.mark.parametrize(("claims", "id"), [
    ({"groups": ["platform", "x"], "email": "ann@example.com"}, "owners/ann@example.com"),
    ({"groups": "platform", "email": "ann@example.com", "email_verified": True}, "owners/ann@example.com"),
    ({"groups": "platform", "email": "ann@example.com", "email_verified": False}, None),
    ({"groups": "platform", "email": "bob@example.com"}, None), ({"groups": ["sales"], "sub": "7"}, "readers/7"),
    ({"groups": ["sales"], "email": "b@x", "email_verified": False, "sub": "7"}, "readers/7"),
    ({"groups": "sales"}, "readers/nobody"), ({"groups": {"sales": 1}}, None),
    ({"groups": ["Sales"]}, None), ({}, None),
])  # fmt: skip
def test_the_first_row_of_which_every_claim_fits_names_the_administrator(claims, id):
    admin = admin_of_claims(claims, ROWS)

    assert (admin.id if admin else None) == id


def test_an_administrator_has_the_role_and_teams_of_the_row():
    admin = admin_of_claims({"groups": "sales", "sub": "7"}, ROWS)

    assert admin and (admin.role, admin.teams) == ("viewer", frozenset({"sales"}))


@pytest.mark.parametrize(("claims", "name"), [
    ({"email": "", "sub": "7"}, "7"), ({"email": 5, "sub": ["7"]}, "nobody"), ({"sub": "a\nb\u202ec"}, "abc"),
    ({"sub": "a" * 200}, "a" * 100),
])  # fmt: skip
def test_a_name_is_short_and_printable(claims, name):
    assert person(claims) == name

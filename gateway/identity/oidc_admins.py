"""From what an identity provider claims of a person to an administrator, by `admins:` of callers.yaml."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from gateway.identity.callers import Admin, OidcAdmin
from gateway.identity.tokens import claimed

MOST_CHARS = 100  # of a person's name


def admin_of_claims(claims: Mapping[str, Any], rows: Iterable[OidcAdmin]) -> Admin | None:
    """By the first row of which every claim fits; None if none does. The id names row and person."""
    for row in rows:
        if row.claims and all(_fits(claims, name, value) for name, value in row.claims.items()):
            return Admin(f"{row.id}/{person(claims)}", row.role, row.teams)
    return None


def person(claims: Mapping[str, Any]) -> str:
    """An address that the provider has not called unverified, else the subject."""
    told = [claims.get("email") if claims.get("email_verified") is not False else None, claims.get("sub")]
    name = next((each for each in told if isinstance(each, str) and each), "nobody")
    return "".join(char for char in name[:MOST_CHARS] if char.isprintable())


def _fits(claims: Mapping[str, Any], name: str, value: str) -> bool:
    """A claim that is this text, or a list that holds it."""
    if name == "email" and claims.get("email_verified") is False:
        return False
    said = claimed(claims, name)
    return said == value if isinstance(said, str) else isinstance(said, list) and value in said

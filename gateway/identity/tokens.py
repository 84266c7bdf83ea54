"""From the claims of a verified token to a Caller, by `jwt:` of callers.yaml."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from gateway.errors import GatewayError
from gateway.identity.callers import DATA_CLASSES, Caller, Team, TokenRules

MOST_CHARS = 200  # of an app's name


def looks_like_token(text: str) -> bool:
    """True for what is a JSON Web Token or no key at all: keys that are made here have no dots."""
    return text.startswith("eyJ") and text.count(".") == 2


def caller_of(claims: Mapping[str, Any], rules: TokenRules, teams: Mapping[str, Team]) -> Caller:
    """Whose the token is. Raises GatewayError `invalid_api_key`."""
    team = _team(claims, rules, teams)
    app = claimed(claims, rules.app_claim) if rules.app_claim is not None else None
    if app is not None and not (isinstance(app, str) and 0 < len(app) <= MOST_CHARS and app.isprintable()):
        raise _refused(f"its claim `{rules.app_claim}` is no name of an app")
    if rules.data_class_claim is not None:
        team = _raised(team, claimed(claims, rules.data_class_claim), rules.data_class_claim)
    hashed = hashlib.sha256(f"{claims['iss']}\n{claims['sub']}".encode("utf-8", "surrogatepass")).hexdigest()
    return Caller(f"jwt-{hashed[:24]}", team, app, None)


def claimed(claims: Mapping[str, Any], name: str) -> Any:
    """`groups`, or `realm_access.roles` for what stands inside another claim; None if it is not said."""
    if name in claims:
        return claims[name]
    value: Any = claims
    for step in name.split("."):
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def _team(claims: Mapping[str, Any], rules: TokenRules, teams: Mapping[str, Team]) -> Team:
    said = claimed(claims, rules.team_claim)
    values = [said] if isinstance(said, str) else said if isinstance(said, list) else []
    names = [rules.teams.get(value) if rules.teams else value for value in values if isinstance(value, str)]
    found = {name for name in names if name in teams}
    if len(found) != 1:
        what = "several teams" if found else "no team that callers.yaml knows"
        raise _refused(f"its claim `{rules.team_claim}` names {what}")
    return teams[str(found.pop())]


def _raised(team: Team, said: Any, claim: str) -> Team:
    if said is None:
        return team
    if said not in DATA_CLASSES:
        raise _refused(f"its claim `{claim}` is none of {', '.join(DATA_CLASSES)}")
    return replace(team, data_class=max(team.data_class, str(said), key=DATA_CLASSES.index))


def _refused(why: str) -> GatewayError:
    return GatewayError("invalid_api_key", f"this token is not let in: {why}")

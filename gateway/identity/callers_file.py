"""callers.yaml, compiled: teams, keys and administrators, and what is wrong with the file."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from gateway.errors import Problem, nearest
from gateway.identity.callers import (
    RESERVED_ADMINS,
    Admin,
    Budget,
    Caller,
    Keyring,
    OidcAdmin,
    Rate,
    Role,
    Team,
    TokenRules,
)
from gateway.settings import is_loopback
from gateway.source import Amount, Day, Document, Shape, Text, validate


def _hexadecimal(value: object) -> str:
    """A message that does not repeat the value: it may be a key that somebody wrote here by mistake."""
    if isinstance(value, str) and re.fullmatch("[0-9a-f]{64}", value):
        return value
    raise PydanticCustomError("ours", "this is not the SHA-256 of a key, 64 hexadecimal digits; see `gateway keys new`")


_HEXADECIMAL = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
Digest = Annotated[str, BeforeValidator(_hexadecimal), WithJsonSchema(_HEXADECIMAL)]


class BudgetShape(Shape):
    """What may be spent per UTC period."""

    usd: Annotated[Amount, Field(ge=0, description="US dollars per period")]
    per: Annotated[Literal["day", "week", "month"], Field(description="the period, in UTC")] = "month"
    when_spent: Annotated[
        Literal["reject", "self_only"], Field(description="what happens then: 429, or own machines only")
    ] = "reject"


class RateShape(Shape):
    """Ceilings per minute."""

    requests_per_minute: int | None = Field(default=None, ge=1, description="requests a minute")
    tokens_per_minute: int | None = Field(default=None, ge=1, description="prompt and answer tokens a minute")


class AppShape(Shape):
    """One app of a team."""

    budget: BudgetShape


class TeamShape(Shape):
    """What the keys of a team share."""

    residency: Text = Field(default="any", description="`any`, or the name of a set in policy.yaml")
    data_class: Literal["public", "internal", "confidential", "regulated"] = Field(
        description="of its requests, unless a header raises it"
    )
    allow: list[Literal["shadow", "judge"]] = Field(default=[], description="copies of prompts that may be made")
    budget: BudgetShape | None = None
    apps: dict[str, AppShape] = Field(default={}, description="by the keys' `app`: budgets inside the team's")
    rate: RateShape | None = None


class KeyShape(Shape):
    """One key; `gateway keys new --row` prints such a row."""

    id: Text = Field(min_length=1, description="a name for the key, shown in records")
    team: Text = Field(description="one of `teams`")
    app: Text | None = Field(default=None, description="the app that uses it")
    sha256: Digest = Field(description="SHA-256 of the key, in hexadecimal")
    expires: Day | None = Field(default=None, description="the day, in UTC, on which it no longer works")


class AdminShape(Shape):
    """One administrator of the control listener."""

    id: Text = Field(min_length=1, description="a name, shown in records")
    role: Role = Field(description="viewer reads, operator also freezes and reloads, admin also makes keys")
    teams: list[Text] | None = Field(default=None, min_length=1, description="these teams' requests and money alone")
    sha256: Digest | None = Field(default=None, description="SHA-256 of the token, in hexadecimal")
    oidc: dict[str, Text] | None = Field(default=None, min_length=1, description="or claims of the identity provider")


class TokensShape(Shape):
    """Tokens (JWT) of an identity provider, let in beside keys."""

    issuer: Text = Field(min_length=1, description="what `iss` of its tokens says, to the letter")
    audience: Text = Field(min_length=1, description="what `aud` says of tokens that are meant for this gateway")
    jwks_url: Text | None = Field(default=None, description="where its public keys are: https, or http on this machine")
    jwks_file: Text | None = Field(default=None, description="or a file with them, as seen from this folder")
    team_claim: Text = Field(min_length=1, description="the claim that names the team; `a.b` reads inside `a`")
    app_claim: Text | None = Field(default=None, min_length=1, description="the claim that names the app")
    data_class_claim: Text | None = Field(default=None, min_length=1, description="may raise the team's class")
    teams: dict[str, Text] = Field(default={}, description="teams by what `team_claim` says, if that is no team's name")


class CallersFile(Shape):
    """callers.yaml: tags, teams, keys, tokens and administrators."""

    tags: list[Text] = Field(default=[], description="values that `x-gateway-tag` may have")
    teams: dict[str, TeamShape] = Field(description="by name")
    keys: list[KeyShape] = Field(default=[], description="who may call")
    jwt: TokensShape | None = Field(default=None, description="tokens that are let in beside keys")
    admins: list[AdminShape] = Field(default=[], description="who may look at the control listener, and change what")


def compile_callers(document: Document) -> tuple[Keyring | None, list[Problem]]:
    """The keyring as far as the file is sound, and what is wrong with the file."""
    shape, problems = validate(document, CallersFile)
    if shape is None:
        return None, problems
    teams = {name: _team(name, row) for name, row in shape.teams.items()}
    written = document.data.get("teams") if isinstance(document.data, dict) else None
    problems += _key_problems(document, shape, frozenset(written or ())) + _app_problems(document, shape)
    problems += _admin_problems(document, shape) + _token_problems(document, shape)
    callers = {
        key.sha256: Caller(key.id, teams[key.team], key.app, key.expires) for key in shape.keys if key.team in teams
    }
    admins = {row.sha256: Admin(row.id, row.role, _some(row.teams)) for row in shape.admins if row.sha256 is not None}
    vouched = tuple(
        OidcAdmin(row.id, row.role, _some(row.teams), row.oidc) for row in shape.admins if row.oidc is not None
    )
    tokens = TokenRules(**shape.jwt.model_dump(exclude={"at"})) if shape.jwt is not None else None
    return Keyring(callers, teams, frozenset(shape.tags), admins, vouched, tokens), problems


def _some(teams: list[str] | None) -> frozenset[str] | None:
    return None if teams is None else frozenset(teams)


def _team(name: str, row: TeamShape) -> Team:
    budget = _budget(row.budget) if row.budget else None
    apps = {app: _budget(inner.budget) for app, inner in row.apps.items()}
    rate = Rate(row.rate.requests_per_minute, row.rate.tokens_per_minute) if row.rate else None
    return Team(name, row.residency, row.data_class, frozenset(row.allow), budget, rate, apps)


def _budget(row: BudgetShape) -> Budget:
    return Budget(row.usd, row.per, row.when_spent)


def _app_problems(document: Document, shape: CallersFile) -> list[Problem]:
    """A budget that bounds nobody."""
    problems: list[Problem] = []
    for name, team in shape.teams.items():
        known = {key.app for key in shape.keys if key.team == name and key.app is not None}
        for app in team.apps.keys() - known:
            words = f"no key of team `{name}` is of app `{app}`, so its budget bounds nobody"
            way_out = nearest(app, known) if known else f"write `app: {app}` in the rows of its keys"
            wrong = document.problem(words, ("teams", name, "apps", app), key=True, help=way_out)
            problems.append(replace(wrong, severity="warning"))
    return problems


def _token_problems(document: Document, shape: CallersFile) -> list[Problem]:
    if shape.jwt is None:
        return []
    problems: list[Problem] = []
    url, file = shape.jwt.jwks_url, shape.jwt.jwks_file
    if (url is None) == (file is None):
        words = "the issuer's public keys come from one place"
        problems.append(document.problem(words, ("jwt",), key=True, help="write `jwks_url:` or `jwks_file:`"))
    if url is not None and not _is_safe(url):
        words = "a key set is fetched by https alone, or by http from this machine"
        problems.append(document.problem(words, ("jwt", "jwks_url"), help="write an `https://` address"))
    for value, team in shape.jwt.teams.items():
        if team not in shape.teams:
            way_out = nearest(team, shape.teams)
            problems.append(document.problem(f"no team is called `{team}`", ("jwt", "teams", value), help=way_out))
    return problems


def _is_safe(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    named = bool(host) and parts.username is None and parts.password is None and not parts.fragment
    return named and (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host)))


def _admin_problems(document: Document, shape: CallersFile) -> list[Problem]:
    problems: list[Problem] = []
    ids, hashes = set(RESERVED_ADMINS), {key.sha256 for key in shape.keys}
    for row in shape.admins:
        for place, team in enumerate(row.teams or ()):
            if team not in shape.teams:
                way_out = nearest(team, shape.teams)
                problems.append(
                    document.problem(f"no team is called `{team}`", (*row.at, "teams", place), help=way_out)
                )
        if row.id in ids:
            words = f"another administrator is called `{row.id}`, or the name is reserved"
            problems.append(document.problem(words, (*row.at, "id"), help="rename one"))
        if (row.sha256 is None) == (row.oidc is None):
            words = f"administrator `{row.id}` comes by one way"
            problems.append(document.problem(words, (*row.at, "id"), help="write `sha256:` or `oidc:`"))
        if row.sha256 is not None and row.sha256 in hashes:
            words = f"administrator `{row.id}` has the token of another, or a caller's key"
            problems.append(document.problem(words, (*row.at, "sha256"), help="give everybody a token of their own"))
        ids.add(row.id)
        if row.sha256 is not None:
            hashes.add(row.sha256)
    return problems


def _key_problems(document: Document, shape: CallersFile, teams: frozenset[str]) -> list[Problem]:
    problems: list[Problem] = []
    ids: set[str] = set()
    hashes: set[str] = set()
    for key in shape.keys:
        if key.team not in teams:
            way_out = nearest(key.team, teams)
            problems.append(document.problem(f"no team is called `{key.team}`", (*key.at, "team"), help=way_out))
        if key.id in ids:
            problems.append(document.problem(f"two keys are called `{key.id}`", (*key.at, "id"), help="rename one"))
        if key.sha256 in hashes:
            words = f"key `{key.id}` is the same key as another"
            problems.append(document.problem(words, (*key.at, "sha256"), help="give every caller a key of its own"))
        ids.add(key.id)
        hashes.add(key.sha256)
    return problems

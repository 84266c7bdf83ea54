"""Who is calling: an API key becomes a Caller. Keys are kept as SHA-256 only."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Literal

ROLES = ("viewer", "operator", "admin")  # of administrators, each with all that stands before it
Role = Literal["viewer", "operator", "admin"]
RESERVED_ADMINS = ("GATEWAY_ADMIN_TOKEN", "console")  # ids of who comes with the settings' token or the printed one
DATA_CLASSES = ("public", "internal", "confidential", "regulated")  # ascending


Place = tuple[Literal["operator", "endpoint", "model"], str]
Subject = tuple[str, ...]  # `team` T, `app` T A, or a Place


@dataclass(frozen=True, slots=True)
class Budget:
    """What may be spent per UTC period: by a team, by one app of it, or at a place."""

    usd: Decimal
    per: Literal["day", "week", "month"]
    when_spent: Literal["reject", "self_only"]


@dataclass(frozen=True, slots=True)
class Rate:
    """Ceilings per minute; None: no ceiling."""

    requests_per_minute: int | None
    tokens_per_minute: int | None


@dataclass(frozen=True, slots=True)
class Team:
    """What a team's keys share."""

    id: str
    residency: str  # `any` or the name of a set
    data_class: str
    allow: frozenset[str]  # of shadow, judge
    budget: Budget | None
    rate: Rate | None
    apps: Mapping[str, Budget] = field(default_factory=dict, hash=False)  # budgets inside the team's
    by_policy: tuple[Budget, ...] = ()  # beside its own: of policy.yaml
    accounts: tuple[Account, ...] = field(init=False, repr=False, compare=False)  # one a budget, the team's first

    def __post_init__(self) -> None:
        own = (Account(self.id, None, self.budget),) if self.budget is not None else ()
        of_apps = tuple([Account(self.id, app, budget) for app, budget in self.apps.items()])
        of_policy = tuple([Account(self.id, None, budget, by_policy=True) for budget in self.by_policy])
        object.__setattr__(self, "accounts", own + of_apps + of_policy)


@dataclass(frozen=True, slots=True)
class Account:
    """What one budget bounds: what a team spends, what one app of it does, or what is spent at one place by anybody."""

    team: str  # "": of a place
    app: str | None  # None: all apps
    budget: Budget
    place: Place | None = None  # of the catalogue: a kind and an id
    by_policy: bool = False  # a team's budget that stands in policy.yaml, beside its own

    @property
    def subject(self) -> Subject:
        """Whose spending it counts, or where."""
        if self.place is not None:
            return self.place
        return ("team", self.team) if self.app is None else ("app", self.team, self.app)

    @property
    def label(self) -> str:
        """As records and metrics name what it stops: `budget`, for a place with its name."""
        return "budget" if self.place is None else f"budget:{':'.join(self.place)}"

    def __str__(self) -> str:
        if self.place is not None:
            return f"{self.place[0]} `{self.place[1]}`"
        return f"team `{self.team}`" if self.app is None else f"app `{self.app}` of team `{self.team}`"


@dataclass(frozen=True, slots=True)
class Caller:
    """The owner of one key."""

    key_id: str
    team: Team
    app: str | None
    expires: date | None
    accounts: tuple[Account, ...] = field(init=False, repr=False, compare=False)  # that its requests are charged to

    def __post_init__(self) -> None:
        charged = tuple([account for account in self.team.accounts if account.app in (None, self.app)])
        object.__setattr__(self, "accounts", charged)


@dataclass(frozen=True, slots=True)
class Admin:
    """Who may look at the control listener, and change what."""

    id: str
    role: Role
    teams: frozenset[str] | None = None  # what is these teams' alone; None: of all


@dataclass(frozen=True, slots=True)
class OidcAdmin:
    """An administrator whom an identity provider vouches for: whoever has all these claims."""

    id: str
    role: Role
    teams: frozenset[str] | None
    claims: Mapping[str, str] = field(hash=False)


@dataclass(frozen=True, slots=True)
class Keyring:
    """All callers and administrators by the SHA-256 hex digest of their key or token, and the closed list of tags."""

    callers: dict[str, Caller]
    teams: dict[str, Team]
    tags: frozenset[str]
    admins: Mapping[str, Admin] = field(default_factory=dict)
    oidc_admins: tuple[OidcAdmin, ...] = ()  # in the file's order: the first that fits counts
    tokens: TokenRules | None = None  # of an identity provider; None: no token is let in
    places: tuple[Account, ...] = ()  # budgets of policy.yaml that bound what anybody spends somewhere

    @property
    def accounts(self) -> list[Account]:
        """Of all teams and places."""
        return [*(account for team in self.teams.values() for account in team.accounts), *self.places]

    def bounded(self, by_team: Mapping[str, Sequence[Budget]], places: Sequence[Account]) -> Keyring:
        """With the budgets of policy.yaml: of teams, and of places."""
        teams = {
            name: replace(team, by_policy=tuple(by_team[name])) if name in by_team else team
            for name, team in self.teams.items()
        }
        callers = {
            key: replace(caller, team=teams[caller.team.id]) if caller.team.id in by_team else caller
            for key, caller in self.callers.items()
        }
        return replace(self, callers=callers, teams=teams, places=tuple(places))


@dataclass(frozen=True, slots=True)
class TokenRules:
    """Whose tokens are let in, and which claims say what."""

    issuer: str
    audience: str
    jwks_url: str | None  # of these two exactly one
    jwks_file: str | None
    team_claim: str
    app_claim: str | None
    data_class_claim: str | None
    teams: Mapping[str, str] = field(default_factory=dict)  # by what the claim says; empty: it says the team

    @property
    def source(self) -> str:
        """Where the issuer's keys come from."""
        return self.jwks_url or self.jwks_file or ""


def digest(key: str) -> str:
    """What is kept of a key."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()

"""Who is calling: an API key becomes a Caller. Keys are kept as SHA-256 only."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Literal

ROLES = ("viewer", "operator", "admin")  # of administrators, each with all that stands before it
Role = Literal["viewer", "operator", "admin"]
RESERVED_ADMINS = ("GATEWAY_ADMIN_TOKEN", "console")  # ids of who comes with the settings' token or the printed one
DATA_CLASSES = ("public", "internal", "confidential", "regulated")  # ascending


@dataclass(frozen=True, slots=True)
class Budget:
    """What a team, or one app of it, may spend per UTC period."""

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
    accounts: tuple[Account, ...] = field(init=False, repr=False, compare=False)  # one a budget, the team's first

    def __post_init__(self) -> None:
        own = (Account(self.id, None, self.budget),) if self.budget is not None else ()
        of_apps = tuple([Account(self.id, app, budget) for app, budget in self.apps.items()])
        object.__setattr__(self, "accounts", own + of_apps)


@dataclass(frozen=True, slots=True)
class Account:
    """What one budget bounds: all that a team spends, or all that one app of it does."""

    team: str
    app: str | None  # None: all apps
    budget: Budget


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

    @property
    def accounts(self) -> list[Account]:
        """Of all teams."""
        return [account for team in self.teams.values() for account in team.accounts]


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

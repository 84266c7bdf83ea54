"""Who is calling: an API key becomes a Caller. Compiled from callers.yaml; keys are kept as SHA-256 only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

DATA_CLASSES = ("public", "internal", "confidential", "regulated")  # ascending


@dataclass(frozen=True, slots=True)
class Budget:
    """What a team may spend per UTC period."""

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


@dataclass(frozen=True, slots=True)
class Caller:
    """The owner of one key."""

    key_id: str
    team: Team
    app: str | None
    expires: date | None


@dataclass(frozen=True, slots=True)
class Keyring:
    """All callers by the SHA-256 hex digest of their key, and the closed list of tags."""

    callers: dict[str, Caller]
    teams: dict[str, Team]
    tags: frozenset[str]

"""Rows beside the facts: licences, listings, notices, body fields, how vendors say no, how they are told to think."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from math import inf
from typing import Literal


@dataclass(frozen=True, slots=True)
class Listing:
    """What exactly stands on a restricted-party list, since when."""

    list: str
    what: str
    date: str | None
    source: str | None


@dataclass(frozen=True, slots=True)
class Licence:
    """A licence and what it asks of whom; None: nothing of the kind was found."""

    id: str
    name: str
    family: Literal["permissive", "restricted", "proprietary"] | None
    maas: str | None
    revenue_usd: int | None  # a year
    display: str | None
    monthly_users: int | None
    territory_excluded: tuple[str, ...]
    commercial: Literal["allowed", "authorisation", "forbidden"] | None
    relaying_exempt: bool | None
    exempt: str | None
    source: str | None
    read: bool = True  # False: nobody has read what it asks

    @property
    def binding(self) -> frozenset[str]:
        """The gates that ask something of somebody."""
        said = (name for name in GATES if getattr(self, name) not in (None, (), "allowed"))
        return frozenset(said)


GATES = ("commercial", "display", "maas", "monthly_users", "revenue_usd", "territory_excluded")


@dataclass(frozen=True, slots=True)
class Ceilings:
    """How much an endpoint is asked at most; None: as much as comes."""

    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None  # prompt and answer
    at_once: int | None = None  # requests under way
    queue: int | None = None  # requests that may wait for a seat, in each worker
    queue_s: float | None = None  # seconds they wait at most


@dataclass(frozen=True, slots=True)
class EndpointLimits:
    """Bounds of one request at an endpoint, beside the route's: the tighter holds."""

    first_byte_s: float = inf
    whole_s: float = inf
    idle_s: float = inf
    total_s: float = inf  # of one attempt
    usd: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Proxy:
    """What connections go through, by CONNECT."""

    url: str | None = None  # http://HOST:PORT; None: what HTTPS_PROXY names
    login_env: str | None = None  # the variable that holds `user:password`
    login_file: str | None = None  # the file that does


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Paths of PEM files that connections are made with, read again when they change."""

    authorities: str | None = None  # instead of the system's
    certificate: str | None = None  # ours
    key: str | None = None  # None: it stands with the certificate


@dataclass(frozen=True, slots=True)
class Notice:
    """A ban, an incident, a finding or a proposal: information, never a rule."""

    kind: Literal["ban", "incident", "finding", "proposal"]
    about: tuple[str, ...]  # ids of labs, operators or models
    where: str | None
    what: str
    date: str | None
    source: str | None


@dataclass(frozen=True, slots=True)
class BodyField:
    """A request field that moves or keeps data elsewhere, and what the request then needs."""

    api: str
    path: str  # dots for fields, [] for every item: tools[].type
    needs: Literal["stored_state", "hosted_tools", "refused"]
    values: frozenset[str | bool] | None = None  # None: whenever the field is present; `x*` matches what starts so
    except_values: frozenset[str | bool] | None = None  # with any value but these
    why: str = ""
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Parameters:
    """What bodies are given, bounded by and relieved of on their way out, in the words of the wire they are sent in."""

    add: tuple[tuple[str, bytes], ...] = ()  # a field and its JSON: where the caller says nothing
    max_tokens: int | None = None  # the most output tokens, whatever the wire calls that
    drop: frozenset[str] = frozenset()  # fields that are left out, before others are added


@dataclass(frozen=True, slots=True)
class Contract:
    """What was agreed with an operator."""

    operator: str
    models: frozenset[str] | None  # None: all
    since: datetime
    until: datetime | None  # None: it goes on
    discount_percent: Decimal | None
    committed_usd_per_month: Decimal | None


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing a reply must show; `path` is `text` (the whole body) or dotted, with [] for every item."""

    path: str
    values: frozenset[str] = frozenset()
    pattern: re.Pattern[str] | None = None
    present: bool = False  # any value but null will do


@dataclass(frozen=True, slots=True)
class ModerationSignal:
    """One way a vendor says no or falters, matched on status, code and text together."""

    id: str
    vendor: str
    operators: frozenset[str]  # empty: any
    stage: Literal["input", "output", "any"]
    statuses: frozenset[int]  # empty: any
    conditions: tuple[Condition, ...]
    outcome: Literal["filtered", "declined", "failed"]
    retry: bool
    confidence: Literal[
        "high", "medium", "low", "unknown"
    ]  # `unknown` rows never match: they record what was not found
    source: str | None = None
    checked: str | None = None  # the day on which it was last compared with that
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Factor:
    """One reason for a level of risk; it counts unless one of its tests is known to be false."""

    id: str
    level: Literal["low", "medium", "high"]
    why: str
    when: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Reasoning:
    """How a vendor is told how hard to think, and what it wants back of its thoughts."""

    vendor: str
    operators: frozenset[str]
    models: tuple[str, ...]  # globs
    efforts: Mapping[str, Mapping[str, object]]  # body fields to set, by effort
    field: str | None  # where the thoughts stand in a message or delta
    replay: Literal["required_with_tools", "allowed", "forbidden", "unknown"]
    default_on: bool | None
    source: str | None

"""What a policy is made of, compiled: guards and routes with their names resolved, and the bounds of a request."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import lru_cache
from math import ceil
from typing import Literal

from gateway.catalog.facts import Endpoint
from gateway.catalog.rows import EndpointLimits, Parameters
from gateway.errors import Place
from gateway.signals.value import Value

Order = Literal["listed", "price", "cost_per_answer", "first_byte", "total_time", "refusals", "weighted"]
Constant = str | bool | float
DAY_S = 86_400.0
_EPOCH_DAY = date(1970, 1, 1).toordinal()


@dataclass(frozen=True, slots=True)
class Term:
    """One test as written, its names resolved. Ranges over ordered words are spelled out as values."""

    values: frozenset[Constant] = frozenset()
    globs: tuple[str, ...] = ()
    paths: bool = False  # the globs are of paths: `*` stays inside one part
    bounds: tuple[tuple[str, float], ...] = ()  # (below | above | at_least | at_most, number)
    negated: bool = False
    has: bool = False


@dataclass(frozen=True, slots=True)
class Clause:
    """One test of a `when`; never asked about an unknown signal."""

    signal: str
    term: Term
    holds: Callable[[Value], bool]


@dataclass(frozen=True, slots=True)
class FactTest:
    """One test of an `only`, a `never` or an `{any: …}`."""

    fact: str
    term: Term


@dataclass(frozen=True, slots=True)
class Guard:
    """Removes the endpoints of `removes` from every request for which all clauses hold."""

    name: str
    why: str | None
    when: tuple[Clause, ...]
    only: tuple[FactTest, ...]
    never: tuple[FactTest, ...]
    removes: int
    place: Place


@dataclass(frozen=True, slots=True)
class Item:
    """One item of `try`: endpoints in the order of the catalogue, each with its bit."""

    text: str
    pairs: tuple[tuple[int, Endpoint], ...]
    mask: int
    model: str | None  # the one model that the item names
    prices: tuple[FactTest, ...] = ()  # tests on `price_output`, which depends on the time
    requested: bool = False  # stands for the endpoints that the caller named
    passes: bool = False  # stands for names that the catalogue does not know, and for nothing else

    def restricted(self, model: str | None) -> Item:
        """Only the endpoints of this model."""
        pairs = tuple(pair for pair in self.pairs if pair[1].model.id == model)
        return replace(self, pairs=pairs, mask=sum(bit for bit, _ in pairs))


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one request."""

    first_byte_s: float  # of each attempt at a stream
    whole_s: float  # of each attempt at a whole reply, to its last byte
    idle_s: float  # of a stream between two signs of life
    total_s: float  # of the request, to its last byte
    attempts: int
    usd: Decimal | None  # endpoints whose worst case is above it are skipped
    retry_same: int = 0  # tries more of an endpoint that breaks a connection or says 5xx


@lru_cache(maxsize=4096)
def tightened(limits: Limits, own: EndpointLimits) -> Limits:
    """Those of a route at an endpoint that has bounds of its own."""
    amounts = [usd for usd in (limits.usd, own.usd) if usd is not None]
    return replace(
        limits,
        first_byte_s=min(limits.first_byte_s, own.first_byte_s),
        whole_s=min(limits.whole_s, own.whole_s),
        idle_s=min(limits.idle_s, own.idle_s),
        total_s=min(limits.total_s, own.total_s),
        usd=min(amounts, default=None),
    )


@dataclass(frozen=True, slots=True)
class OnRefusal:
    """When another endpoint is asked instead, and how long an opening is held to tell."""

    reroute: frozenset[str]  # of filtered, blank, declined, evaded
    except_topics: frozenset[str]
    prefer: Literal["same_weights_elsewhere", "other_lineage", "listed"]
    hold_chars: int
    hold_seconds: float
    thinking_s: float
    hops: int


@dataclass(frozen=True, slots=True)
class Share:
    """A share of the requests: a canary, a shadow, the judge."""

    endpoint: Endpoint
    percent: float
    stop_above: tuple[tuple[str, float], ...] = ()  # (refusal_rate | failure_rate, bound)

    @property
    def name(self) -> str:
        """Of what is counted for it: a canary that is changed begins anew."""
        return " ".join(
            [f"{self.endpoint.id} {self.percent:g}%", *(f"{name}>{bound:g}" for name, bound in self.stop_above)]
        )


@dataclass(frozen=True, slots=True)
class Cache:
    """How long the answers of a route are kept, and who is given them again."""

    ttl_s: float
    scope: Literal["team", "key"]
    when: tuple[Clause, ...]  # an unknown signal makes a test false: what is not known is not kept
    tools: bool  # also of requests that offer tools


@dataclass(frozen=True, slots=True)
class Route:
    """Proposes endpoints for the requests for which all clauses hold."""

    name: str
    when: tuple[Clause, ...]
    items: tuple[Item, ...]
    order: Order
    affinity: Literal["none", "conversation"]
    limits: Limits
    on_refusal: OnRefusal
    baseline: Endpoint | None
    canary: Share | None
    shadow: Share | None
    exploration: Literal["none", "thompson"]
    place: Place
    parameters: Parameters | None = None  # of bodies that are sent, before the endpoint's
    weights: tuple[float, ...] = ()  # by the endpoints' index, for `order: weighted`; (): every endpoint weighs 1
    cache: Cache | None = None  # None: every answer is made anew

    def __repr__(self) -> str:
        return f"<route {self.name}>"

    def weight(self, endpoint: Endpoint) -> float:
        """Its part of what the endpoints of one item share; 0: it is asked after all others."""
        return self.weights[endpoint.index] if self.weights else 1.0


@dataclass(frozen=True, slots=True)
class Waiver:
    """One guard does not hold for one team, until the end of a day."""

    guard: str
    guard_index: int
    team: str
    until: date  # the last day, UTC
    approved_by: str
    reason: str
    place: Place

    @property
    def ends(self) -> float:
        """The midnight after it, in seconds since the epoch: from then on the guard holds again."""
        return (self.until.toordinal() + 1 - _EPOCH_DAY) * DAY_S

    def days_left(self, at: float) -> int:
        """Days on which it still lifts the guard, today included; 0 once it has ended."""
        return max(0, ceil((self.ends - at) / DAY_S))


@dataclass(frozen=True, slots=True)
class Probe:
    """When the refusal map is measured again, and on whose account."""

    team: str
    every_s: float
    usd: Decimal


@dataclass(frozen=True, slots=True)
class Capability:
    """Which endpoints can serve what, as masks."""

    kinds: Mapping[str, int]
    needs: Mapping[str, int]
    contexts: tuple[int, ...]  # ascending
    too_short: tuple[int, ...]  # by how many of `contexts` are below the tokens


def glob(pattern: str) -> re.Pattern[str]:
    """`*` stands for any letters; everything else for itself."""
    return re.compile(".*".join(re.escape(part) for part in pattern.split("*")) + r"\Z", re.DOTALL)


def path_glob(pattern: str) -> re.Pattern[str]:
    """`*` stands for any letters of one part of a path, `**` for any parts; `a/**` takes `a` itself too."""
    parts = re.split(r"(/\*\*(?=/|\Z)|\A\*\*/|\*\*|\*)", pattern)
    spelled = {"/**": "(?:/.*)?", "**/": "(?:.*/)?", "**": ".*", "*": "[^/]*"}
    return re.compile("".join(spelled.get(part, re.escape(part)) for part in parts) + r"\Z", re.DOTALL)

"""`gateway report adoption`: whose weights, on whose machines, serve which share of what is asked and paid."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from typing_extensions import TypedDict  # on Python 3.11 pydantic reads no other

from gateway.outcome.row import Row, Tried
from gateway.policy.compiled import Policy
from gateway.report.dimensions import FACTS, Keys, place_of

CALLERS = ("team", "app", "key_id", "route")
DAY = "day"  # UTC
BY = (*FACTS, *CALLERS, DAY)
NONE = "none"  # the request reached no endpoint
CACHE = "cache"  # it was given an answer again


class AdoptionRow(TypedDict):
    """How much of everything one key served. Money in US dollars."""

    key: str
    requests: int
    share: float  # of all requests, 0..1
    tokens: int
    cost_usd: str
    callers: int


class DayOfAdoption(TypedDict):
    """Requests of one day (YYYY-MM-DD, UTC) by key."""

    day: str
    requests: dict[str, int]


class AdoptionReport(TypedDict):
    """`by` names the fact or column that keys are values of."""

    by: str
    requests: int
    rows: list[AdoptionRow]
    days: list[DayOfAdoption]


@dataclass(slots=True)
class _Part:
    requests: int = 0
    tokens: int = 0
    cost_usd: Decimal = Decimal(0)
    callers: set[str] = field(default_factory=set)


def adoption(rows: Iterable[Row], policy: Policy, by: str) -> AdoptionReport:
    """The report as JSON. A request belongs to its last serving attempt, else to `none` or `cache`; tokens and
    cost to each attempt's endpoint.

    Of a fact with several values (`lineage`, `exposure`) a request counts under each, so shares add up to more than 1.
    """
    parts: dict[str, _Part] = defaultdict(_Part)
    days: dict[str, Counter[str]] = defaultdict(Counter)
    total = 0
    keys = _keys(policy, by)
    for row in rows:
        if row.is_measurement:
            continue
        total += 1
        for key in keys(row, row.last):
            parts[key].requests += 1
            parts[key].callers.add(row.key)
            days[_day(row)][key] += 1
        for attempt in row.served:
            for key in keys(row, attempt):
                parts[key].tokens += attempt.tokens.input_tokens + attempt.tokens.output_tokens
                parts[key].cost_usd += attempt.cost_usd or 0
    ordered = sorted(parts) if by == DAY else sorted(parts, key=lambda key: (-parts[key].requests, key))
    return {
        "by": by,
        "requests": total,
        "rows": [_row(key, parts[key], total) for key in ordered],
        "days": [{"day": day, "requests": dict(days[day])} for day in sorted(days)],
    }


def _day(row: Row) -> str:
    return row.at.date().isoformat()


def _keys(policy: Policy, by: str) -> Callable[[Row, Tried | None], Keys]:
    if by == DAY:
        return lambda row, attempt: (_day(row),)
    if by in CALLERS:
        return lambda row, attempt: (getattr(row, by) or NONE,)
    place = place_of(policy.catalog, by)
    return lambda row, attempt: place(attempt.endpoint) if attempt is not None else _nowhere(row)


def _nowhere(row: Row) -> Keys:
    return (CACHE if row.is_kept_answer else NONE,)


def _row(key: str, part: _Part, total: int) -> AdoptionRow:
    return {
        "key": key,
        "requests": part.requests,
        "share": part.requests / total,
        "tokens": part.tokens,
        "cost_usd": format(part.cost_usd, "f"),
        "callers": len(part.callers),
    }

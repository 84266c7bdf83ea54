"""`gateway report breakeven`: own machines by the hour against the same weights hosted elsewhere by the token."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from math import ceil, inf
from typing import NotRequired

from typing_extensions import TypedDict  # on Python 3.11 pydantic reads no other

from gateway.catalog.facts import Catalog, Endpoint
from gateway.catalog.prices import Usage, cost
from gateway.outcome.row import Row, Tried
from gateway.policy.compiled import Policy

HOUR_S = 3600.0
MONTH_H = 730.0
TYPICAL = Usage(input_tokens=1000, output_tokens=400)  # of a request, where nothing was measured
NO_MACHINE = "no endpoint with `hosting: self` has `usd_per_hour`"
ALONE = "no hosted endpoint of the same weights has a known price, so there is nothing to break even with"
MOST_MACHINES = 10  # on the curve
JUST_ABOVE = 1 + 1e-6  # where a step of the curve ends
CURVE = (0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0)  # of the nearest break-even


class Typical(TypedDict):
    """Tokens of a typical request."""

    input_tokens: int
    output_tokens: int


class CurvePoint(TypedDict):
    """What one request costs (US dollars) at a volume, and on how many machines."""

    requests_per_hour: float
    machines: int
    self_usd_per_request: str


class Machine(TypedDict):
    """An own endpoint with `usd_per_hour`; money in US dollars."""

    endpoint: str
    usd_per_hour: str
    requests: int
    capacity_requests_per_hour: float | None  # None: what it writes at full load is not known
    idle_share: float  # 0..1 of the time
    transfer_usd: str
    actual_usd: str
    typical: Typical
    curve: list[CurvePoint]


class Rival(TypedDict):
    """A hosted endpoint of the same weights; None: a machine at full load costs more than it."""

    endpoint: str
    hosted: str
    hosted_usd_per_request: str
    self_usd_per_request: str | None  # None: no request yet
    requests_per_hour: float
    break_even_requests_per_hour: float | None
    break_even_tokens_per_month: int | None
    pays: bool


class BreakevenReport(TypedDict):
    """`hours`: of the ledger. `note`: why there is no row."""

    hours: float
    rows: list[Rival]
    machines: list[Machine]
    note: NotRequired[str]


@dataclass(slots=True)
class _Use:
    """What one endpoint did."""

    requests: int = 0
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    transfer_usd: Decimal = Decimal(0)
    spans: list[tuple[float, float]] = field(default_factory=list)

    def add(self, attempt: Tried, began: float) -> None:
        usage = attempt.tokens
        self.requests += 1
        self.input_tokens += usage.input_tokens
        self.cached_tokens += usage.cached_tokens
        self.output_tokens += usage.output_tokens
        self.transfer_usd += attempt.cost_usd or 0
        self.spans.append((began, began + (attempt.total_s or 0.0)))

    @property
    def typical(self) -> Usage:
        """Of one request."""
        if not self.requests:
            return TYPICAL
        n = self.requests
        return Usage(
            input_tokens=round(self.input_tokens / n),
            cached_tokens=round(self.cached_tokens / n),
            output_tokens=round(self.output_tokens / n),
        )


def breakeven(rows: Iterable[Row], policy: Policy) -> BreakevenReport:
    """The report as JSON: one row for each hosted endpoint of the weights of each endpoint with `usd_per_hour`.

    A machine whose `output_tokens_per_s` is known serves no more; a larger volume needs another one beside it.
    """
    uses: dict[str, _Use] = defaultdict(_Use)
    first = last = 0.0
    for row in rows:
        began = row.received_at
        first, last = min(first or began, began), max(last, row.ended)
        for attempt in row.served:
            uses[attempt.endpoint].add(attempt, began)
            began += attempt.total_s or 0.0
            last = max(last, began)
    owned = [endpoint for endpoint in policy.endpoints if endpoint.hosting == "self" and endpoint.usd_per_hour]
    hours = (last - first) / HOUR_S
    made = [_owned(endpoint, uses[endpoint.id], hours, last, policy.catalog) for endpoint in owned]
    rivals = [row for _, rows in made for row in rows]
    report: BreakevenReport = {"hours": hours, "rows": rivals, "machines": [owner for owner, _ in made]}
    if not rivals:
        report["note"] = ALONE if owned else NO_MACHINE
    return report


def _owned(endpoint: Endpoint, use: _Use, hours: float, at: float, catalog: Catalog) -> tuple[Machine, list[Rival]]:
    per_hour, capacity = endpoint.usd_per_hour or Decimal(0), _capacity(endpoint, use.typical)
    busy = min(busy_s(use.spans) / HOUR_S / hours, 1.0) if hours else 0.0
    rows = list(_rivals(endpoint, use, hours, at, catalog))
    needed = [row["break_even_requests_per_hour"] for row in rows if row["break_even_requests_per_hour"] is not None]
    machine: Machine = {
        "endpoint": endpoint.id,
        "usd_per_hour": format(per_hour, "f"),
        "requests": use.requests,
        "capacity_requests_per_hour": capacity if capacity < inf else None,
        "idle_share": 1 - busy,
        "transfer_usd": format(use.transfer_usd, "f"),
        "actual_usd": _usd(float(per_hour) * hours),
        "typical": {"input_tokens": use.typical.input_tokens, "output_tokens": use.typical.output_tokens},
        "curve": _curve(float(per_hour), min(needed, default=capacity), capacity) if rows else [],
    }
    return machine, rows


def _capacity(endpoint: Endpoint, typical: Usage) -> float:
    """Requests an hour that one machine serves; infinite if that is unknown."""
    if endpoint.output_tokens_per_s is None or not typical.output_tokens:
        return inf
    return endpoint.output_tokens_per_s * HOUR_S / typical.output_tokens


def _machines(volume: float, capacity: float) -> int:
    return max(ceil(volume / capacity - 1e-9), 1)  # full is not one more


def _rivals(endpoint: Endpoint, use: _Use, hours: float, at: float, catalog: Catalog) -> Iterator[Rival]:
    """Cheapest first; those without a known price are left out."""
    usage = use.typical
    tokens = usage.input_tokens + usage.output_tokens
    priced = [
        (float(found[0]), rival)
        for rival in catalog.endpoints.values()
        if rival.model is endpoint.model and rival.hosting == "hosted" and (found := cost(rival.prices, usage, at=at))
    ]
    volume, capacity = use.requests / hours if hours else 0.0, _capacity(endpoint, usage)
    for usd, rival in sorted(priced, key=lambda pair: (pair[0], pair[1].id)):
        if usd > 0:
            needed = float(endpoint.usd_per_hour or 0) / usd
            yield {
                "endpoint": endpoint.id,
                "hosted": rival.id,
                "hosted_usd_per_request": _usd(usd),
                "self_usd_per_request": _usd(float(endpoint.usd_per_hour or 0) / volume) if volume else None,
                "requests_per_hour": volume,
                "break_even_requests_per_hour": needed if needed <= capacity else None,  # else a full one costs more
                "break_even_tokens_per_month": round(needed * MONTH_H * tokens) if needed <= capacity else None,
                "pays": volume >= needed * _machines(volume, capacity),
            }


def _curve(per_hour: float, nearest: float, capacity: float) -> list[CurvePoint]:
    """What one request costs by how many there are in an hour; a step up wherever another machine is needed."""
    most = min(nearest * CURVE[-1], capacity * MOST_MACHINES)
    volumes = {nearest * part for part in CURVE if nearest * part < most} | {most}
    full = [capacity * count for count in range(1, MOST_MACHINES) if capacity * count < most]
    volumes |= {*full, *(volume * JUST_ABOVE for volume in full)}
    return [
        {
            "requests_per_hour": volume,
            "machines": (machines := _machines(volume, capacity)),
            "self_usd_per_request": _usd(per_hour * machines / volume),
        }
        for volume in sorted(volumes)
    ]


def busy_s(spans: Iterable[tuple[float, float]]) -> float:
    """Seconds in which at least one of them lasts."""
    total = until = 0.0
    for began, ended in sorted(spans):
        total += max(0.0, ended - max(began, until))
        until = max(until, ended)
    return total


def _usd(money: float) -> str:
    return f"{money:.8f}"

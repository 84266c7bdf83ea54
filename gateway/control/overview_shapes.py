"""What GET /api/overview says: named types of the OpenAPI document."""

from __future__ import annotations

from gateway.control.shapes import Shape
from gateway.report.refusals import Cell
from gateway.report.savings import SavingsReport


class OverviewOrigin(Shape):
    """What weights of one origin served. Money in US dollars, as a decimal text."""

    key: str
    origin: str
    simulated: bool
    requests: int
    share: float
    cost_usd: str


class OverviewAdoption(Shape):
    """By origin of the weights, and as a timeline."""

    rows: list[OverviewOrigin]
    step_s: int
    starts: list[int]
    series: dict[str, list[float]]


class OverviewSeries(Shape):
    """Buckets of `step_s` seconds: their starts, and by name an amount for each."""

    step_s: int
    starts: list[int]
    series: dict[str, list[float]]


class OverviewRule(Shape):
    """What one guard removed, denied and cost."""

    guard: str
    why: str | None
    removed: int
    denied: int
    marginal_usd: float
    blocked_adoption: int
    blocked_adoption_usd: float


class OverviewRules(Shape):
    """All guards, and what they cost together."""

    rows: list[OverviewRule]
    together_usd: float


class OverviewRefusals(Shape):
    """The refusal map, and what refusals led to."""

    enough: int
    models: list[str]
    operators: list[str]
    topics: list[str]
    languages: list[str]
    cells: list[Cell]
    rerouted: int
    rerouted_cost_usd: str
    cut_midway: int


class OverviewEndpoint(Shape):
    """How one endpoint does."""

    endpoint: str
    origin: str
    simulated: bool
    attempts: int
    failed: int
    failure_rate: float
    most_common_failure: str | None
    median_first_byte_s: float | None
    cost_usd: str
    resting: bool


class OverviewDecision(Shape):
    """One of the last requests."""

    request_id: str
    at: float
    team: str | None
    app: str | None
    route: str | None
    outcome: str
    denied_by: str | None
    endpoint: str | None
    simulated: bool
    attempts: int
    cost_usd: str
    total_s: float | None


class OverviewShown(Shape):
    """All that the console shows."""

    policy: str
    since: float | None
    requests: int
    simulated_requests: int
    outcomes: dict[str, int]
    adoption: OverviewAdoption
    money: OverviewSeries
    savings: SavingsReport
    rules: OverviewRules
    refusals: OverviewRefusals
    endpoints: list[OverviewEndpoint]
    decisions: list[OverviewDecision]
    teams: list[str]
    data_classes: list[str]
    models: list[str]
    at: float
    reload: str | None

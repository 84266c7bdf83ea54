"""`gateway report refusals`: how often weights refuse, by operator, topic and language; never by model name alone."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from typing_extensions import TypedDict  # on Python 3.11 pydantic reads no other

from gateway.outcome.row import REFUSALS, UNJUDGED, Row
from gateway.outcome.terms import Terms
from gateway.policy.compiled import Policy
from gateway.report.dimensions import place_of
from gateway.report.judge_agreement import Agreement, Group, SecondOpinions
from gateway.report.wilson import ENOUGH, Cluster, alone, clustered


class Counts(TypedDict):
    """Attempts `n`, those refused in each way, and the rate with its 95 % interval (None below 30)."""

    n: int
    declined: int
    evaded: int
    filtered: int
    blank: int
    rate: float | None
    low: float | None
    high: float | None


class Cell(Counts):
    """Whose weights, on whose machines, about what, in which language."""

    model: str
    operator: str
    topic: str
    language: str


class JudgedCell(Cell, Agreement):
    """With what an LLM judge said of a sample."""


class RefusalsReport(TypedDict):
    """Judged cells if a judge has judged any reply, else all without.

    `requests` of callers, and how many of them `ended_refused`: with a refusal as what the caller got.
    """

    requests: int
    ended_refused: int
    rows: list[Cell] | list[JudgedCell]


@dataclass(slots=True)
class Count:
    """How the attempts of one cell ended."""

    outcomes: Counter[str] = field(default_factory=Counter)
    by_key: dict[str, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0]))
    alone: list[Cluster] = field(default_factory=list)  # observations whose key is not known

    def add(self, outcome: str, *, refused: bool, key_id: str | None) -> None:
        self.outcomes[outcome] += 1
        if key_id is None:
            self.alone.append((int(refused), 1))
            return
        cluster = self.by_key[key_id]
        cluster[0] += refused
        cluster[1] += 1

    @property
    def clusters(self) -> list[Cluster]:
        """Observations by key."""
        return [*((hits, size) for hits, size in self.by_key.values()), *self.alone]

    def cell(self, group: Group) -> Cell:
        """Counts, and with enough of them the rate with its interval."""
        model, operator, topic, language = group
        n = sum(self.outcomes.values())
        rate, low, high = clustered(self.clusters) if n >= ENOUGH else (None, None, None)
        return {
            "model": model,
            "operator": operator,
            "topic": topic,
            "language": language,
            "n": n,
            "declined": self.outcomes["declined"],
            "evaded": self.outcomes["evaded"],
            "filtered": self.outcomes["filtered"],
            "blank": self.outcomes["blank"],
            "rate": rate,
            "low": low,
            "high": high,
        }


def refusals(rows: Iterable[Row], policy: Policy) -> RefusalsReport:
    """The report as JSON. n is every attempt that could have ended in a refusal.

    Where a judge has judged any reply, each line has its corrected rate beside the detector's.
    """
    counts: dict[Group, Count] = defaultdict(Count)
    judged = judged_attempts(policy)
    second = SecondOpinions(policy)
    requests = ended_refused = 0
    for row in rows:
        second.add(row)
        if not row.is_measurement:
            requests += 1
            ended_refused += row.outcome in REFUSALS
        for model, operator, outcome, refused in judged(row):
            group = (model, operator, row.topic, row.language)
            counts[group].add(outcome, refused=refused, key_id=row.key_id)
    cells = {group: counts[group].cell(group) for group in sorted(counts)}
    if not second.any:
        return {"rows": list(cells.values()), "requests": requests, "ended_refused": ended_refused}

    def judged_cell(group: Group, cell: Cell) -> JudgedCell:
        count = counts[group]
        return {**cell, **second.agreement(group, count.outcomes, cell["rate"], alone(count.clusters))}

    judged_cells = [judged_cell(group, cell) for group, cell in cells.items()]
    return {"rows": judged_cells, "requests": requests, "ended_refused": ended_refused}


def judged_attempts(policy: Policy) -> Callable[[Row], Iterator[tuple[str, str, str, bool]]]:
    """From a row to (model, operator, outcome, held against them) of each attempt that could have been refused."""
    terms = Terms(policy)
    models, operators = place_of(policy.catalog, "model"), place_of(policy.catalog, "operator")

    def judged(row: Row) -> Iterator[tuple[str, str, str, bool]]:
        for attempt in row.attempts:
            if attempt.outcome in UNJUDGED or (attempt.purpose == "judge" and row.is_measurement):
                continue  # our own judge was not asked what the topic says, but to read a reply
            refused = attempt.outcome in REFUSALS and not terms.attempt_answered(row, attempt)
            yield models(attempt.endpoint)[0], operators(attempt.endpoint)[0], attempt.outcome, refused

    return judged

"""`gateway report refusals`: how often weights refuse, by operator, topic and language; never by model name alone."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from gateway.outcome.row import REFUSALS, UNJUDGED, Row
from gateway.outcome.terms import Terms
from gateway.policy.compiled import Policy
from gateway.report.place import place_of
from gateway.report.second import Group, SecondOpinions
from gateway.report.wilson import ENOUGH, Cluster, alone, clustered


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

    def plain(self) -> dict[str, Any]:
        """Counts, and with enough of them the rate with its interval."""
        n = sum(self.outcomes.values())
        rate, low, high = clustered(self.clusters) if n >= ENOUGH else (None, None, None)
        return {
            "n": n,
            **{outcome: self.outcomes[outcome] for outcome in REFUSALS},
            "rate": rate,
            "low": low,
            "high": high,
        }


def refusals(rows: Iterable[Row], policy: Policy) -> dict[str, Any]:
    """The report as JSON. n is every attempt that could have ended in a refusal.

    Where a judge has judged any reply, each line has its corrected rate beside the detector's.
    """
    counts: dict[Group, Count] = defaultdict(Count)
    judged = judged_attempts(policy)
    second = SecondOpinions(policy)
    for row in rows:
        second.add(row)
        for model, operator, outcome, refused in judged(row):
            group = (model, operator, row.topic, row.language)
            counts[group].add(outcome, refused=refused, key_id=row.key_id)
    lines = {group: _row(group, counts[group]) for group in sorted(counts)}
    if second.any:
        for group, line in lines.items():
            count = counts[group]
            line |= second.plain(group, count.outcomes, line["rate"], alone(count.clusters))
    return {"rows": list(lines.values())}


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


def _row(group: tuple[str, str, str, str], count: Count) -> dict[str, Any]:
    return dict(zip(("model", "operator", "topic", "language"), group, strict=True)) | count.plain()

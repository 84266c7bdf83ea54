"""`gateway report refusals`: how often weights refuse, by operator, topic and language; never by model name alone."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from gateway.outcome.row import REFUSALS, UNJUDGED, Row
from gateway.outcome.terms import Terms
from gateway.policy.compiled import Policy
from gateway.report.place import place_of
from gateway.report.wilson import Cluster, clustered

ENOUGH = 30  # observations; below, no rate is given


@dataclass(slots=True)
class _Count:
    outcomes: Counter[str] = field(default_factory=Counter)
    by_key: dict[str, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0]))
    alone: list[Cluster] = field(default_factory=list)  # observations whose key is not known


def refusals(rows: Iterable[Row], policy: Policy) -> dict[str, Any]:
    """The report as JSON. n is every attempt that could have ended in a refusal, the judge's own aside."""
    terms = Terms(policy)
    models, operators = place_of(policy.catalog, "model"), place_of(policy.catalog, "operator")
    counts: dict[tuple[str, str, str, str], _Count] = defaultdict(_Count)
    for row in rows:
        for attempt in row.attempts:
            if attempt.outcome in UNJUDGED or attempt.purpose == "judge":
                continue
            group = (models(attempt.endpoint)[0], operators(attempt.endpoint)[0], row.topic, row.language)
            refused = attempt.outcome in REFUSALS and not terms.attempt_answered(row, attempt)
            _add(counts[group], attempt.outcome, refused, row.key_id)
    return {"rows": [_row(group, counts[group]) for group in sorted(counts)]}


def _add(count: _Count, outcome: str, refused: bool, key_id: str | None) -> None:
    count.outcomes[outcome] += 1
    if key_id is None:
        count.alone.append((int(refused), 1))
        return
    cluster = count.by_key[key_id]
    cluster[0] += refused
    cluster[1] += 1


def _row(group: tuple[str, str, str, str], count: _Count) -> dict[str, Any]:
    n = sum(count.outcomes.values())
    clusters = [*((hits, size) for hits, size in count.by_key.values()), *count.alone]
    rate, low, high = clustered(clusters) if n >= ENOUGH else (None, None, None)
    return {
        **dict(zip(("model", "operator", "topic", "language"), group, strict=True)),
        "n": n,
        **{outcome: count.outcomes[outcome] for outcome in REFUSALS},
        "rate": rate,
        "low": low,
        "high": high,
    }

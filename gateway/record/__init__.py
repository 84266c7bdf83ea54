"""What is written down of every Outcome: once, by workers, in the journal; everything else reads that."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from gateway.outcome.outcome import Outcome

Sink = Callable[[Outcome], None]


def record(outcome: Outcome, sinks: Iterable[Sink]) -> None:
    """Runs where a reply ends or a caller leaves, maybe in a cancelled task."""
    for sink in sinks:
        sink(outcome)

"""Wilson's 95 % interval of a rate, widened where the observations of one key are alike. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.estimates.estimate import wilson

ENOUGH = 30  # observations; below, no rate is given
Cluster = tuple[int, int]  # (hits, observations) of one key


def clustered(clusters: Sequence[Cluster]) -> tuple[float, float, float]:
    """The rate over all clusters, and its interval. At least one observation."""
    hits, n = sum(hit for hit, _ in clusters), sum(size for _, size in clusters)
    return hits / n, *wilson(hits / n, alone(clusters))


def alone(clusters: Sequence[Cluster]) -> float:
    """How many observations that stand alone would tell as much. At least one observation."""
    hits, n = sum(hit for hit, _ in clusters), sum(size for _, size in clusters)
    return n / _design_effect(clusters, hits / n, n)


def _design_effect(clusters: Sequence[Cluster], rate: float, n: int) -> float:
    """How much wider the rate varies than it would if every observation stood alone; never below 1."""
    count = len(clusters)
    if count < 2 or rate in (0.0, 1.0):
        return 1.0
    between = sum((hit - rate * size) ** 2 for hit, size in clusters) * count / (count - 1) * (n - 1) / n
    return max(1.0, between / (n * rate * (1 - rate)))

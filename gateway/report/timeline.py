"""Amounts over time in buckets that grow coarser as the time they span grows. Pure."""

from __future__ import annotations

from collections import defaultdict

from typing_extensions import TypedDict  # on Python 3.11 pydantic reads no other

STEPS_S = (5, 15, 60, 300, 1800, 7200, 86_400)
MOST = 120  # buckets


class Series(TypedDict):
    """Buckets of `step_s` seconds: their starts (seconds since the epoch), and by name an amount for each."""

    step_s: int
    starts: list[int]
    series: dict[str, list[float]]


class Timeline:
    """Adds up amounts by name. A name that had nothing in a bucket had 0.0."""

    __slots__ = ("_buckets", "_names", "_step")

    def __init__(self) -> None:
        self._step = 0
        self._names: dict[str, None] = {}
        self._buckets: dict[int, dict[str, float]] = {}

    def add(self, at: float, name: str, amount: float) -> None:
        """`at`: seconds since the epoch."""
        self._names[name] = None
        start = self._start(at)
        if start not in self._buckets:
            self._buckets[start] = defaultdict(float)
            while self._count() > MOST and self._step + 1 < len(STEPS_S):
                self._coarsen()
            start = self._start(at)
        self._buckets[start][name] += amount

    def plain(self) -> Series:
        """Starts of the buckets, oldest first and without gaps, and each name's amounts in them."""
        if not self._buckets:
            return {"step_s": STEPS_S[0], "starts": [], "series": {}}
        step = STEPS_S[self._step]
        last = max(self._buckets)
        first = max(min(self._buckets), last - step * MOST)
        starts = range(first, last + step, step)
        nothing: dict[str, float] = {}
        series = {name: [self._buckets.get(at, nothing).get(name, 0.0) for at in starts] for name in self._names}
        return {"step_s": step, "starts": list(starts), "series": series}

    def _start(self, at: float) -> int:
        step = STEPS_S[self._step]
        return int(at // step * step)

    def _count(self) -> int:
        return (max(self._buckets) - min(self._buckets)) // STEPS_S[self._step] + 1

    def _coarsen(self) -> None:
        finer, self._buckets = self._buckets, {}
        self._step += 1
        for at, amounts in finer.items():
            into = self._buckets.setdefault(self._start(at), defaultdict(float))
            for name, amount in amounts.items():
                into[name] += amount

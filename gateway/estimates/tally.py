"""Counts the observations of one estimate so that no key has more than a fifth of its weight in a day. Pure."""

from __future__ import annotations

from gateway.estimates.estimate import Sums

SHARE = 0.2  # of an estimate's weight: the most that one key adds in a day
HALF_LIFE_DAYS = 30.0  # weights, machines and prices change: what is older counts less
Day = int  # since 1970-01-01


class Tally:
    """Sums of the days that are over, and of today by key. `worth`: the weight of what is believed without data."""

    __slots__ = ("_closed", "_day", "_sums", "_today", "_worth")

    def __init__(self, worth: float):
        self._worth = worth
        self._closed = Sums()
        self._day: Day = 0
        self._today: dict[str, list[float]] = {}
        self._sums: Sums | None = None

    def add(self, day: Day, key: str, value: float) -> None:
        """What comes late counts as today's."""
        if day > self._day:
            self._close(day)
        added = self._today.get(key)
        if added is None:
            added = self._today[key] = [0.0, 0.0, 0.0]
        added[0] += 1
        added[1] += value
        added[2] += value * value
        self._sums = None

    @property
    def sums(self) -> Sums:
        """Each key's observations of today weigh at most SHARE of the whole."""
        if self._sums is None:
            weight, total, squares = self._closed.weight, self._closed.total, self._closed.squares
            most = bound([each[0] for each in self._today.values()], self._worth + weight)
            for count, added, squared in self._today.values():
                part = min(1.0, most / count)
                weight += part * count
                total += part * added
                squares += part * squared
            self._sums = Sums(weight, total, squares)
        return self._sums

    def _close(self, day: Day) -> None:
        kept = 0.5 ** ((day - self._day) / HALF_LIFE_DAYS) if self._day else 1.0
        sums = self.sums
        self._closed = Sums(sums.weight * kept, sums.total * kept, sums.squares * kept)
        self._today = {}
        self._day = day


def bound(counts: list[float], others: float) -> float:
    """The most of one key, so that it is SHARE of `others` and all that the keys add within this bound."""
    ordered = sorted(counts, reverse=True)
    rest = sum(ordered)
    for cut, count in enumerate(ordered[: int(1 / SHARE)]):
        most = SHARE * (others + rest) / (1 - SHARE * cut) if SHARE * cut < 1 else float("inf")
        if count <= most:
            return most
        rest -= count
    left = 1 - SHARE * min(len(ordered), int(1 / SHARE))
    return SHARE * (others + rest) / left if left > 1e-9 else float("inf")

"""A learned number with its 95 % interval, and how data are shrunk to what was thought before. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log1p, sqrt

from gateway.estimates import beta

SURE = 0.95
Z = 1.959963984540054  # of 95 %


@dataclass(frozen=True, slots=True)
class Sums:
    """What the observations of one estimate add up to."""

    weight: float = 0.0  # how many observations they count as
    total: float = 0.0
    squares: float = 0.0

    @property
    def mean(self) -> float:
        return self.total / self.weight

    def without(self, part: Sums) -> Sums:
        """What the others add up to."""
        left = self.weight - part.weight
        if left < 1e-9:
            return NO_DATA
        return Sums(left, max(self.total - part.total, 0.0), max(self.squares - part.squares, 0.0))

    @property
    def spread(self) -> float:
        """Sum of squared differences from the mean."""
        return max(self.squares - self.total * self.total / self.weight, 0.0)


NO_DATA = Sums()


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean, its standard error, and the weight of the data behind it."""

    mean: float
    error: float
    weight: float
    is_rate: bool = False  # between 0 and 1; otherwise it is positive

    @property
    def interval(self) -> tuple[float, float]:
        """95 %: of a rate by the beta distribution, of others even in logarithms."""
        if not self.error or not self.mean:
            return self.mean, self.mean
        if self.is_rate:
            worth = max(self.mean * (1 - self.mean) / (self.error * self.error) - 1, 1e-3)
            return beta.interval(self.mean * worth, (1 - self.mean) * worth, 1 - SURE)
        variance = log1p((self.error / self.mean) ** 2)
        middle, width = self.mean * exp(-variance / 2), Z * sqrt(variance)
        return middle * exp(-width), middle * exp(width)

    @property
    def low(self) -> float:
        return self.interval[0]

    @property
    def high(self) -> float:
        return self.interval[1]


def wilson(rate: float, n: float) -> tuple[float, float]:
    """`n`: how many independent observations the rate is worth."""
    spread = Z * Z / n
    centre = (rate + spread / 2) / (1 + spread)
    half = Z * sqrt(max(rate * (1 - rate), 0.0) / n + spread / (4 * n)) / (1 + spread)
    return max(0.0, centre - half), min(1.0, centre + half)


def shrunk_mean(data: Sums, before: Estimate, *, worth: float, variation: float) -> Estimate:
    """A mean drawn to `before`, which is worth so many observations that vary by `variation` of their mean."""
    n = data.weight
    mean = (worth * before.mean + data.total) / (worth + n)
    spread = data.spread if n else 0.0
    variance = (worth * (variation * before.mean) ** 2 + spread) / (worth + n)
    return Estimate(mean, _error(variance, before.error, worth, n), n)


def shrunk_rate(data: Sums, before: Estimate, *, worth: float) -> Estimate:
    """A rate drawn to `before`, which is worth so many observations."""
    n = data.weight
    mean = (worth * before.mean + data.total) / (worth + n)
    return Estimate(mean, _error(mean * (1 - mean), before.error, worth, n), n, is_rate=True)


def _error(variance: float, before_error: float, worth: float, n: float) -> float:
    """Of the data, and of what is still believed of `before`."""
    return sqrt(variance / (worth + n) + (before_error * worth / (worth + n)) ** 2)

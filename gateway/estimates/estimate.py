"""A learned number with its 95 % interval, and how data are shrunk to what was thought before. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log1p, sqrt

from gateway.estimates.beta import interval

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
    low: float
    high: float


def positive(mean: float, error: float, weight: float) -> Estimate:
    """An estimate of what cannot be negative: its interval is even in logarithms."""
    variance = log1p((error / mean) ** 2) if mean else 0.0
    middle, width = mean * exp(-variance / 2), Z * sqrt(variance)
    return Estimate(mean, error, weight, middle * exp(-width), middle * exp(width))


def rate(mean: float, error: float, weight: float) -> Estimate:
    """An estimate of a rate, as if from the observations that would leave this error."""
    if not error:
        return Estimate(mean, error, weight, mean, mean)
    worth = max(mean * (1 - mean) / (error * error) - 1, 1e-3)
    low, high = interval(mean * worth, (1 - mean) * worth, 1 - SURE)
    return Estimate(mean, error, weight, low, high)


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
    return positive(mean, _error(variance, before.error, worth, n), n)


def shrunk_rate(data: Sums, before: Estimate, *, worth: float) -> Estimate:
    """A rate drawn to `before`, which is worth so many observations."""
    n = data.weight
    mean = (worth * before.mean + data.total) / (worth + n)
    return rate(mean, _error(mean * (1 - mean), before.error, worth, n), n)


def _error(variance: float, before_error: float, worth: float, n: float) -> float:
    """Of the data, and of what is still believed of `before`."""
    return sqrt(variance / (worth + n) + (before_error * worth / (worth + n)) ** 2)

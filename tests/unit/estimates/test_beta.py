"""Quantiles of the beta distribution against those that can be worked out by hand."""

from __future__ import annotations

import pytest

from gateway.estimates.beta import below, interval


@pytest.mark.parametrize(("x", "a", "b", "share"), [
    (0.3, 1, 1, 0.3),  # uniform
    (0.25, 3, 1, 0.25**3), (0.25, 1, 3, 1 - 0.75**3),  # powers
    (0.5, 7, 7, 0.5),  # even
    (0.2, 2, 2, 3 * 0.2**2 - 2 * 0.2**3), (0.9, 2, 2, 3 * 0.9**2 - 2 * 0.9**3),
    (0.5, 0.5, 0.5, 0.5), (0.25, 0.5, 0.5, 1 / 3),  # the law of the arc sine
    (0.4, 2, 3, 0.5248),  # at least two of four heads, at 0.4
    (-0.1, 2, 3, 0), (0, 2, 3, 0), (1, 2, 3, 1), (1.5, 2, 3, 1),
])  # fmt: skip
def test_how_much_lies_below(x, a, b, share):
    assert below(x, a, b) == pytest.approx(share, abs=1e-9)


@pytest.mark.parametrize(("a", "b"), [(0.1, 4), (30, 70), (5_000, 3), (0.5, 0.5)])
def test_what_lies_below_grows_and_mirrors(a, b):
    shares = [below(x / 20, a, b) for x in range(21)]

    assert shares == sorted(shares) and shares[0] == 0 and shares[-1] == 1
    assert [1 - below(1 - x / 20, b, a) for x in range(21)] == pytest.approx(shares, abs=1e-9)


@pytest.mark.parametrize(("a", "b", "outside", "low", "high"), [
    (1, 1, 0.05, 0.025, 0.975), (2, 1, 0.05, 0.025**0.5, 0.975**0.5), (1, 1, 0.5, 0.25, 0.75),
])  # fmt: skip
def test_an_interval_leaves_half_outside_on_each_side(a, b, outside, low, high):
    assert interval(a, b, outside) == pytest.approx((low, high), abs=1e-9)

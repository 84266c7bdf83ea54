"""How sure a learned number is, and how few data are drawn to what was thought before."""

from __future__ import annotations

import pytest

from gateway.estimates.estimate import NO_DATA, Estimate, Sums, shrunk_mean, shrunk_rate, wilson


def sums(*values: float) -> Sums:
    return Sums(len(values), sum(values), sum(value * value for value in values))


def test_sums_know_their_mean_and_spread():
    assert (sums(1, 2, 3).mean, sums(1, 2, 3).spread) == (2, 2)
    assert Sums(3, 3, 2.9999999).spread == 0  # rounding makes it negative


@pytest.mark.parametrize(("whole", "part", "left"), [
    (sums(1, 2, 3), sums(3), sums(1, 2)), (sums(1, 2), sums(1, 2), NO_DATA), (sums(1), sums(1, 2), NO_DATA),
    (Sums(2, 1, 1), Sums(1, 1.5, 2), Sums(1, 0, 0)),
])  # fmt: skip
def test_a_part_is_taken_out_and_never_more_than_there_is(whole, part, left):
    assert whole.without(part) == left


@pytest.mark.parametrize("estimate", [Estimate(0.0, 0.1, 5, is_rate=True), Estimate(3.0, 0.0, 5)])
def test_of_nothing_or_of_what_is_certain_the_interval_is_a_point(estimate):
    assert estimate.interval == (estimate.mean, estimate.mean)


def test_a_rate_lies_between_nothing_and_all():
    surely, hardly = Estimate(0.5, 0.1, 20, is_rate=True), Estimate(0.1, 0.2, 1, is_rate=True)

    assert (surely.low, surely.high) == pytest.approx((0.5 - 0.196, 0.5 + 0.196), abs=0.01)
    assert 0 <= hardly.low < 0.1 < hardly.high <= 1


def test_what_is_no_rate_is_positive_and_even_in_logarithms():
    wide = Estimate(10.0, 10.0, 3)

    assert 0 < wide.low < wide.mean < wide.high
    assert wide.low * wide.high == pytest.approx(100 / 2)  # exp of twice the middle: mean² / (1 + error² / mean²)


@pytest.mark.parametrize(("rate", "n", "low", "high"), [
    (0.5, 10, 0.2366, 0.7634), (0.0, 10, 0.0, 0.2775), (1.0, 10, 0.7225, 1.0), (0.1, 1000, 0.0829, 0.1202),
])  # fmt: skip
def test_wilsons_interval(rate, n, low, high):
    assert wilson(rate, n) == pytest.approx((low, high), abs=1e-4)


BEFORE = Estimate(0.2, 0.1, 0, is_rate=True)


def test_without_data_what_was_thought_before_stands():
    assert shrunk_rate(NO_DATA, BEFORE, worth=20).mean == 0.2
    assert shrunk_mean(NO_DATA, Estimate(4.0, 1.0, 0), worth=20, variation=0.5).mean == 4.0


def test_a_rate_moves_to_its_data_and_grows_surer():
    few, many = (shrunk_rate(Sums(n, n * 0.8, n * 0.8), BEFORE, worth=20) for n in (20, 2_000))

    assert few.mean == pytest.approx(0.5) and many.mean == pytest.approx((4 + 1600) / 2020)
    assert many.error < 0.01 < few.error < shrunk_rate(NO_DATA, BEFORE, worth=20).error
    assert few.is_rate and (few.weight, many.weight) == (20, 2_000)


def test_a_mean_that_scatters_is_less_sure():
    calm, wild = (
        shrunk_mean(sums(*values), Estimate(5.0, 1.0, 0), worth=4, variation=0.5)
        for values in ((5, 5, 5, 5), (1, 9, 1, 9))
    )

    assert calm.mean == wild.mean == 5 and calm.error < wild.error and not calm.is_rate

"""The interval of a rate."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.report.wilson import clustered


def test_it_is_the_interval_of_the_textbook():
    assert clustered([(1, 1)] * 10 + [(0, 1)] * 90) == pytest.approx((0.1, 0.05522914, 0.17436566), abs=1e-6)


def test_a_key_that_repeats_itself_counts_as_little_more_than_once():
    alike = clustered([(50, 50), (0, 50), (50, 50), (0, 50)])
    alone = clustered([(1, 1)] * 100 + [(0, 1)] * 100)

    assert alike[2] - alike[1] > 3 * (alone[2] - alone[1])


@pytest.mark.thorough
@given(st.lists(st.tuples(st.integers(0, 20), st.integers(1, 20)).map(lambda pair: (min(pair), pair[1])), min_size=1))
def test_the_rate_lies_in_its_interval(clusters):
    rate, low, high = clustered(clusters)

    assert 0 <= low <= rate + 1e-12 and rate - 1e-12 <= high <= 1

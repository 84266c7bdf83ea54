"""Own machines against the same weights elsewhere."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.report.breakeven import breakeven, busy_s
from tests.unit.policy.small import CATALOG, SETS, compiled
from tests.unit.report.build import AT, row

OWN = CATALOG.replace(b"id: glm@together", b"id: qwen@together").replace(
    b"output: 0.6}]}", b"output: 0.6}], usd_per_hour: 2}"
)
POLICY = compiled(
    catalog=OWN,
    policy=SETS + b"version: 1\nroutes: [{name: rest, try: [{any: {}}]}]\n",
).policy


def requests(count: int, *, hours: float):
    step = timedelta(hours=hours) / (count - 1)
    return [msgspec.structs.replace(row(), at=AT + n * step) for n in range(count)]


def test_the_volume_at_which_a_machine_pays_is_its_hour_over_what_a_request_costs_elsewhere():
    (found,) = breakeven(requests(100, hours=10), POLICY)["rows"]

    elsewhere = (900 * 0.3 + 100 * 1.2) / 1e6
    assert float(found["hosted_usd_per_request"]) == pytest.approx(elsewhere)
    assert found["break_even_requests_per_hour"] == pytest.approx(2 / elsewhere)
    assert found["pays"] is False


def of_speed(output_tokens_per_s: float):
    """The same machine, which says what it writes at full load."""
    speed = f"usd_per_hour: 2, output_tokens_per_s: {output_tokens_per_s}".encode()
    rest = SETS + b"version: 1\nroutes: [{name: rest, try: [{any: {}}]}]\n"
    return compiled(catalog=OWN.replace(b"usd_per_hour: 2", speed), policy=rest).policy


@given(st.floats(1, 1000))
@pytest.mark.thorough
def test_the_curve_needs_another_machine_wherever_those_before_are_full(speed):
    made = breakeven(requests(100, hours=10), of_speed(speed))
    (machine,), (rival,) = made["machines"], made["rows"]
    capacity = machine["capacity_requests_per_hour"] or 0.0

    assert capacity == pytest.approx(speed * 3600 / 100)  # a typical answer has 100 tokens
    for point in machine["curve"]:
        volume, machines = point["requests_per_hour"], point["machines"]
        assert machines - 1 - 1e-8 <= volume / capacity <= machines + 1e-8
        assert float(point["self_usd_per_request"]) == pytest.approx(2 * machines / volume, abs=1e-8)
    full = 2 / capacity
    assert (rival["break_even_requests_per_hour"] is None) == (full > float(rival["hosted_usd_per_request"]))


def test_a_machine_whose_speed_nobody_knows_is_enough_for_any_volume():
    (machine,) = breakeven(requests(100, hours=10), POLICY)["machines"]

    assert machine["capacity_requests_per_hour"] is None
    assert {point["machines"] for point in machine["curve"]} == {1}


def test_a_machine_is_idle_while_nothing_runs_and_costs_its_hours_all_the_same():
    (machine,) = breakeven(requests(100, hours=10), POLICY)["machines"]

    assert machine["idle_share"] == pytest.approx(1 - 90 / 36_000, abs=1e-3)
    assert float(machine["actual_usd"]) == pytest.approx(20, abs=0.01)
    assert float(machine["transfer_usd"]) == pytest.approx(0.1)


def test_a_machine_that_nobody_used_is_compared_by_a_typical_request():
    (machine,) = breakeven([], POLICY)["machines"]

    assert machine["typical"] == {"input_tokens": 1000, "output_tokens": 400}


@pytest.mark.thorough
@given(st.lists(st.tuples(st.integers(0, 200), st.integers(0, 50)), max_size=20))
def test_busy_seconds_are_those_in_which_anything_runs(starts):
    spans = [(float(start), float(start + length)) for start, length in starts]
    seconds = {second for start, length in starts for second in range(start, start + length)}

    assert busy_s(spans) == len(seconds)

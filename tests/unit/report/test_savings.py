"""Savings, against an independent calculation: fractions, and prices typed in here."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.estimates import PRIORS
from gateway.outcome.row import Row, read_line
from gateway.report.savings import savings
from tests.unit.policy.small import CATALOG, SETS, compiled

PRICES: dict[str, tuple[Fraction, Fraction]] = {
    "gpt@openai": (Fraction(2), Fraction(8)),
    "glm@zai": (Fraction(1, 10), Fraction(4, 10)),
    "qwen@self": (Fraction(1, 5), Fraction(3, 5)),
}
BASELINE = "gpt@openai"
EXCEPTED = {"malicious", "self_harm"}
POLICY = compiled(
    policy=SETS
    + b"""
version: 1
baseline: gpt@openai
defaults: {on_refusal: {reroute: [declined], except: {topic: [malicious, self_harm]}}}
routes: [{name: code, when: {topic: code}, try: [{any: {}}]}, {name: rest, try: [{any: {}}]}]
"""
).policy


def usd(endpoint: str, usage: dict[str, int]) -> Fraction:
    read, written = PRICES[endpoint]
    return (Fraction(usage["input_tokens"]) * read + Fraction(usage["output_tokens"]) * written) / 1_000_000


def attempt(endpoint: str, outcome: str, tokens: tuple[int, int], purpose: str) -> dict[str, object]:
    usage = {"input_tokens": tokens[0], "cached_tokens": tokens[0] // 2, "output_tokens": tokens[1]}
    cost = f"{float(usd(endpoint, usage)):.9f}"
    return {"endpoint": endpoint, "purpose": purpose, "outcome": outcome, "cost_usd": cost, "usage": usage}


ATTEMPTS = st.builds(
    attempt,
    st.sampled_from(sorted(PRICES)),
    st.sampled_from(["answered", "declined", "filtered", "failed", "left", "truncated"]),
    st.tuples(st.integers(0, 100_000), st.integers(0, 20_000)),
    st.sampled_from(["serve", "serve", "serve", "canary", "shadow", "judge"]),
)


@st.composite
def lines(draw):
    attempts = draw(st.lists(ATTEMPTS, max_size=4))
    if {each["purpose"] for each in attempts} == {"judge"}:
        attempts = []  # a row of the judge's own is no request of anybody
    served = [each for each in attempts if each["purpose"] in ("serve", "canary")]
    topic = draw(st.sampled_from([[], ["code"], ["malicious"], ["self_harm", "medical"]]))
    return {
        "request_id": str(draw(st.integers())),
        "at": (datetime(2026, 11, 1, tzinfo=UTC) + timedelta(seconds=draw(st.integers(0, 10**6)))).isoformat(),
        "team": "research",
        "route": draw(st.sampled_from(["rest", "code", "gone"])),
        "signals": {"topic": topic, "language": "en"},
        "outcome": served[-1]["outcome"] if served else draw(st.sampled_from(["denied", "left", "failed"])),
        "removed": draw(st.sampled_from([{}, {BASELINE: ["g"]}, {"glm@zai": ["g"]}])),
        "attempts": attempts,
    }


def read(written: Iterable[dict[str, object]]) -> list[Row]:
    return [read_line(json.dumps(line)) for line in written]


@pytest.mark.thorough
@settings(max_examples=150, deadline=None)
@given(st.lists(lines(), max_size=12))
def test_list_savings_are_credit_less_cost_of_the_requests_that_the_baseline_may_serve(written):
    report: Any = savings(read(written), POLICY, PRIORS)

    total = forbidden = Fraction(0)
    for line in written:
        served = [each for each in line["attempts"] if each["purpose"] in ("serve", "canary")]
        cost = sum((Fraction(each["cost_usd"]) for each in served), Fraction(0))
        right_to_decline = line["outcome"] == "declined" and EXCEPTED & set(line["signals"]["topic"])
        if BASELINE in line["removed"]:
            forbidden += cost
            continue
        total -= cost
        if served and (line["outcome"] in ("answered", "left") or right_to_decline):
            total += usd(BASELINE, served[-1]["usage"])
    assert Fraction(report["list_savings_usd"]) == total
    assert Fraction(report["baseline_forbidden"]["cost_usd"]) == forbidden
    assert report["baseline_forbidden"]["requests"] == sum(BASELINE in line["removed"] for line in written)


@pytest.mark.thorough
@settings(max_examples=50, deadline=None)
@given(st.lists(lines(), max_size=12))
def test_the_effective_figure_lies_in_its_interval(written):
    report: Any = savings(read(written), POLICY, PRIORS)

    low, high = map(float, report["effective_interval_usd"])
    assert low - 1e-6 <= float(report["effective_savings_usd"]) <= high + 1e-6


def test_a_policy_without_a_baseline_saves_nothing_that_could_be_said():
    bare = compiled(policy=SETS + b"version: 1\nroutes: [{name: rest, try: [{any: {}}]}]\n").policy

    report: Any = savings([], bare, PRIORS)

    assert (report["list_savings_usd"], report["effective_savings_usd"]) == (None, None)


def recorded(number: int, *, permitted: bool, list_usd: str | None, version: str = "of-another-day") -> Row:
    at = (datetime(2026, 11, 20, 2, tzinfo=UTC) + timedelta(hours=number)).isoformat()
    used = {"input_tokens": 1000, "output_tokens": 100}
    tries = [{"endpoint": "qwen@self", "purpose": "serve", "outcome": "answered", "cost_usd": "0.001", "usage": used}]
    row: dict[str, Any] = {"request_id": f"r{number}", "at": at, "ended_at": at, "outcome": "answered", "route": "rest"}
    row |= {"policy_version": version, "attempts": tries, "signals": {"topic": [], "language": "en"}}
    return read_line(json.dumps(row | {"baseline_permitted": permitted, "baseline_list_usd": list_usd}))


def test_what_was_recorded_when_it_was_priced_is_the_saving_at_list_price_whatever_serves_now():
    rows = [recorded(0, permitted=True, list_usd="0.007"), recorded(1, permitted=False, list_usd="0.5")]

    made = savings(rows, POLICY, PRIORS)

    assert made["list_savings_usd"] == "0.006"
    assert made["baseline_forbidden"] == {"requests": 1, "cost_usd": "0.001"}


def priced(number: int, usd: float, *errors: float) -> Row:
    row = recorded(number, permitted=True, list_usd="0.007")
    return msgspec.structs.replace(row, baseline_effective_usd=usd, baseline_effective_errors_usd=list(errors))


def test_what_was_recorded_when_it_was_priced_is_the_saving_in_effect_and_the_same_by_now_stands_beside_it():
    rows = [priced(0, 0.011, 0.001, 0.002, 0.001), priced(1, 0.013, 0.001, 0.002, 0.001)]

    made: Any = savings(rows, POLICY, PRIORS)

    unrecorded: Any = savings([recorded(n, permitted=True, list_usd="0.007") for n in (0, 1)], POLICY, PRIORS)
    assert made["effective_savings_usd"] == "0.02200000"
    assert made["re_estimated"] == {
        name: unrecorded[name] for name in ("effective_savings_usd", "effective_interval_usd")
    }
    assert unrecorded["re_estimated"] == made["re_estimated"]


def test_rows_of_an_earlier_release_are_estimated_beside_those_that_say_what_they_were_worth():
    earlier = recorded(1, permitted=True, list_usd="0.007")
    one: Any = savings([priced(0, 0.011)], POLICY, PRIORS)
    other: Any = savings([earlier], POLICY, PRIORS)

    made: Any = savings([priced(0, 0.011), earlier], POLICY, PRIORS)

    added = float(one["effective_savings_usd"]) + float(other["effective_savings_usd"])
    assert float(made["effective_savings_usd"]) == pytest.approx(added, abs=2e-8)
    low, high = map(float, made["effective_interval_usd"])
    assert low < float(made["effective_savings_usd"]) < high


def test_errors_that_two_answers_share_add_up_and_others_cancel():
    def width(*errors: float) -> float:
        made: Any = savings([priced(n, 0.01, *errors) for n in range(100)], POLICY, PRIORS)
        low, high = map(float, made["effective_interval_usd"])
        return high - low

    assert width(0.001, 0, 0) == pytest.approx(width(0, 0.001, 0), rel=1e-6)
    assert width(0, 0, 0.001) == pytest.approx(width(0.001, 0, 0) / 10, rel=0.05)
    assert width(0.001, 0, 0) == pytest.approx(2 * 1.96 * 0.1, rel=0.05)


def test_own_machines_count_at_their_hours_where_these_have_a_price():
    priced = CATALOG.replace(b"output: 0.6}]}", b"output: 0.6}], usd_per_hour: 2}")
    owned = compiled(
        policy=SETS + b"version: 1\nbaseline: gpt@openai\nroutes: [{name: rest, try: [{any: {}}]}]\n", catalog=priced
    )
    rows = [recorded(number, permitted=True, list_usd="0.007") for number in range(3)]

    made = savings(rows, owned.policy, PRIORS)

    assert savings(rows, POLICY, PRIORS)["at_machine_cost"] is None
    assert made["at_machine_cost"] is not None
    assert (made["at_machine_cost"]["transfer_usd"], made["at_machine_cost"]["actual_usd"]) == ("0.003", "4.00000000")
    assert made["at_machine_cost"]["list_savings_usd"] == "-3.97900000"  # 0.018 less 4 and plus 0.003

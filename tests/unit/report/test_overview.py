"""The console's overview: kept up row by row, it says what the reports say of the same rows."""

from __future__ import annotations

import itertools
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.estimates import PRIORS
from gateway.outcome.row import read_row
from gateway.report.adoption import adoption
from gateway.report.overview import DECISIONS, Overview
from gateway.report.refusals import refusals
from gateway.report.rules import rules
from gateway.report.savings import savings
from gateway.report.timeline import MOST, STEPS_S, Timeline
from tests.unit.policy.small import CATALOG, REST, SETS, compiled
from tests.unit.report.build import AT, row, tried

FOLDER = compiled(
    policy=SETS
    + b"""
version: 1
baseline: gpt@openai
guards: [{name: no-china, why: a reason, when: {topic: code}, never: {exposure: china}}]
defaults: {on_refusal: {reroute: [declined], except: {topic: [malicious]}}, order: price}
routes: [{name: rest, try: [{any: {}}]}]
"""
)
POLICY = FOLDER.policy
_numbers = itertools.count()


def told(outcome: str = "answered", *attempts, after_s: float = 0.0, **given) -> dict[str, Any]:
    """A row as the ledger hands it out."""
    at = AT + timedelta(seconds=after_s)
    named = msgspec.structs.replace(
        row(outcome, *attempts, **given), request_id=f"r{next(_numbers)}", at=at, ended_at=at, policy_version="p"
    )
    json = msgspec.to_builtins(named)
    for attempt in json["attempts"]:
        attempt["failure"] = "timeout" if attempt["outcome"] == "failed" else None
    return {**json, "total_s": 0.9}


def seen(rows, *, resting: frozenset[str] = frozenset(), policy=POLICY) -> dict[str, Any]:
    overview = Overview(policy)
    for each in rows:
        overview.add(each, PRIORS)
    return overview.plain(PRIORS, resting=resting)


ENDPOINTS = sorted(POLICY.catalog.endpoints)
ROWS = st.lists(
    st.builds(
        lambda outcome, endpoints, topic, key, removed: (
            told(
                outcome,
                *(tried(each, outcome) for each in endpoints),
                topic=topic,
                key_id=key,
            )
            | {"removed": removed}
        ),
        st.sampled_from(["answered", "declined", "evaded", "filtered", "failed", "left", "truncated"]),
        st.lists(st.sampled_from(ENDPOINTS), min_size=1, max_size=3),
        st.sampled_from([[], ["code"], ["malicious"], ["prc_political"]]),
        st.sampled_from([None, "k1", "k2"]),
        st.sampled_from([{}, {"glm@zai": ["no-china"]}, {"gpt@openai": ["no-china"]}]),
    ),
    max_size=12,
)


@settings(deadline=None, max_examples=60)
@given(ROWS)
@pytest.mark.thorough
def test_the_overview_says_what_the_reports_say(rows):
    read = [read_row(each) for each in rows]

    overview = seen(rows)

    assert overview["savings"] == savings(read, POLICY, PRIORS)
    figures = ("key", "requests", "share", "cost_usd")
    assert _of(figures, overview["adoption"]["rows"]) == _of(figures, adoption(read, POLICY, "origin")["rows"])
    own = [each for each in overview["refusals"]["cells"] if "all" not in (each["operator"], each["language"])]
    assert own == refusals(read, POLICY)["rows"]
    names = ("removed", "denied", "blocked_adoption")
    ruled: Any = rules(read, FOLDER, PRIORS)["rows"]
    *guards, together = ruled
    shown = {each["guard"]: each for each in overview["rules"]["rows"]}
    for each in guards:
        assert [shown[each["guard"]][name] for name in names] == [each[name] for name in names]
        for name in ("marginal_usd", "blocked_adoption_usd"):
            assert shown[each["guard"]][name] == pytest.approx(float(each[name]), abs=1e-8)
    assert overview["rules"]["together_usd"] == pytest.approx(float(together["marginal_usd"]), abs=1e-8)


def _of(names, rows):
    return [[each[name] for name in names] for each in rows]


def test_the_last_point_of_the_money_lines_is_what_was_paid_and_what_the_baseline_would_have_cost():
    overview = seen([told(after_s=n * 40) for n in range(30)])

    lines, report = overview["money"]["series"], overview["savings"]
    paid, baseline = sum(lines["cost_usd"]), sum(lines["baseline_usd"])
    assert paid == pytest.approx(float(report["cost_usd"]))
    assert baseline - paid == pytest.approx(float(report["list_savings_usd"]))


def test_a_cell_of_all_hosts_adds_up_the_hosts():
    rows = [told("declined", tried("glm@zai", "declined")), told("answered", tried("glm@fireworks/us"))] * 15

    cells = seen(rows)["refusals"]["cells"]

    everywhere = {each["operator"]: (each["n"], each["rate"]) for each in cells if each["language"] == "all"}
    assert everywhere == {"all": (30, 0.5), "fireworks": (15, None), "zai": (15, None)}


def test_what_is_simulated_says_so():
    played = CATALOG.replace(b"{id: glm@zai,", b"{id: glm@zai, source: simulated, checked: 2026-11-22,")
    policy = compiled(policy=SETS + b"version: 1\n" + REST, catalog=played).policy

    overview = seen([told("answered", tried("glm@zai")), told("answered", tried("qwen@self"))], policy=policy)

    assert [(each["key"], each["simulated"]) for each in overview["adoption"]["rows"]] == [
        ("CN", False),
        ("CN simulated", True),
    ]
    assert {each["endpoint"]: each["simulated"] for each in overview["endpoints"]} == {
        "glm@zai": True,
        "qwen@self": False,
    }
    assert overview["simulated_requests"] == 1


def test_health_counts_attempts_and_names_what_rests():
    rows = [told("answered", tried("glm@zai", "failed"), tried("qwen@self"))] * 3

    found = {each["endpoint"]: each for each in seen(rows, resting=frozenset({"glm@zai"}))["endpoints"]}

    zai, own = found["glm@zai"], found["qwen@self"]
    assert (zai["attempts"], zai["failure_rate"], zai["most_common_failure"], zai["resting"]) == (
        3,
        1.0,
        "timeout",
        True,
    )
    assert (own["attempts"], own["failure_rate"], own["median_first_byte_s"], own["resting"]) == (3, 0.0, 0.4, False)


def test_going_elsewhere_after_a_refusal_has_its_price():
    refused, cut = tried("glm@zai", "declined", cost="0.25"), tried("glm@zai", "filtered", cost="0.5")
    rows = [
        told("answered", refused, tried("qwen@self")) | {"rerouted": [["glm@zai", "qwen@self", "declined"]]},
        told("filtered", cut) | {"rerouted": []},
    ]

    refusals = seen(rows)["refusals"]

    assert [refusals[name] for name in ("rerouted", "rerouted_cost_usd", "cut_midway")] == [1, "0.25", 1]


def test_a_denied_request_is_held_against_its_guard_and_counts_as_reaching_nothing():
    denied = told("denied") | {"denied_by": "no-china", "removed": {"glm@zai": ["no-china"]}}

    overview = seen([denied])

    (guard,) = overview["rules"]["rows"]
    assert (guard["guard"], guard["why"], guard["removed"], guard["denied"]) == ("no-china", "a reason", 1, 1)
    assert overview["adoption"]["rows"][0]["origin"] == "none"
    assert overview["decisions"][0]["denied_by"] == "no-china"


def test_the_newest_decisions_are_listed_newest_first():
    overview = seen([told(after_s=n) for n in range(DECISIONS + 5)])

    times = [each["at"] for each in overview["decisions"]]
    assert times == sorted(times, reverse=True)
    assert (len(times), times[0]) == (DECISIONS, (AT + timedelta(seconds=DECISIONS + 4)).timestamp())


def test_nothing_yet_is_a_whole_overview_too():
    overview = seen([])

    assert (overview["requests"], overview["since"], overview["adoption"]["rows"]) == (0, None, [])
    assert overview["savings"]["list_savings_usd"] == "0"


MOMENTS = st.lists(st.tuples(st.floats(0, 5e6), st.sampled_from(["a", "b"]), st.integers(1, 9)), min_size=1)


@pytest.mark.thorough
@given(MOMENTS)
def test_a_timeline_loses_nothing_and_stays_short(moments):
    start = datetime(2026, 11, 1, tzinfo=UTC).timestamp()
    timeline, sums = Timeline(), Counter[str]()
    for after_s, name, amount in moments:
        timeline.add(start + after_s, name, amount)
        sums[name] += amount

    told = timeline.plain()

    assert {name: sum(amounts) for name, amounts in told["series"].items()} == sums
    assert {len(amounts) for amounts in told["series"].values()} == {len(told["starts"])}
    assert len(told["starts"]) <= MOST + 1
    assert told["step_s"] in STEPS_S

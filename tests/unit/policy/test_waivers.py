"""Waivers: what is refused, what counts as widening, what is told of them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from gateway.errors import Problem, Problems
from gateway.policy.analysis.check import review
from gateway.policy.analysis.diff import compare, difference_text
from gateway.policy.compiled import Compiled
from gateway.policy.explain.serialize import plain_decision
from gateway.signals.measure import measure_prompt
from tests.unit.policy.small import REST, SETS, compiled, decision, ids

GUARD = "  - {name: ours, when: {data_class: {at_least: public}}, never: {exposure: china}}\n"
OTHER = "  - {name: listed, never: {lists: us_lists}}\n"
WAIVER = "{guard: ours, team: research, until: 2026-12-01, approved_by: ana, reason: a trial}"
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC).timestamp()


def folder(*waivers: str, more: str = "") -> Compiled:
    listed = f"waivers: [{', '.join(waivers)}]\n" if waivers else ""
    return compiled(policy=b"version: 1\n" + SETS + f"guards:\n{GUARD}{more}{listed}".encode() + REST)


def problems(waiver: str) -> list[str]:
    with pytest.raises(Problems) as wrong:
        folder(waiver)
    return [problem.message for problem in wrong.value.problems]


def told(compiled: Compiled, at: float) -> list[Problem]:
    found = review(compiled, measure=measure_prompt, at=at, has_key=lambda endpoint: True)
    return [problem for problem in found.problems if "waiver" in problem.message]


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("guard: ours", "guard: our", "no guard is called `our`"),
        ("team: research", "team: reserch", "no team is called `reserch`"),
        ("until: 2026-12-01", "until: 2026-13-01", "expected a day like 2026-11-15, found `2026-13-01`"),
        ("until: 2026-12-01, ", "", "`until` is missing"),
        ("approved_by: ana", "approved_by: ''", "`approved_by` is empty"),
        ("reason: a trial", "reason: ''", "`reason` is empty"),
        ("reason: a trial", "reason: a trial, endpoint: x", "no field is called `endpoint`"),
    ],
)
def test_what_lifts_nothing_that_is_known_is_a_mistake(old, new, complaint):
    assert complaint in problems(WAIVER.replace(old, new))


def test_one_guard_is_waived_for_one_team_once():
    with pytest.raises(Problems) as wrong:
        folder(WAIVER, WAIVER.replace("2026-12-01", "2027-01-01"))

    assert [problem.message for problem in wrong.value.problems] == ["guard `ours` is waived for team `research` twice"]


def test_a_decision_names_the_waiver_that_lifted_a_guard_and_no_other_teams_does():
    waived = folder(WAIVER)
    plain = plain_decision(decision(waived, at=NOON), None)

    words = "guard `ours` is waived for team `research` until the end of 2026-12-01 (approved by ana: a trial)"
    assert plain["waived"] == [words] and plain["removed"] == {}
    assert any(words in sentence for sentence in plain["why"])
    other = plain_decision(decision(waived, team="sales", at=NOON), None)
    assert "waived" not in other and "ours" in str(other["removed"])
    ended = plain_decision(decision(waived, at=NOON + 30 * 86400), None)
    assert "waived" not in ended and "ours" in str(ended["removed"])


def test_the_other_guards_hold_on():
    both = decision(folder(WAIVER, more=OTHER), at=NOON)

    assert set(str(plain_decision(both, None)["removed"].values()).split("'")) & {"ours", "listed"} == {"listed"}
    assert set(ids(both)) < set(ids(decision(folder(WAIVER), at=NOON)))


def test_a_waiver_and_a_later_day_widen_and_a_shorter_one_narrows():
    none, one, longer = folder(), folder(WAIVER), folder(WAIVER.replace("2026-12-01", "2026-12-02"))

    widened = compare(none, one)
    assert widened.widened and not widened.narrowed
    assert {change.request_class["team"] for change in widened.widened} == {"research"}
    assert "team research" in difference_text(widened)
    assert compare(one, longer).widened and not compare(one, longer).narrowed
    assert compare(longer, one).narrowed and not compare(longer, one).widened
    assert compare(one, none).narrowed and not compare(one, none).widened
    assert not compare(one, folder(WAIVER)).widened


def test_check_warns_a_week_before_the_end_and_calls_one_that_has_ended_a_mistake():
    waived = folder(WAIVER)
    end = datetime(2026, 12, 2, tzinfo=UTC).timestamp()

    assert told(waived, end - 8.5 * 86400) == []
    (soon,) = told(waived, end - 6.5 * 86400)
    assert soon.severity == "warning" and "ends in 7 days, by itself" in soon.message
    (last,) = told(waived, end - 1)
    assert "ends in 1 day" in last.message
    (over,) = told(waived, end)
    assert over.severity == "error" and over.place is not None and "has ended" in over.message

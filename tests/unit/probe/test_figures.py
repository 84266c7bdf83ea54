"""Claims about the figures of a probe."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.probe.figures import agreement, hosting, refusal_map
from gateway.probe.seen import Seen

OUTCOMES = st.sampled_from(["answered", "declined", "evaded", "filtered", "blank", "truncated", "failed"])
SEEN = st.lists(
    st.builds(
        Seen,
        model=st.sampled_from(["one", "two"]),
        operator=st.sampled_from(["here", "there"]),
        topic=st.just("control"),
        language=st.sampled_from(["en", "zh"]),
        question=st.sampled_from(["q1", "q2", "q3"]),
        outcome=OUTCOMES,
    ),
    max_size=150,
)


def seen(outcome: str, question: str = "q", operator: str = "here", times: int = 1) -> list[Seen]:
    return [Seen("one", operator, "control", "en", question, outcome)] * times


def many(refused: int, answered: int, operator: str = "here") -> list[Seen]:
    """Each a question of its own."""
    outcomes = ["declined"] * refused + ["answered"] * answered
    return [each for n, outcome in enumerate(outcomes) for each in seen(outcome, f"q{n}", operator)]


@pytest.mark.thorough
@given(SEEN)
def test_every_reply_is_counted_once_and_failures_never(replies):
    rows = refusal_map(replies)
    counted = sum((Counter({name: row[name] for name in ("declined", "evaded", "filtered", "blank")}) for row in rows),
                  Counter())  # fmt: skip
    assert sum(row["n"] for row in rows) == sum(each.outcome != "failed" for each in replies)
    assert counted == Counter(each.outcome for each in replies if each.refused)


@pytest.mark.thorough
@given(SEEN)
def test_a_rate_lies_in_its_interval_and_is_missing_below_thirty(replies):
    for row in refusal_map(replies):
        if row["n"] < 30:
            assert row["rate"] is row["low"] is row["high"] is None
        else:
            assert 0 <= row["low"] <= row["rate"] <= row["high"] <= 1


def test_the_same_question_again_and_again_makes_no_interval_narrow():
    apart = many(20, 40)
    alike = [each for n in range(6) for each in seen("declined" if n < 2 else "answered", f"q{n}", times=10)]
    [once], [again] = refusal_map(apart), refusal_map(alike)

    assert once["rate"] == again["rate"]
    assert again["high"] - again["low"] > once["high"] - once["low"]


@pytest.mark.thorough
@given(SEEN)
def test_what_one_host_refuses_more_the_other_refuses_less(replies):
    rows = {(row["model"], row["operator"], row["language"]): row for row in hosting(replies)}
    for (model, operator, language), row in rows.items():
        other = rows[model, "there" if operator == "here" else "here", language]
        if row["difference"] is not None:
            assert row["difference"] == pytest.approx(-other["difference"])
            assert row["low"] <= row["difference"] <= row["high"]
            assert row["low"] == pytest.approx(-other["high"])


def test_a_difference_of_the_machines_that_is_there_is_found():
    [here, _] = hosting([*many(30, 10), *many(5, 35, "there")])
    assert here["operator"] == "here"
    assert here["difference"] == pytest.approx(0.625)
    assert here["low"] > 0


def test_weights_that_one_operator_serves_alone_have_no_difference():
    assert hosting(many(20, 20)) == []


def test_agreement_tells_questions_answered_at_times_from_questions_answered_never():
    steady = [each for n in range(20) for each in seen("declined", f"s{n}", times=2)]
    moody = [each for n in range(20) for outcome in ("declined", "answered") for each in seen(outcome, f"m{n}")]
    [row] = agreement([*steady, *moody], 2)

    assert (row["questions"], row["pass_at_1"], row["pass_at_k"], row["agreement"]) == (40, 0.25, 0.5, 0.5)


def test_a_question_that_was_not_asked_often_enough_does_not_count_for_agreement():
    assert agreement(seen("answered", times=2), 3) == []

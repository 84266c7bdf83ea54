"""Cases: what they give, what they expect, and what a failing one says."""

from __future__ import annotations

import pytest

from gateway.policy.authoring.cases import run_case, signals_of
from gateway.signals.value import UNKNOWN
from tests.unit.policy.small import AT, compiled


def failures(given: str, expect: str) -> list[str]:
    """The help of every surprise of this one case."""
    folder = compiled(a=f"- note: n\n  given: {given}\n  expect: {expect}\n".encode())
    (case,) = folder.cases

    def measure(text: str) -> dict[str, object]:
        return {"topic": frozenset({text}), "tokens": 7}

    found = run_case(case, folder.policy, folder.keyring.teams, measure=measure, at=AT)  # type: ignore[arg-type]
    return [str(problem.help) for problem in found]


HOLDING = [
    ("{team: sales}", "{route: rest, only: {hosting: self}, refused: false}"),
    ("{team: sales, data_class: public}", "{only: {trains_on_data: false}}"),
    ("{team: research, text: prc_political}", "{never: {exposure: china}}"),
    ("{team: research, text: prc_political, topic: []}", "{refused: false, route: rest}"),
    ("{team: research, model: glm}", "{route: named, only: {model: glm}}"),
    ("{team: research, pii: unknown}", "{never: {lists: us_lists}}"),
    ("{team: research, data_class: regulated}", "{refused: true, only: {hosting: self}}"),
    ("{team: sales}", "{removed_by: {glm@zai: [eu-residency, no-training-on-our-data], gpt@openai: eu-residency}}"),
    ("{}", "{route: rest}"),
    ("{team: research, tag: , language: }", "{refused: false}"),
]


@pytest.mark.parametrize(("given", "expect"), HOLDING)
def test_a_case_that_holds_says_nothing(given, expect):
    assert failures(given, expect) == []


FAILING = [
    ("{team: research}", "{route: code}", ["route `rest` applies, not `code`"]),
    ("{team: sales}", "{refused: true}", ["it is not refused: qwen@self may serve it"]),
    ("{team: sales}", "{only: {hosting: hosted}}", ["qwen@self survives, and its hosting is not as expected"]),
    ("{team: sales}", "{never: {lineage: china}}", ["qwen@self survives (team is sales"]),
    ("{team: sales}", "{removed_by: {qwen@self: eu-residency}}", ["did not remove qwen@self; nothing removed it"]),
    ("{team: sales}", "{removed_by: {glm@together: regulated-stays-home}}", ["glm@together; `eu-residency` did"]),
    ("{team: research, data_class: regulated}", "{refused: false}", ["it is refused: no endpoint may serve"]),
]


@pytest.mark.parametrize(("given", "expect", "words"), FAILING)
def test_a_case_that_fails_says_what_happened_instead(given, expect, words):
    said = failures(given, expect)

    assert len(said) == len(words)
    assert all(word in line for word, line in zip(words, said, strict=True))


def test_a_header_may_raise_the_class_and_never_lower_it():
    folder = compiled()
    sales = folder.keyring.teams["sales"]

    raised = [
        signals_of(sales, {"data_class": c}, folder.policy)["data_class"] for c in ("public", "regulated", UNKNOWN)
    ]

    assert raised == ["internal", "regulated", UNKNOWN]

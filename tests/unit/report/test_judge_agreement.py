"""Claims about the judge's correction of the detector's refusal rate."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from gateway.outcome.row import JUDGED_AS, JUDGED_BY_DETECTOR, JUDGED_ENDPOINT, Row
from gateway.report.refusals import refusals
from tests.unit.policy.small import SETS, compiled
from tests.unit.report.build import row, tried

POLICY = compiled(policy=SETS + b"version: 1\nroutes: [{name: rest, try: [{any: {}}]}]\n").policy


def opinion(by_detector: str, by_judge: str) -> Row:
    """What a judge at gpt@openai says of a reply of qwen@self."""
    made = row("answered", tried("gpt@openai", purpose="judge"), key_id="judge")
    signals = {JUDGED_ENDPOINT: "qwen@self", JUDGED_BY_DETECTOR: by_detector, JUDGED_AS: by_judge}
    return msgspec.structs.replace(made, signals=made.signals | signals)


def corrected(*opinions: Row, declined: int = 10, answered: int = 90):
    line: Any
    [line] = refusals([*[row("declined")] * declined, *[row("answered")] * answered, *opinions], POLICY)["rows"]
    return line


def test_without_a_judge_no_line_speaks_of_one():
    assert "corrected" not in corrected()


def test_the_correction_is_the_mean_difference_on_the_sample():
    missed, agreed = [opinion("answered", "evaded")] * 8, [opinion("answered", "answered")] * 32
    line = corrected(*missed, *agreed)

    assert (line["n"], line["rate"], line["judged"]) == (100, 0.1, 40)
    assert line["corrected"] == pytest.approx(0.1 + 8 / 40)
    assert line["agreement"] == pytest.approx(32 / 40)
    assert line["corrected_low"] < 0.3 < line["corrected_high"]


def test_declined_or_evaded_is_the_same_to_the_correction():
    line = corrected(*[opinion("declined", "evaded")] * 40)
    assert (line["agreement"], line["corrected"]) == (1.0, 0.1)


def test_full_agreement_leaves_the_rate_and_never_narrows_its_interval():
    line = corrected(*[opinion("answered", "answered")] * 40)
    assert line["corrected"] == 0.1
    assert line["corrected_high"] - line["corrected_low"] > line["high"] - line["low"]


def test_keys_that_differ_widen_the_corrected_interval_as_they_widen_the_rates():
    one, other = [row("declined", key_id="one")] * 20, [row("answered", key_id="other")] * 80
    line: Any
    [line] = refusals([*one, *other, *[opinion("answered", "answered")] * 40], POLICY)["rows"]
    assert line["high"] - line["low"] > 0.5
    assert line["corrected_high"] - line["corrected_low"] > 0.5


def test_below_thirty_opinions_nothing_is_corrected():
    line = corrected(*[opinion("answered", "declined")] * 29)
    assert (line["judged"], line["agreement"], line["corrected"]) == (29, None, None)


def test_replies_without_a_text_are_not_corrected():
    filtered = [row("filtered", tried(outcome="filtered"))] * 50
    line = corrected(*[opinion("answered", "declined")] * 40, *filtered, declined=0, answered=50)
    assert (line["rate"], line["corrected"]) == (0.5, 1.0)

"""What each guard removed, stopped and cost, by the ledger."""

from __future__ import annotations

import msgspec
import pytest

from gateway.estimates import PRIORS
from gateway.report.rules import rules
from tests.unit.policy.small import policy_with
from tests.unit.report.build import row

BY_COST = b"routes: [{name: rest, try: [{any: {}}], order: cost_per_answer}]\n"
FOLDER = policy_with("never: {endpoint: glm@zai}", "never: {operator: zai}", rest=BY_COST)


def removed(outcome: str, **by: list[str]):
    return msgspec.structs.replace(row(outcome), removed=by)


def found(*rows):
    return {each["guard"]: each for each in rules(rows, FOLDER, PRIORS)["rows"]}


def test_what_was_removed_is_what_the_rows_say():
    report = found(removed("answered", a=["g0", "g1"], b=["g0"]), removed("answered", a=["g1"]), row())

    assert (report["g0"]["removed"], report["g1"]["removed"], report["all"]["removed"]) == (1, 2, 2)


def test_overlap_is_what_rules_cost_only_together():
    report = found(row())

    assert float(report["g0"]["marginal_usd"]) == 0
    assert float(report["g0"]["overlap_usd"]) == float(report["g0"]["alone_usd"]) > 0
    assert report["all"]["overlap_usd"] == report["all"]["marginal_usd"]


def test_what_a_request_recorded_when_it_was_priced_is_its_rules_price():
    said = {"marginal": {"g1": 0.25, "of another day": 0.5}, "alone": {"g1": 1.0}, "all": 0.75}
    report = found(msgspec.structs.replace(row(), rules_usd=said), msgspec.structs.replace(row(), rules_usd={"all": 0}))

    assert [report[name]["marginal_usd"] for name in ("g0", "g1", "of another day", "all")] == [
        "0.00000000", "0.25000000", "0.50000000", "0.75000000",
    ]  # fmt: skip
    assert report["g1"]["overlap_usd"] == "0.75000000"


@pytest.mark.parametrize(
    ("by", "blamed"),
    [
        ({"qwen@self": ["g0"], "gpt@openai": ["g0", "g1"]}, "g0"),
        ({"qwen@self": ["g0"], "gpt@openai": ["g1"]}, "several"),
        ({"qwen@self": ["g0", "g1"]}, "several"),
        ({}, "other"),
    ],
)
def test_a_denial_is_blamed_on_the_one_guard_whose_lifting_alone_leaves_an_endpoint(by, blamed):
    report = found(msgspec.structs.replace(row("denied"), removed=by))

    assert {guard for guard, each in report.items() if each["denied"]} == {blamed, "all"}


def test_a_row_that_says_who_denied_it_is_believed():
    assert found(msgspec.structs.replace(row("denied"), denied_by="budget"))["budget"]["denied"] == 1

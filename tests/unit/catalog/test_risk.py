"""One factor at a time: when it counts, when it counts for want of a fact, when it does not."""

from __future__ import annotations

import pytest

from gateway.catalog.facts import Members
from gateway.catalog.risk import test as holds
from tests.unit.catalog.small import endpoint, standing

CN = Members(frozenset({"CN"}))
OPEN = Members(frozenset({"US"}), complete=False)
NONE = Members(frozenset())


@pytest.mark.parametrize(
    ("value", "wanted", "expected"),
    [
        (CN, "CN", True),
        (CN, ["RU", "CN"], True),
        (NONE, "CN", False),
        (OPEN, "CN", None),
        (CN, {"has": ["CN"]}, True),
        (NONE, {"has_none": "soc2"}, True),
        (Members(frozenset({"soc2"})), {"has_none": ["soc2"]}, False),
        (OPEN, {"has_none": ["soc2"]}, None),
        (True, True, True),
        (False, True, False),
        (None, True, None),
        ("self", ["self", "hosted"], True),
        (31, {"above": 30}, True),
        (30, {"above": 30}, False),
        (5, {"below": 10, "above": 7}, False),
        (None, {"above": 30}, None),
        (False, {"not": True}, True),
        (True, {"not": True}, False),
        (None, {"not": True}, None),
    ],
)
def test_a_test_of_a_factor_is_true_false_or_unknown(value, wanted, expected):
    assert holds(value, wanted) is expected


def test_a_vendor_of_whom_all_is_known_and_good_is_of_low_risk():
    assert (endpoint().risk, endpoint().risk_reasons) == ("low", ())


def test_a_factor_that_counts_for_want_of_a_fact_is_marked():
    found = endpoint(facts="storage: [DE], inference: [DE], trains_on_data: null, retention_days: 0")

    assert (found.risk, found.risk_reasons) == ("high", ("trains-on-prompts?",))


def test_own_machines_run_listed_weights_at_medium_risk():
    found = endpoint(id="cone@self", wire="hosting: self, api: openai, base_url: http://x:1")

    assert (found.risk, found.risk_reasons) == ("medium", ("listed-weights",))


def test_a_folder_may_switch_a_factor_off_or_add_one():
    rule = """
risk:
  - {id: unaudited, level: low, why: we audit ourselves, when: {}}
  - {id: abroad, level: medium, why: not at home, when: {operator_country: {not: DE}}}
"""
    factors = {factor.id for factor in standing(rule).factors}

    assert "abroad" in factors
    assert "unaudited" not in factors

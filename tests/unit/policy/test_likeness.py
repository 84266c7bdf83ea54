"""Which requests a policy cannot tell apart."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.policy.explain.likeness import Likeness
from tests.unit.policy.small import REST, SETS, compiled

GUARDS = b"""\
guards:
  - {name: g, when: {tokens: {above: 1000}, pii: [email]}, never: {operator: zai}}
  - {name: h, when: {budget_used: {at_least: 0.5}}, never: {operator: openai}}
"""
LIKENESS = Likeness(compiled(policy=b"version: 1\n" + SETS + GUARDS + REST).policy)
SIGNALS: dict[str, Any] = {"kind": "chat", "topic": ["code"], "pii": ["email"], "tokens": 900, "budget_used": 0.1}


@pytest.mark.parametrize(("change", "alike"), [
    ({}, True), ({"tokens": 20}, True), ({"tokens": 1000}, False), ({"tokens": 1001}, False), ({"tokens": 900.0}, True),
    ({"tokens": 130_000}, False),  # too long for a model of the catalogue
    ({"budget_used": 0.4}, True), ({"budget_used": 0.5}, False), ({"budget_used": None}, False),
    ({"budget_used": "unknown"}, False), ({"pii": []}, False), ({"topic": ["law"]}, False), ({"kind": "image"}, False),
    ({"tag": "batch"}, True), ({"secrets": ["key"]}, True),  # which no rule reads
    ({"team": "sales"}, True),  # which a record keeps elsewhere
])  # fmt: skip
def test_requests_are_alike_that_every_rule_reads_alike(change, alike):
    assert (LIKENESS.of(SIGNALS) == LIKENESS.of(SIGNALS | change)) is alike


def test_at_a_bound_is_neither_below_nor_above_it():
    assert len({LIKENESS.of(SIGNALS | {"tokens": tokens}) for tokens in (999, 1000, 1001)}) == 3


def test_a_policy_without_rules_still_tells_apart_who_can_serve():
    open_to_all = Likeness(compiled(policy=b"version: 1\n" + SETS + REST).policy)

    assert open_to_all.of(SIGNALS) == open_to_all.of(SIGNALS | {"budget_used": 0.9, "pii": []})
    assert open_to_all.of(SIGNALS) != open_to_all.of(SIGNALS | {"needs": ["vision"]})

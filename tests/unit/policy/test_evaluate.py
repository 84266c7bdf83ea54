"""The three-valued tables of the policy language, row by row."""

from __future__ import annotations

import pytest

from gateway.catalog.facts import Members
from gateway.policy.evaluate import truth
from gateway.policy.rules import Term

US, CN = frozenset({"US"}), frozenset({"CN"})
BOTH, NONE = US | CN, frozenset[str]()
IN_US, NOT_CN, HAS_US, HAS_BOTH = Term(US), Term(CN, negated=True), Term(US, has=True), Term(BOTH, has=True)

SETS = [
    # test, known members, complete, in `only`, in `never`
    (IN_US, US, True, True, True),
    (IN_US, CN, True, False, False),
    (IN_US, BOTH, True, False, True),
    (IN_US, NONE, True, True, False),
    (IN_US, US, False, None, True),
    (IN_US, CN, False, False, None),
    (IN_US, BOTH, False, False, True),
    (IN_US, NONE, False, None, None),
    (NOT_CN, US, True, True, True),
    (NOT_CN, CN, True, False, False),
    (NOT_CN, BOTH, True, False, True),
    (NOT_CN, NONE, True, True, False),
    (NOT_CN, US, False, None, True),
    (NOT_CN, CN, False, False, None),
    (HAS_US, BOTH, True, True, True),
    (HAS_US, CN, True, False, False),
    (HAS_US, US, False, True, True),
    (HAS_US, CN, False, None, None),
    (HAS_BOTH, US, True, False, False),
    (HAS_BOTH, US, False, None, None),
    (HAS_BOTH, BOTH, False, True, True),
]


@pytest.mark.parametrize(("term", "known", "complete", "only", "never"), SETS)
def test_a_set_passes_by_all_its_members_in_only_and_by_one_in_never(term, known, complete, only, never):
    fact = Members(known, complete)

    assert (truth(term, fact, "only"), truth(term, fact, "never")) == (only, never)


SCALARS = [
    (Term(frozenset({True})), True, True),
    (Term(frozenset({True})), False, False),
    (Term(frozenset({True})), None, None),
    (Term(frozenset({True}), negated=True), False, True),
    (Term(frozenset({"low", "medium"})), "medium", True),
    (Term(frozenset({"low", "medium"}), negated=True), "high", True),
    (Term(frozenset({"low"}), negated=True), None, None),
    (Term(bounds=(("at_most", 30.0),)), 30, True),
    (Term(bounds=(("below", 30.0),)), 30, False),
    (Term(bounds=(("at_least", 1.0), ("below", 5.0))), 0, False),
    (Term(bounds=(("above", 7.0),)), None, None),
    (Term(frozenset({0.0})), 0, True),
]


@pytest.mark.parametrize(("term", "known", "expected"), SCALARS)
def test_an_unknown_fact_makes_its_test_unknown(term, known, expected):
    assert truth(term, known, "only") is expected
    assert truth(term, known, "never") is expected

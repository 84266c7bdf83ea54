"""The same effort in every vendor's words."""

from __future__ import annotations

import pytest

from gateway.catalog.thinking import reasoning_of, spoken
from tests.unit.catalog.small import KNOWN, PRICE, WIRE, endpoint, standing

WAYS = """
reasoning:
  - {vendor: switch, operators: [mill], models: ["acorn*"],
     efforts: {none: {think: false}, max: {think: true, keep: all}}}
  - {vendor: dial, models: ["*"], efforts: {none: {reasoning_effort: none}, low: {reasoning_effort: low}}}
"""


def way(id: str = "acorn@mill", **fields: str):
    given = "".join(f", {name}: {value}" for name, value in fields.items())
    found = standing(WAYS, f"endpoints: [{{id: {id}, {KNOWN}, {PRICE}, {WIRE}{given}}}]")
    return reasoning_of(found, found.endpoints[id])


@pytest.mark.parametrize(
    ("effort", "expected"),
    [
        ("none", {"think": False}),
        ("minimal", {"think": False}),
        ("xhigh", {"think": True, "keep": "all"}),
        ("max", {"think": True, "keep": "all"}),
        ("high", None),
        (7, None),
    ],
)
def test_an_effort_is_said_in_the_vendors_words(effort, expected):
    row = way()

    assert row is not None
    assert spoken(row, effort) == expected


def test_a_vendor_that_uses_the_clients_word_needs_no_translation():
    row = way("cone@mill", vendor="dial")

    assert row is not None
    assert spoken(row, "low") is None
    assert spoken(row, "minimal") is None


def test_of_a_vendor_of_whom_nothing_is_known_all_passes():
    assert way("cone@mill") is None
    assert endpoint("vendor: elsewhere").vendor == "elsewhere"

"""Every figure that scripts rely on equals a calculation that shares no code with the gateway."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.outcome.row import read_line
from gateway.report.reports import REPORTS, Asked
from tests.laws import independent
from tests.laws.accounts import BOOK, FOLDER, ledgers

MONEY = ("cost_usd", "list_savings_usd")


def reported(what: str, ledger: list[dict[str, Any]], by: str = "origin") -> Any:
    """As it is printed."""
    rows = [read_line(json.dumps(row)) for row in ledger]
    return json.loads(json.dumps(REPORTS[what](Asked(rows, FOLDER, by)), allow_nan=False))


@settings(max_examples=50, deadline=None)
@given(ledgers)
def test_savings_at_list_price_agree_to_the_last_digit(ledger):
    found, expected = reported("savings", ledger), independent.savings(BOOK, ledger)
    got = {name: found[name] for name in expected} | {name: Decimal(found[name]) for name in MONEY}
    got["baseline_forbidden"]["cost_usd"] = Decimal(got["baseline_forbidden"]["cost_usd"])

    assert got == expected


@settings(max_examples=50, deadline=None)
@given(ledgers)
def test_effective_savings_lie_in_their_own_interval(ledger):
    found = reported("savings", ledger)
    low, high = map(Decimal, found["effective_interval_usd"])

    assert low <= Decimal(found["effective_savings_usd"]) <= high


@settings(max_examples=40, deadline=None)
@given(ledgers, st.sampled_from(["origin", "hosting", "lab", "licence_family", "operator", "team"]))
def test_adoption_agrees_to_the_last_digit(ledger, by):
    rows = reported("adoption", ledger, by)["rows"]
    names = ("requests", "share", "tokens")
    got = {row["key"]: {n: row[n] for n in names} | {"cost_usd": Decimal(row["cost_usd"])} for row in rows}

    assert got == independent.adoption(BOOK, ledger, by)


@settings(max_examples=40, deadline=None)
@given(ledgers, st.sampled_from([1, 12, 40]))
def test_refusals_agree(ledger, times):
    names = ("model", "operator", "topic", "language")
    rows = reported("refusals", ledger * times)["rows"]
    expected = independent.refusals(BOOK, ledger * times)

    assert {tuple(row[name] for name in names) for row in rows} == expected.keys() and len(rows) == len(expected)
    for row in rows:
        agreed = expected[tuple(row[name] for name in names)]
        assert {name: row[name] for name in agreed if name not in independent.RATES} == {
            name: agreed[name] for name in agreed if name not in independent.RATES
        }
        assert [row[name] for name in independent.RATES] == [
            agreed[name] if agreed[name] is None else pytest.approx(agreed[name], rel=1e-9, abs=1e-12)
            for name in independent.RATES
        ]


@settings(max_examples=40, deadline=None)
@given(ledgers)
def test_rules_count_what_the_rows_say_and_their_prices_add_up(ledger):
    rows = {row["guard"]: row for row in reported("rules", ledger)["rows"]}
    together = rows.pop("all")
    removed, denied = independent.rules(ledger)

    assert {guard: row["removed"] for guard, row in rows.items() if row["removed"]} == removed
    assert sum(row["denied"] for row in rows.values()) == together["denied"] == denied
    assert all(Decimal(row["marginal_usd"]) >= 0 and Decimal(row["alone_usd"]) >= 0 for row in rows.values())
    for row in rows.values():
        assert float(row["overlap_usd"]) == pytest.approx(
            float(row["alone_usd"]) - float(row["marginal_usd"]), abs=1e-7
        )
    parts = sum(float(row["marginal_usd"]) for row in rows.values())
    assert float(together["overlap_usd"]) == pytest.approx(float(together["marginal_usd"]) - parts, abs=1e-6)

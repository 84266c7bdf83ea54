"""Invoices against the ledger, and the ledger in FOCUS columns."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from gateway.report.focus import focus
from gateway.report.reconcile import read_invoice, reconcile
from gateway.report.table import NotATable
from tests.unit.policy.small import CATALOG, compiled
from tests.unit.report.build import row, tried

POLICY = compiled().policy
ROWS = [row("answered", tried("glm@zai", "declined"), tried("gpt@openai")), row("answered", tried("qwen@self"))]
# The 21 mandatory columns of the FinOps Open Cost and Usage Specification, version 1.2.
MANDATORY = """
BilledCost BillingAccountId BillingAccountName BillingCurrency BillingPeriodEnd BillingPeriodStart ChargeCategory
ChargeClass ChargeDescription ChargePeriodEnd ChargePeriodStart ContractedCost EffectiveCost InvoiceIssuerName ListCost
PricingQuantity PricingUnit ProviderName PublisherName ServiceCategory ServiceName
"""


def lines(*invoice: tuple[str, str]):
    found = reconcile(ROWS, POLICY, [(item, Decimal(usd)) for item, usd in invoice])["rows"]
    return [(line["item"], line["invoiced_usd"], line["recorded_usd"], line["known"]) for line in found]


@pytest.mark.parametrize("name", ["gpt@openai", "openai", "OpenAI", "OPENAI", "gpt"])
def test_an_item_is_known_by_what_an_invoice_may_call_it(name):
    if name == "OpenAI" and POLICY.catalog.operators["openai"].name != name:
        pytest.fail("the small catalogue names its operators otherwise")

    assert lines((name, "0.002"))[0] == (name, "0.002", "0.001", True)


def test_an_item_that_an_invoice_names_twice_is_one():
    assert lines(("openai", "0.0004"), ("openai", "0.0006"))[0] == ("openai", "0.0010", "0.001", True)


CONTRACT = b"""
contracts:
  - {operator: openai, since: 2026-11-01, until: 2026-12-01, discount_percent: 25, committed_usd_per_month: 2}
"""


@pytest.mark.parametrize(
    ("invoice", "owed"),
    [
        ([("OpenAI", "2")], {"OpenAI": ("2.000", "0.000"), "glm@zai": ("0.001", "-0.001")}),
        (
            [("gpt", "0.001")],
            {"gpt": ("0.001", "0.000"), "openai": ("1.999", "-1.999"), "glm@zai": ("0.001", "-0.001")},
        ),
        ([], {"openai": ("2.000", "-2.000"), "glm@zai": ("0.001", "-0.001")}),
    ],
)
def test_what_a_month_falls_short_of_a_commitment_is_owed(invoice, owed):
    policy = compiled(catalog=CATALOG + CONTRACT).policy
    found = reconcile(ROWS, policy, [(item, Decimal(usd)) for item, usd in invoice])["rows"]

    assert {line["item"]: (line["owed_usd"], line["difference_usd"]) for line in found} == owed


def test_what_was_paid_for_and_not_invoiced_follows_and_own_machines_do_not():
    assert lines(("openai", "0.001"))[1:] == [("glm@zai", "0", "0.001", True)]


def test_an_item_that_stands_for_nothing_recorded_says_so():
    assert lines(("aws", "5"), ("openai", "0"), ("zai", "0"))[0] == ("aws", "5", "0", False)


@pytest.mark.parametrize(
    ("text", "told"),
    [("name,usd\na,1", "needs a header"), ("item,usd\na,much", "line 2: `much` is no amount"), ("", "needs a header")],
)
def test_a_wrong_invoice_is_told(text, told):
    with pytest.raises(NotATable, match=told):
        read_invoice(text)


def test_amounts_are_read_as_invoices_write_them():
    assert read_invoice('item,note,usd\nopenai,x,"$1,234.50"') == [("openai", Decimal("1234.50"))]


def test_focus_rows_hold_the_mandatory_columns_and_all_that_was_paid():
    found = focus(ROWS, POLICY)["rows"]

    assert all(set(MANDATORY.split()) <= line.keys() for line in found)
    assert sum(Decimal(line["BilledCost"]) for line in found) == Decimal("0.003")
    assert {json.loads(line["Tags"])["team"] for line in found} == {"research"}
    assert {(line["BillingPeriodStart"], line["BillingPeriodEnd"]) for line in found} == {
        ("2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z")
    }


def test_list_cost_is_what_one_without_a_contract_pays():
    contract = b"{since: 2026-01-01, input: 1, output: 4, contract: true}, {since: 2026-01-01, input: 2, output: 8}"
    policy = compiled(catalog=CATALOG.replace(b"{since: 2026-01-01, input: 2, output: 8}", contract)).policy

    (line,) = focus([row("answered", tried("gpt@openai"))], policy)["rows"]

    assert Decimal(line["ListCost"]) == (Decimal(900) * 2 + Decimal(100) * 8) / 1_000_000

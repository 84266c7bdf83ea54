"""Agreements with operators, as prices and in time."""

from __future__ import annotations

from datetime import datetime

import pytest

from gateway.catalog.prices import price_at
from gateway.errors import Problems
from tests.unit.policy.small import CATALOG, REST, SETS, compiled

LISTED = b"{since: 2026-01-01, input: 2, output: 8}"
DATED = (
    b"{since: 2026-01-01, input: 2, cached_input: 1, output: 8, tiers: [{above: 1000, input: 4}]}, "
    b"{since: 2026-11-10, input: 1, output: 4}"
)


def price(contract: bytes, day: str, *, tokens: int = 10) -> tuple[str, ...]:
    """Input, cached and output price of gpt@openai."""
    catalog = CATALOG.replace(LISTED, DATED) + b"contracts:\n  - " + contract + b"\n"
    endpoint = compiled(catalog=catalog).policy.catalog.endpoints["gpt@openai"]
    at = datetime.fromisoformat(f"{day}T12:00:00+00:00").timestamp()
    found = price_at(endpoint.prices, at=at, input_tokens=tokens)
    assert found is not None
    return tuple([str(rate) for rate in (found.input, found.cached_input, found.output)])


@pytest.mark.parametrize(
    ("day", "tokens", "expected"),
    [
        ("2026-10-31", 10, ("2", "1", "8")),
        ("2026-11-01", 10, ("1.50", "0.75", "6.00")),
        ("2026-11-01", 2000, ("3.00", "0.75", "6.00")),
        ("2026-11-10", 10, ("0.75", "None", "3.00")),
        ("2026-11-30", 2000, ("0.75", "None", "3.00")),
        ("2026-12-01", 10, ("1", "None", "4")),
    ],
)
def test_a_discount_follows_the_list_price_while_it_holds(day, tokens, expected):
    contract = b"{operator: openai, since: 2026-11-01, until: 2026-12-01, discount_percent: 25}"

    assert price(contract, day, tokens=tokens) == expected


def test_a_discount_on_other_models_changes_nothing():
    assert price(b"{operator: openai, models: [glm], since: 2026-11-01, discount_percent: 25}", "2026-11-20")[0] == "1"


def test_of_two_discounts_the_larger_holds_and_an_agreed_price_goes_before_both():
    both = b"{operator: openai, since: 2026-01-01, discount_percent: 50}\n  - "
    both += b"{operator: openai, models: [gpt], since: 2026-11-01, discount_percent: 5}\n"
    prices = b"prices: [{endpoint: gpt@openai, rows: [{since: 2026-02-01, contract: true, input: 7, output: 9}]}]"

    assert price(both, "2026-11-20")[0] == "0.5"
    assert price(both + prices, "2026-11-20")[0] == "7"


def test_a_discount_on_what_has_no_list_price_is_nothing():
    catalog = CATALOG.replace(b"prices: [" + LISTED + b"]", b"prices: []")
    contracts = b"contracts: [{operator: openai, since: 2026-01-01, discount_percent: 50}]\n"
    folder = compiled(catalog=catalog + contracts, policy=SETS + b"version: 1\n" + REST)

    assert folder.policy.catalog.endpoints["gpt@openai"].prices == ()


def test_a_commitment_alone_changes_no_price():
    assert price(b"{operator: openai, since: 2026-11-01, committed_usd_per_month: 5}", "2026-11-20")[0] == "1"


@pytest.mark.parametrize(
    ("contract", "told"),
    [
        (b"{operator: opnai, since: 2026-11-01, discount_percent: 5}", "no operator is called `opnai`"),
        (b"{operator: openai, models: [gtp], since: 2026-11-01, discount_percent: 5}", "no model is called `gtp`"),
        (b"{operator: openai, since: 2026-11-01}", "this contract agrees nothing"),
        (b"{operator: openai, models: [gpt], since: 2026-11-01, committed_usd_per_month: 5}", "a commitment is to an"),
        (b"{operator: openai, since: 2026-11-01, until: 2026-10-01, discount_percent: 5}", "it ends before it begins"),
    ],
)
def test_a_contract_that_cannot_be_meant_is_told(contract, told):
    with pytest.raises(Problems, match=told):
        price(contract, "2026-11-20")

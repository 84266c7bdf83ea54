"""What a usage costs: rows by date, contracts, tiers, windows, cache, reasoning, unknown."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import pytest

from gateway.catalog.price_book import price_book
from gateway.catalog.prices import Usage, cost, output_price_at, price_at, rates
from gateway.catalog.table import fact
from tests.unit.catalog.small import WIRE, endpoint, standing

NOW = "2026-11-20T12:00:00Z"


def at(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def priced(rows: str):
    return endpoint(prices=f"prices: [{rows}]")


def usd(rows: str, *, when: str = NOW, **tokens: int):
    found = cost(priced(rows).prices, Usage(**tokens), at=at(when))  # type: ignore[arg-type]
    return found[0] if found else None


def test_money_is_exact():
    assert usd("{since: 2026-01-01, input: 0.1, output: 0.3}", input_tokens=3, output_tokens=1) == Decimal("0.0000006")


def test_the_newest_row_that_has_begun_holds():
    rows = "{since: 2026-01-01, input: 1, output: 1}, {since: 2026-11-20T12:00:00Z, input: 2, output: 2}"

    assert usd(rows, when="2026-11-20T11:59:59Z", input_tokens=1_000_000) == 1
    assert usd(rows, when="2026-11-20T12:00:00Z", input_tokens=1_000_000) == 2
    assert usd(rows, when="2025-12-31T23:59:59Z", input_tokens=1_000_000) is None


def test_a_contract_goes_before_newer_list_prices_until_it_ends():
    rows = (
        "{since: 2026-01-01, until: 2026-12-01, contract: true, input: 1, output: 1},"
        "{since: 2026-11-01, input: 3, output: 3}"
    )

    assert usd(rows, input_tokens=1_000_000) == 1
    assert usd(rows, when="2026-12-01T00:00:00Z", input_tokens=1_000_000) == 3


def test_cached_and_written_tokens_are_part_of_the_input():
    rows = "{since: 2026-01-01, input: 10, cached_input: 1, cache_write: 20, output: 0.5}"
    tokens = {"input_tokens": 1_000_000, "cached_tokens": 400_000, "cache_write_tokens": 100_000}

    assert usd(rows, when=NOW, **tokens) == Decimal("7.4")


def test_a_missing_cache_price_is_the_input_price_and_a_missing_reasoning_price_the_output_price():
    rows = "{since: 2026-01-01, input: 10, output: 30}"
    tokens = {
        "input_tokens": 1_000_000,
        "cached_tokens": 1_000_000,
        "output_tokens": 1_000_000,
        "reasoning_tokens": 900_000,
    }

    assert usd(rows, when=NOW, **tokens) == 40


def test_reasoning_may_have_a_price_of_its_own():
    rows = "{since: 2026-01-01, input: 1, output: 10, reasoning: 20}"

    assert usd(rows, output_tokens=1_000_000, reasoning_tokens=500_000) == 15


def test_thinking_may_make_every_output_token_dearer():
    rows = "{since: 2026-01-01, input: 1, output: 1.2, thinking_output: 4}"

    assert usd(rows, output_tokens=1_000_000) == Decimal("1.2")
    assert usd(rows, output_tokens=1_000_000, reasoning_tokens=1) == 4


def test_a_tier_counts_from_the_token_above_it_and_keeps_what_it_does_not_name():
    rows = "{since: 2026-01-01, input: 1, cached_input: 0.1, output: 2, tiers: [{above: 1000, input: 3}]}"

    assert usd(rows, input_tokens=1000) == Decimal("0.001")
    assert usd(rows, input_tokens=1001) == Decimal("0.003003")
    assert usd(rows, input_tokens=2000, cached_tokens=2000) == Decimal("0.0002")


DEEPSEEK = "{since: 2026-08-17, input: 1, output: 2, windows: [{window: deepseek-peak, input: 2, output: 4}]}"


@pytest.mark.parametrize(
    ("when", "expected", "why"),
    [
        ("2026-11-20T01:00:00Z", 2, "a Friday at 9:00 in Beijing"),
        ("2026-11-20T00:59:59Z", 1, "a second before"),
        ("2026-11-20T04:00:00Z", 1, "the hour of its end is outside"),
        ("2026-11-20T06:00:00Z", 2, "the afternoon begins"),
        ("2026-11-20T09:59:59Z", 2, "its last second"),
        ("2026-11-21T02:00:00Z", 1, "a Saturday"),
        ("2026-10-01T02:00:00Z", 1, "a Thursday, National Day"),
        ("2026-10-08T02:00:00Z", 2, "the first working day after the holidays"),
        ("2026-09-25T02:00:00Z", 1, "a Friday, Mid-Autumn Festival"),
    ],
)
def test_peak_hours_are_working_hours_in_beijing(when, expected, why):
    assert usd(DEEPSEEK, when=when, input_tokens=1_000_000) == expected, why


def test_a_window_may_cross_midnight():
    rows = (
        "{since: 2026-08-17, input: 4, output: 4, windows: [{window: alibaba-deepseek-off-peak, input: 2, output: 2}]}"
    )

    hours = ("13", "14", "23", "00")
    assert [usd(rows, when=f"2026-11-21T{hour}:00:00Z", input_tokens=1_000_000) for hour in hours] == [4, 2, 2, 4]


def test_zero_at_somebody_elses_machines_is_unknown_and_at_ones_own_is_meant():
    free = "prices: [{since: 2026-01-01, input: 0, output: 0}]"
    own = endpoint(id="acorn@self", prices=free, wire="hosting: self, api: openai, base_url: http://x:1")

    assert price_at(endpoint(prices=free).prices, at=at(NOW), input_tokens=1) is None
    assert cost(own.prices, Usage(input_tokens=5), at=at(NOW)) is not None


def test_a_row_without_an_output_price_is_unknown():
    assert usd("{since: 2026-01-01, input: 1}", input_tokens=1) is None
    assert rates(priced("{since: 2026-01-01, input: 1}").prices, at=at(NOW), input_tokens=1) is None
    assert output_price_at(priced("{since: 2026-01-01, input: 1}").prices, at(NOW)) is None


def test_an_embedding_has_no_output_to_pay_for():
    found = standing(
        "models: [{id: seed, lab: oak, base: [], kinds: [embedding]}]",
        f"endpoints: [{{id: seed@mill, prices: [{{since: 2026-01-01, input: 0.1}}], {WIRE}}}]",
    ).endpoints["seed@mill"]

    assert cost(found.prices, Usage(input_tokens=10), at=at(NOW)) is not None


def test_output_price_is_that_of_a_short_request():
    rows = "{since: 2026-01-01, input: 1, output: 2, tiers: [{above: 10, output: 9}]}"

    assert output_price_at(priced(rows).prices, at(NOW)) == 2.0


def test_the_book_forgets_rather_than_growing_without_end():
    tiers = ", ".join(f"{{above: {1000 * number}, input: {number}}}" for number in range(1, 301))
    row = f"{{since: 2026-01-01, input: 1, output: 2, tiers: [{tiers}]}}"
    found = standing(f"endpoints: [{{id: acorn@mill, prices: [{row}], {WIRE}}}]")
    book = price_book(tuple(found.endpoints.values()))

    rates_by_length = [book.rates(at=at(NOW), input_tokens=1000 * number + 1)[0] for number in range(301)]

    assert len(book.pages) <= 256
    assert [rate[0] * 1e6 for rate in rates_by_length if rate] == pytest.approx([1, *range(1, 301)])


def test_only_a_timed_fact_needs_a_time():
    assert fact(endpoint(), "hosting") == "hosted"
    with pytest.raises(ValueError, match="output_price_at"):
        fact(endpoint(), "price_output")

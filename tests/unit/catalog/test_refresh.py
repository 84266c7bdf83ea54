"""Prices resolved from two maps: dates, tiers, windows, uplifts, what changed, what is gone, what they disagree on."""

from __future__ import annotations

from decimal import Decimal

from gateway.catalog.maps import Maps, listed, quotes
from gateway.catalog.refresh import refresh
from gateway.source import parse

LITELLM = {
    "plain": {"input_cost_per_token": 2e-06, "output_cost_per_token": 1e-05, "cache_read_input_token_cost": 1e-07,
              "regional_processing_uplift_multiplier_eu": 1.1, "source": "https://vendor.example/pricing"},
    "long": {"input_cost_per_token": 1e-06, "output_cost_per_token": 2e-06,
             "input_cost_per_token_above_200k_tokens": 2e-06, "output_cost_per_token_above_200k_tokens": 3e-06},
    "ranged": {"tiered_pricing": [
        {"range": [0, 256000.0], "input_cost_per_token": 5e-08, "output_cost_per_token": 4e-07},
        {"range": [256000.0, 1000000.0], "input_cost_per_token": 2.5e-07},
    ]},
    "free": {"input_cost_per_token": 0.0, "output_cost_per_token": 0.0},
}  # fmt: skip


def rate(start: str | None, since: str, **rates: object) -> dict[str, object]:
    return {"start": start, "rates": {"valid_from": since, "source": "https://seen.example", **rates}}


SNAPSHOT = {
    "prices": {
        "deepseek": {
            "pro": {
                "standard": [
                    rate(None, "2026-01-01T00:00:00Z", input=1.0, output=2.0),
                    rate("2026-08-16T16:00:00Z", "2026-08-16T16:00:00Z", input=0.5, output=1.0, cache_read=0.1),
                    rate("2026-10-01T00:00:00Z", "2026-10-01T00:00:00Z", input=0.5, output=1.0, cache_read=0.1),
                ]
            },
            "corrected": {
                "standard": [
                    rate(None, "2026-07-04T00:00:00Z", input=9.0, output=9.0),
                    rate("2026-06-29T00:00:00Z", "2026-06-29T00:00:00Z", input=1.0, output=1.0),
                ]
            },
        },
        "alibaba": {
            "thinker": {
                "standard": [rate(None, "2026-01-01T00:00:00Z", input=0.4, output=1.2,
                                  tiers=[{"above": 256000, "input": 1.2, "output": 3.6}])],
                "thinking": [rate(None, "2026-01-01T00:00:00Z", input=0.4, output=4.0,
                                  tiers=[{"above": 256000, "output": 12.0}])],
                "batch": [{"start": None, "rates": None}, rate("2026-02-01T00:00:00Z", "x", input=0.2, output=0.6)],
            },
            "gone": {"standard": [{"start": None, "rates": None}]},
        },
    },
    "schedules": {"schedule": [
        {"provider": "deepseek", "valid_from": "2026-08-16T16:00:00Z", "peak_multiplier": 2.0},
        {"provider": "alibaba", "valid_from": "2025-01-01T00:00:00Z", "off_peak_multiplier": {"thinker": 0.5}},
    ]},
}  # fmt: skip
MAPS = Maps(LITELLM, "1.0", SNAPSHOT, "2.0")
FOLDER = """
endpoints:
  - {id: a@mill, hosting: hosted, api: openai, base_url: https://x.example, price_keys: ["litellm:plain"]}
  - {id: b@mill/east, hosting: hosted, api: openai, base_url: https://x.example, bills_in: CNY,
     price_keys: ["model-prices:deepseek/pro", "litellm:plain"]}
  - {id: c@mill, hosting: hosted, api: openai, base_url: https://x.example, price_keys: ["litellm:nowhere"]}
  - {id: d@mill, hosting: hosted, api: openai, base_url: https://x.example}
"""


def read(key: str):
    return quotes(MAPS, key)[1]


def folder(prices: str = ""):
    documents = [parse(FOLDER.encode(), "catalog/all.yaml"), parse(prices.encode(), "catalog/prices.yaml")]
    return refresh(documents, MAPS, file="catalog/prices.yaml", since="2026-11-12")


def test_a_price_per_token_becomes_one_per_million_exactly():
    assert read("litellm:plain")[0].rates == {
        "input": Decimal(2),
        "output": Decimal(10),
        "cached_input": Decimal("0.1"),
    }


def test_zero_and_missing_are_no_price():
    assert (read("litellm:free"), read("litellm:nowhere"), read("model-prices:alibaba/gone")) == ((), (), ())
    assert read("model-prices:alibaba/nothing") == ()


def test_a_key_that_is_there_without_a_price_is_not_gone():
    keys = ("litellm:free", "litellm:nowhere", "model-prices:alibaba/gone", "model-prices:nobody/x")

    assert [listed(MAPS, key) for key in keys] == [True, False, True, False]


def test_a_regional_uplift_is_applied_where_the_map_knows_it_and_else_there_is_no_price():
    assert read("litellm:plain#eu")[0].rates["input"] == Decimal("2.2")
    assert read("litellm:long#eu") == ()


def test_a_factor_that_the_vendor_names_multiplies_every_rate():
    quote = read("model-prices:deepseek/pro*1.1")[1]

    assert quote.rates["input"] == Decimal("0.55")
    assert quote.windows[0][1]["output"] == Decimal("2.2")
    assert quotes(MAPS, "litellm:plain*1.25")[0] == "litellm@1.0:plain*1.25"
    assert listed(MAPS, "litellm:plain*1.25")


def test_tiers_come_from_either_way_of_writing_them():
    assert [(above, rates["input"]) for above, rates in read("litellm:long")[0].tiers] == [(200_000, Decimal(2))]
    assert [(above, rates["input"]) for above, rates in read("litellm:ranged")[0].tiers] == [(256_000, Decimal("0.25"))]
    assert read("litellm:ranged")[0].rates["input"] == Decimal("0.05")


def test_rows_of_the_dated_map_begin_when_it_says_and_repeat_nothing():
    assert [quote.since for quote in read("model-prices:deepseek/pro")] == [
        "2026-01-01T00:00:00Z",
        "2026-08-16T16:00:00Z",
    ]


def test_a_correction_takes_the_place_of_what_it_corrects():
    assert [quote.rates["input"] for quote in read("model-prices:deepseek/corrected")] == [Decimal(1)]


def test_only_rows_under_a_schedule_get_its_window():
    old, new = read("model-prices:deepseek/pro")

    assert old.windows == ()
    assert new.windows == (
        ("deepseek-peak", {"input": Decimal(1), "output": Decimal(2), "cached_input": Decimal("0.2")}),
    )


def test_an_off_peak_discount_names_the_models_it_holds_for():
    assert [name for name, _ in read("model-prices:alibaba/thinker")[0].windows] == ["alibaba-deepseek-off-peak"]


def test_thinking_and_batch_prices_stand_beside_the_standard_ones():
    quote = read("model-prices:alibaba/thinker")[0]

    assert quote.rates["thinking_output"] == 4
    assert quote.tiers[0][1]["thinking_output"] == 12
    assert quote.batch == {"input": Decimal("0.2"), "output": Decimal("0.6")}


def test_a_refresh_shows_what_changed_what_is_gone_and_what_the_maps_disagree_on():
    found = folder()

    assert [(change.endpoint, change.before, change.after) for change in found.changes] == [
        ("a@mill", None, "input: 2, cached_input: 0.1, output: 10"),
        ("b@mill/east", None, "input: 0.5, cached_input: 0.1, output: 1, "
         "windows: [{window: deepseek-peak, input: 1, cached_input: 0.2, output: 2}]"),
    ]  # fmt: skip
    assert found.unresolved == (("c@mill", "litellm:nowhere"),)
    assert found.contradictions == (
        "b@mill/east: `input` is 0.5 in model-prices@2.0:deepseek/pro and 2 in litellm@1.0:plain",
        "b@mill/east: `output` is 1 in model-prices@2.0:deepseek/pro and 10 in litellm@1.0:plain",
    )


def test_what_a_refresh_writes_it_reads_back_unchanged():
    written = folder().text
    again = folder(written)

    assert (again.text, again.changes) == (written, ())


def test_rows_name_map_version_and_key_and_keep_currency_and_day_of_the_rate():
    text = folder().text

    assert 'from: "litellm@1.0:plain", source: "https://vendor.example/pricing"' in text
    assert 'currency: CNY, rate_date: 2026-08-16, from: "model-prices@2.0:deepseek/pro"' in text


def test_a_new_price_of_an_undated_map_is_a_new_row_and_the_old_one_stays():
    old = (
        "prices:\n  - endpoint: a@mill\n    rows:\n"
        '      - {since: 2026-05-01, input: 7, output: 7, from: "litellm@0.9:plain"}\n'
    )

    text = folder(old).text

    assert '- {since: 2026-05-01, input: 7, output: 7, from: "litellm@0.9:plain"}' in text
    assert "- {since: 2026-11-12, input: 2, cached_input: 0.1, output: 10" in text


def test_a_price_that_no_longer_resolves_keeps_its_rows():
    row = "{since: 2026-05-01, input: 7, output: 7, tiers: [{above: 10, input: 8}], batch: {input: 3}"
    old = f'prices:\n  - endpoint: c@mill\n    rows:\n      - {row}, from: "litellm@0.9:nowhere"}}\n'

    assert row in folder(old).text

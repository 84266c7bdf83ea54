"""What is billed by the piece: images by size and quality, sound by the minute, characters, searches."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from gateway.catalog.facts import Endpoint
from gateway.catalog.price_book import price_book
from gateway.catalog.prices import Price, UnitRates, Usage, cost, cost_under, typical_cost, usage_of, without_zeros
from gateway.interfaces import Units
from gateway.outcome.bill import bill
from gateway.outcome.reading import Reading
from gateway.outcome.usage import read_usage
from gateway.outcome.wire import decode
from tests.unit.catalog.small import WIRE, endpoint, standing

SINCE = datetime(2026, 1, 1, tzinfo=UTC)
AT = datetime(2026, 11, 20, tzinfo=UTC).timestamp()
D = Decimal
RATES = UnitRates(
    image=D("0.04"), images=(("1024x1024", D("0.05")), ("/high", D("0.1")), ("512x512/high", D("0.2"))),
    audio_minute=D("0.006"), characters=D(15), searches=D(2),
)  # fmt: skip


@pytest.mark.parametrize(("usage", "usd"), [
    (Usage(images=2), "0.08"), (Usage(images=1, variant="1024x1024"), "0.05"), (Usage(images=1, variant="9x9"), "0.04"),
    (Usage(images=1, variant="/high"), "0.1"), (Usage(images=1, variant="1024x1024/high"), "0.05"),
    (Usage(images=3, variant="512x512/high"), "0.6"), (Usage(images=1, variant="512x512/low"), "0.04"),
    (Usage(audio_ms=90_000), "0.009"), (Usage(characters=2_000), "0.03"), (Usage(searches=5), "0.01"),
    (Usage(audio_ms=60_000, searches=1), "0.008"), (Usage(input_tokens=9), None), (Usage(), None),
])  # fmt: skip
def test_each_piece_costs_what_its_row_says(usage, usd):
    assert RATES.cost(usage) == (None if usd is None else D(usd))


def test_a_factor_changes_every_rate():
    usage = Usage(images=1, variant="/high", audio_ms=60_000, characters=10, searches=3)
    plain = RATES.cost(usage)

    assert plain and RATES.times(D(2)).cost(usage) == 2 * plain
    assert RATES.times(D(2)).cost(Usage(images=1)) == D("0.08")
    assert UnitRates(searches=D(1)).times(D(3)) == UnitRates(searches=D(3))


def test_what_is_priced_is_named():
    assert RATES.billed() == {"images", "audio_ms", "characters", "searches"}
    assert UnitRates(audio_minute=D(1)).billed() == {"audio_ms"}


TOKENS, PIECES, BOTH = (
    Price(SINCE, input=D(2), output=D(8)),
    Price(SINCE, input=None, output=None, units=UnitRates(image=D("0.04"))),
    Price(SINCE, input=D(2), output=None, units=UnitRates(image=D("0.04"))),
)


@pytest.mark.parametrize(("price", "usage", "usd"), [
    (TOKENS, Usage(input_tokens=500_000, images=3), "1"), (PIECES, Usage(images=1, input_tokens=5), "0.04"),
    (PIECES, Usage(input_tokens=5), None), (BOTH, Usage(images=1, input_tokens=500_000, output_tokens=9), "1.04"),
    (BOTH, Usage(input_tokens=5), None),
])  # fmt: skip
def test_tokens_are_billed_beside_pieces_where_the_row_prices_them(price, usage, usd):
    assert cost_under(price, usage) == (None if usd is None else D(usd))
    found = cost((price,), usage, at=AT)
    assert found == (None if usd is None else (D(usd), price))
    assert typical_cost((price,), usage, at=AT) == (None if usd is None else float(usd))


def test_before_a_price_begins_nothing_has_one():
    assert typical_cost((PIECES,), Usage(images=1), at=0.0) is None


@pytest.mark.parametrize(("usage", "beyond"), [
    (Usage(input_tokens=5), False), (Usage(images=1), True), (Usage(audio_ms=1), True), (Usage(characters=1), True),
    (Usage(searches=1), True),
])  # fmt: skip
def test_whether_a_usage_is_more_than_tokens(usage, beyond):
    assert usage.beyond_tokens is beyond


def test_what_is_asked_for_is_a_usage_with_the_tokens_of_the_text():
    asked = Units(images=2, searches=1, input_tokens=3, output_tokens=5, variant="1x1")

    expected = Usage(images=2, searches=1, input_tokens=13, output_tokens=6, variant="1x1")
    assert usage_of(asked, input_tokens=10, output_tokens=1) == expected


def test_a_zero_is_unknown():
    price = without_zeros(Price(SINCE, input=D(0), output=D(2), cached_input=D(0), reasoning=D(1)))

    assert (price.input, price.output, price.cached_input, price.reasoning) == (None, D(2), None, D(1))


def places() -> tuple[Endpoint, ...]:
    rows = "{since: 2026-01-01, image: 0.04}, {since: 2026-06-01, image: 0.02}"
    found = standing(
        "models: [{id: brush, lab: oak, base: [], kinds: [image]}]",
        f"endpoints: [{{id: brush@mill, prices: [{rows}], {WIRE}}}, {{id: acorn@mill, {WIRE}}}]",
    )
    return tuple(sorted(found.endpoints.values(), key=lambda each: each.index))


def test_the_book_knows_what_a_request_costs_in_all_and_when():
    book = price_book(places())
    before = datetime(2026, 3, 1, tzinfo=UTC).timestamp()

    for at, usd in ((AT, 0.06), (before, 0.12), (AT, 0.06)):
        costs = dict(zip([each.id for each in book.endpoints], book.whole(Usage(images=3), at=at), strict=True))
        assert costs == {"brush@mill": (usd, 0.0), "acorn@mill": None}
    assert book.whole(Usage(images=3), at=AT) is book.whole(Usage(images=3), at=AT + 1)


def test_the_book_forgets_usages_rather_than_growing_without_end():
    book = price_book(places())
    for images in range(1, 301):
        book.whole(Usage(images=images), at=AT)

    assert len(book.beyond) <= 256


def reading(body: bytes | None) -> Reading:
    made = Reading()
    event = decode(body) if body is not None else None
    if event is not None:
        made.add(event, body or b"")
    return made


REPORTED = (
    b'{"choices":[{"message":{"content":"a"},"finish_reason":"stop"}],"usage":{"input_tokens":7,"output_tokens":9}}'
)
SILENT = b'{"choices":[{"message":{"content":"a"},"finish_reason":"stop"}]}'
ASKED = Units(images=2, output_tokens=100, variant="1x1")


@pytest.mark.parametrize(("price", "body", "usage", "usd"), [
    (TOKENS, REPORTED, Usage(input_tokens=7, output_tokens=9, images=2, variant="1x1"), "0.000086"),
    (PIECES, REPORTED, Usage(input_tokens=7, output_tokens=9, images=2, variant="1x1", estimated=True), "0.08"),
    (TOKENS, SILENT, Usage(input_tokens=5, output_tokens=100, images=2, variant="1x1", estimated=True), "0.00081"),
    (PIECES, SILENT, Usage(input_tokens=5, images=2, variant="1x1", estimated=True), "0.08"),
    (BOTH, SILENT, Usage(input_tokens=5, images=2, variant="1x1", estimated=True), "0.08001"),
])  # fmt: skip
def test_what_a_reply_does_not_count_is_billed_as_it_was_asked_for(price, body, usage, usd):
    place = replace(endpoint(), prices=(price,))
    made = bill(place, reading(body), prompt_tokens=5, reached=True, at=AT, units=ASKED)

    assert (made.usage, made.cost_usd, made.price_since) == (usage, D(usd), "2026-01-01")


def test_what_the_reply_counts_is_not_estimated():
    made_of = reading(SILENT)
    made_of.usage = Usage(images=1)
    made = bill(replace(endpoint(), prices=(PIECES,)), made_of, prompt_tokens=5, reached=True, at=AT, units=ASKED)

    assert (made.usage, made.cost_usd) == (Usage(images=1, variant="1x1"), D("0.04"))


@pytest.mark.parametrize(("body", "reached"), [(None, False), (b'{"choices":[],"error":{"message":"no"}}', True)])
@pytest.mark.parametrize("units", [None, ASKED])
def test_of_a_model_that_was_not_at_work_nothing_is_billed(body, reached, units):
    place = replace(endpoint(), prices=(BOTH,))

    assert bill(place, reading(body), prompt_tokens=5, reached=reached, at=AT, units=units).usage == Usage()


def test_without_a_price_the_usage_is_known_and_the_cost_is_not():
    made = bill(replace(endpoint(), prices=()), reading(REPORTED), prompt_tokens=5, reached=True, at=AT)

    assert (made.usage.output_tokens, made.cost_usd, made.price_since) == (9, D(0), None)


IMAGES = Price(SINCE, input=D(5), output=D(30), cached_input=D(1), units=UnitRates(image_input=D(8)))
SOUND = Price(SINCE, input=D(2), output=D(8), units=UnitRates(audio_input=D(40), audio_output=D(80)))


@pytest.mark.parametrize(("price", "usage", "usd"), [
    (IMAGES, Usage(input_tokens=1_500_000, image_input=1_000_000, output_tokens=100_000), "13.5"),
    (IMAGES, Usage(input_tokens=1_000_000, output_tokens=100_000), "8"),
    (IMAGES, Usage(input_tokens=1_000_000, image_input=1_000_000), "8"),
    (IMAGES, Usage(input_tokens=2_000_000, image_input=1_000_000, cached_tokens=500_000), "11"),
    (SOUND, Usage(input_tokens=30, audio_input=20, output_tokens=50, audio_output=40), "0.0041"),
    (TOKENS, Usage(input_tokens=1_000_000, image_input=900_000), "2"),
])  # fmt: skip
def test_tokens_of_pictures_and_sound_are_billed_at_their_own_rate_and_once(price, usage, usd):
    assert cost_under(price, usage) == D(usd)
    half = replace(price, input=price.input / 2, output=price.output / 2, cached_input=price.cached_input and D("0.5"),
                   units=price.units and price.units.times(D("0.5")))  # fmt: skip
    assert cost_under(half, usage) == D(usd) / 2


def test_an_edit_of_a_picture_is_billed_as_its_vendor_counts_it():
    used = {"total_tokens": 1_600, "input_tokens": 500, "output_tokens": 1_100,
            "input_tokens_details": {"text_tokens": 100, "image_tokens": 400}}  # fmt: skip
    read = read_usage(used)

    assert read == Usage(input_tokens=500, output_tokens=1_100, image_input=400)
    assert cost_under(IMAGES, read) == (100 * D(5) + 400 * D(8) + 1_100 * D(30)) / 1_000_000

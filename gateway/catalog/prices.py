"""What a usage costs at a time: dated rows, contracts, tiers of length, windows of time; exact, and fast to sort by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Literal

import msgspec

from gateway.interfaces import Units

MILLION = Decimal(1_000_000)
DAY_S = 86_400
TOKENS_APART = ("image_input", "image_output", "audio_input", "audio_output")  # parts of input and output
Rate = tuple[float, float]  # US dollars per input token, per output token


class Usage(msgspec.Struct, frozen=True):
    """What one attempt used: input includes cached and cache-write tokens, output includes reasoning."""

    input_tokens: int = 0
    cached_tokens: int = 0
    cache_write_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    audio_tokens: int = 0
    estimated: bool = False
    images: int = 0
    audio_ms: int = 0  # of sound, heard or spoken
    characters: int = 0  # spoken
    searches: int = 0
    variant: str = ""  # of the images: `size/quality`
    image_input: int = 0  # tokens of the input that were pictures
    image_output: int = 0
    audio_input: int = 0
    audio_output: int = 0

    @property
    def beyond_tokens(self) -> bool:
        """Images, sound or searches are part of it."""
        return bool(self.images or self.audio_ms or self.characters or self.searches)


def usage_of(units: Units, *, input_tokens: int = 0, output_tokens: int = 0) -> Usage:
    """What a request asks for beside text, with the tokens of that."""
    return Usage(
        input_tokens=input_tokens + units.input_tokens,
        output_tokens=output_tokens + units.output_tokens,
        images=units.images,
        audio_ms=units.audio_ms,
        characters=units.characters,
        searches=units.searches,
        variant=units.variant,
    )


@dataclass(frozen=True, slots=True)
class UnitRates:
    """US dollars for what is no token of text; None: it is not billed by this."""

    image: Decimal | None = None  # one image
    images: tuple[tuple[str, Decimal], ...] = ()  # by `size`, `/quality` or `size/quality`
    audio_minute: Decimal | None = None
    characters: Decimal | None = None  # a million
    searches: Decimal | None = None  # a thousand
    image_input: Decimal | None = None  # a million tokens of pictures, in place of the input price
    image_output: Decimal | None = None
    audio_input: Decimal | None = None
    audio_output: Decimal | None = None

    def cost(self, usage: Usage) -> Decimal | None:
        """None if nothing of the usage is billed by it."""
        parts = (
            (usage.images, self._image(usage.variant)),
            (Decimal(usage.audio_ms) / 60_000, self.audio_minute),
            (Decimal(usage.characters) / MILLION, self.characters),
            (Decimal(usage.searches) / 1_000, self.searches),
            *((Decimal(getattr(usage, name)) / MILLION, getattr(self, name)) for name in TOKENS_APART),
        )
        billed = [count * rate for count, rate in parts if count and rate is not None]
        return sum(billed, Decimal(0)) if billed else None

    def text_of(self, usage: Usage) -> Usage:
        """Without the tokens that it bills apart."""
        apart = {name: getattr(usage, name) for name in TOKENS_APART if getattr(self, name) is not None}
        read = sum(count for name, count in apart.items() if name.endswith("input"))
        if not any(apart.values()):
            return usage
        written = sum(apart.values()) - read
        return msgspec.structs.replace(
            usage,
            input_tokens=max(usage.input_tokens - read, 0),
            output_tokens=max(usage.output_tokens - written, 0),
        )

    def billed(self) -> frozenset[str]:
        """Names of what of a usage it prices."""
        rates = {"images": self.image, "audio_ms": self.audio_minute}
        rates |= {"characters": self.characters, "searches": self.searches}
        return frozenset(name for name, rate in rates.items() if rate is not None)

    def times(self, factor: Decimal) -> UnitRates:
        """Every rate, multiplied."""
        names = ("image", "audio_minute", "characters", "searches", *TOKENS_APART)
        rates = {name: rate * factor for name in names if (rate := getattr(self, name)) is not None}
        return UnitRates(images=tuple((variant, usd * factor) for variant, usd in self.images), **rates)

    def _image(self, variant: str) -> Decimal | None:
        size, _, quality = variant.partition("/")
        listed = dict(self.images)
        names = (variant, size, f"/{quality}")
        return next((listed[name] for name in names if name in listed), self.image)


@dataclass(frozen=True, slots=True)
class Window:
    """Hours at which other rates hold; weekday and holiday are told at `utc_offset_s`."""

    id: str
    spans: tuple[tuple[int, int], ...]  # seconds of the UTC day; the end is outside
    weekdays: frozenset[int]  # 1 is Monday
    holidays: frozenset[int]  # days since 1970-01-01 at that offset
    utc_offset_s: int
    decided_by: Literal["start", "completion"]

    def open(self, at: float) -> bool:
        """True while its rates hold."""
        second = at % DAY_S
        if not any(start <= second < end for start, end in self.spans):
            return False
        day = int((at + self.utc_offset_s) // DAY_S)
        return (day + 3) % 7 + 1 in self.weekdays and day not in self.holidays


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars per million tokens, valid from `since` until the next row of the same endpoint."""

    since: datetime
    input: Decimal | None
    output: Decimal | None
    cached_input: Decimal | None = None  # None: the input price
    cache_write: Decimal | None = None  # None: the input price
    reasoning: Decimal | None = None  # None: the output price
    thinking_output: Decimal | None = None  # every output token of a reply that reasoned; None: the output price
    source: str | None = None  # `from:` of the row: map@version:key
    tiers: tuple[tuple[int, Price], ...] = ()  # ascending: above so many input tokens, that price
    windows: tuple[tuple[Window, Price], ...] = ()  # the first that is open holds; its tiers are its own
    contract: bool = False
    discount_percent: Decimal | None = None  # of a contract that follows list prices
    until: datetime | None = None  # a contract's end
    currency: str = "USD"  # what the vendor bills in
    rate_date: date | None = None
    batch: Price | None = None  # for reading only
    applied: str | None = None  # `above 256000` or a window's name, in a price that `price_at` returned
    read_from: str | None = None  # where the map read it
    units: UnitRates | None = None  # of what is no token
    free: bool = False  # it costs nothing, and the vendor says so

    @property
    def by_token(self) -> bool:
        return self.input is not None and self.output is not None

    @property
    def known(self) -> bool:
        return self.units is not None or self.by_token


def price_at(rows: Sequence[Price], *, at: float, input_tokens: int) -> Price | None:
    """The price of a request of this length at this time (of completion, where the vendor says so); None is unknown."""
    row = _row_at(rows, at)
    if row is None:
        return None
    price = next((price for window, price in row.windows if window.open(at)), row) if row.windows else row
    if price.tiers:
        price = next((tier for above, tier in reversed(price.tiers) if input_tokens > above), price)
    return price if price.known else None


def cost(rows: Sequence[Price], usage: Usage, *, at: float) -> tuple[Decimal, Price] | None:
    """What the usage costs in US dollars, unrounded, and the price that says so; None if the price is unknown."""
    price = price_at(rows, at=at, input_tokens=usage.input_tokens)
    costs = cost_under(price, usage) if price is not None else None
    return (costs, price) if price is not None and costs is not None else None


def cost_under(price: Price, usage: Usage) -> Decimal | None:
    """What the usage costs under a known price, in US dollars, unrounded; None if the price is one of other things.

    Tokens are billed where the row prices them, beside what it prices by piece.
    """
    units = price.units
    if units is not None:
        by_piece = units.cost(usage)
        if by_piece is not None:
            price = replace(price, input=price.input or Decimal(0), output=price.output or Decimal(0))
            return by_piece + _of_tokens(price, units.text_of(usage))
    return _of_tokens(price, usage) if price.by_token else None


def _of_tokens(price: Price, usage: Usage) -> Decimal:
    assert price.input is not None and price.output is not None
    cached, written, reasoned = usage.cached_tokens, usage.cache_write_tokens, usage.reasoning_tokens
    if not (cached or written or reasoned):  # most often; a third of the time
        return (usage.input_tokens * price.input + usage.output_tokens * price.output) / MILLION
    output = price.thinking_output if reasoned and price.thinking_output is not None else price.output
    reasoning = output if price.reasoning is None else price.reasoning
    fresh = max(usage.input_tokens - cached - written, 0)
    return (
        fresh * price.input
        + cached * (price.input if price.cached_input is None else price.cached_input)
        + written * (price.input if price.cache_write is None else price.cache_write)
        + max(usage.output_tokens - reasoned, 0) * output
        + reasoned * reasoning
    ) / MILLION


def output_price_at(rows: Sequence[Price], at: float) -> float | None:
    """The fact `price_output`: US dollars per million output tokens of a short request at this time."""
    price = price_at(rows, at=at, input_tokens=0)
    return float(price.output) if price is not None and price.output is not None else None


def typical_cost(rows: Sequence[Price], usage: Usage, *, at: float) -> float | None:
    """US dollars of a typical request that asks for more than text, for ordering; None is unknown."""
    found = cost(rows, usage, at=at)
    return float(found[0]) if found is not None else None


def rates(rows: Sequence[Price], *, at: float, input_tokens: int) -> Rate | None:
    """US dollars per input and output token, for ordering; None is unknown."""
    price = price_at(rows, at=at, input_tokens=input_tokens)
    if price is None or price.input is None or price.output is None:
        return None
    return float(price.input) / 1e6, float(price.output) / 1e6


def _row_at(rows: Sequence[Price], at: float) -> Price | None:
    """A price agreed on in force goes first, then the largest discount, then the newest list price."""
    listed, agreed = None, []
    for row in reversed(rows):
        if _seconds(row.since) > at:
            continue
        if not row.contract:
            listed = listed or row
        elif row.until is None or at < _seconds(row.until):
            agreed.append(row)
    if not agreed:
        return listed
    return max(agreed, key=lambda row: (row.discount_percent is None, row.discount_percent or 0, row.since))


@lru_cache(maxsize=4096)
def _seconds(moment: datetime) -> float:
    """Since the epoch; working it out takes longer than the rest of finding a price."""
    return moment.timestamp()


def without_zeros(price: Price) -> Price:
    """A price of 0 at somebody else's machines is unknown: free, a preview, or never filled in."""
    names = ("input", "output", "cached_input", "cache_write", "reasoning", "thinking_output")
    unknown: dict[str, None] = {name: None for name in names if getattr(price, name) == 0}
    return replace(price, **unknown)  # type: ignore[arg-type]

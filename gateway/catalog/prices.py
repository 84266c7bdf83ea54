"""What a usage costs at a time: dated rows, contracts, tiers of length, windows of time; exact, and fast to sort by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Literal

import msgspec

MILLION = Decimal(1_000_000)
DAY_S = 86_400
Rate = tuple[float, float]  # US dollars per input token, per output token


class Usage(msgspec.Struct, frozen=True):
    """Tokens of one attempt: input includes cached and cache-write tokens, output includes reasoning."""

    input_tokens: int = 0
    cached_tokens: int = 0
    cache_write_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    audio_tokens: int = 0
    estimated: bool = False


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

    @property
    def known(self) -> bool:
        return self.input is not None and self.output is not None


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
    if price is None:
        return None
    return cost_under(price, usage), price


def cost_under(price: Price, usage: Usage) -> Decimal:
    """What the usage costs under a known price, in US dollars, unrounded."""
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

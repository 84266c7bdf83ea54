"""Prices as written become dated prices, oldest first; windows get their hours and holidays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from gateway.catalog.auxiliary_shapes import WindowRow, instant
from gateway.catalog.prices import DAY_S, TOKENS_APART, Price, UnitRates, Window, without_zeros
from gateway.catalog.shapes import EndpointPrices, EndpointRow, PriceRow, Rates, WindowRates
from gateway.catalog.sources import CatalogBuilder, Written
from gateway.errors import nearest

_YEARS = range(2024, 2034)
_EPOCH = date(1970, 1, 1)
_PIECES = ("image", "audio_minute", "characters", "searches", *TOKENS_APART)
_NAMES = ("input", "output", "cached_input", "cache_write", "reasoning", "thinking_output")
Bill = tuple[PriceRow, Written[EndpointRow] | Written[EndpointPrices], tuple[str | int, ...]]


class Windows(Mapping[str, Window]):
    """By id; worked out when a price names one, for the calendar of holidays takes 17 MiB."""

    def __init__(self, desk: CatalogBuilder):
        self._desk = desk
        self._rows = desk.by_id(lambda file: file.windows, lambda row: row.id)
        self._made: dict[str, Window] = {}

    def __getitem__(self, name: str) -> Window:
        if name not in self._made:
            self._made[name] = _window(self._desk, self._rows[name])
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)


def _window(desk: CatalogBuilder, written: Written[WindowRow]) -> Window:
    row = written.row
    days = _holidays(desk, written, row.except_holidays) if row.except_holidays else frozenset()
    spans = [span for text in row.hours_utc for span in _spans(text)]
    return Window(row.id, tuple(spans), frozenset(row.weekdays), days, row.utc_offset_hours * 3600, row.decided_by)


def _holidays(desk: CatalogBuilder, written: Written[WindowRow], country: str) -> frozenset[int]:
    """Days since 1970."""
    import holidays  # three hundred modules

    try:
        calendar = holidays.country_holidays(country, years=_YEARS)
    except NotImplementedError:
        message = f"no public holidays are known of `{country}`"
        desk.problems.append(written.problem(message, "except_holidays", help="name another country, or remove it"))
        return frozenset()
    return frozenset((day - _EPOCH).days for day in calendar)


def _spans(text: str) -> list[tuple[int, int]]:
    start, end = (int(part[:2]) * 3600 + int(part[3:]) * 60 for part in text.split("-"))
    return [(start, end)] if start < end else [(start, DAY_S), (0, end)]


def prices(
    desk: CatalogBuilder, bills: Sequence[Bill], known: Mapping[str, Window], *, free: bool, input_only: bool
) -> tuple[Price, ...]:
    """Oldest first. `free`: a price of 0 is meant, else it is unknown; `input_only`: there is no output to pay for."""
    found: dict[tuple[datetime, bool], Price] = {}
    for row, written, path in bills:
        price = _price(desk, row, written, path, known)
        price = price if free or price.free else _unknown_zeros(price)
        if input_only and price.input is not None:
            price = replace(price, output=price.output or Decimal(0))
        key = (price.since, price.contract)
        if key in found:
            desk.problems.append(written.problem(f"two prices begin on {row.since}", *path, "since"))
        found[key] = price
    return tuple(sorted(found.values(), key=lambda price: price.since))


def _price(
    desk: CatalogBuilder,
    row: PriceRow,
    written: Written[EndpointRow] | Written[EndpointPrices],
    path: tuple[str | int, ...],
    known: Mapping[str, Window],
) -> Price:
    price = Price(
        since=instant(row.since),
        **_rates(row),
        source=row.origin,
        contract=row.contract,
        until=instant(row.until) if row.until else None,
        currency=row.currency,
        rate_date=row.rate_date,
        batch=Price(instant(row.since), **_rates(row.batch)) if row.batch else None,
        read_from=row.source,
        units=_units(desk, row, written, path),
        free=row.free,
    )
    if row.free:
        price = replace(price, input=Decimal(0), output=Decimal(0))
    price = replace(price, tiers=_tiers(price, row))
    return replace(price, windows=tuple(_open(desk, price, row.windows, written, path, known)))


def _units(
    desk: CatalogBuilder,
    row: PriceRow,
    written: Written[EndpointRow] | Written[EndpointPrices],
    path: tuple[str | int, ...],
) -> UnitRates | None:
    """None if the row prices nothing but tokens. A piece for nothing is unknown, as a token is."""
    if row.images and row.image is None:
        message = "`images` says what some cost, and nothing what others do"
        desk.problems.append(written.problem(message, *path, "images", help="say what any other costs: `image: 0.04`"))
    if row.free and any(getattr(row, name) is not None for name in (*_NAMES, *_PIECES)):
        desk.problems.append(
            written.problem("what is `free` has no price", *path, "free", help="remove the one or the other")
        )
    units = UnitRates(
        images=tuple((f"{each.size or ''}/{each.quality or ''}".removesuffix("/"), each.usd) for each in row.images),
        **{name: getattr(row, name) or None for name in _PIECES},
    )
    return units if units != UnitRates() else None


def _open(
    desk: CatalogBuilder,
    price: Price,
    rows: Sequence[WindowRates],
    written: Written[EndpointRow] | Written[EndpointPrices],
    path: tuple[str | int, ...],
    known: Mapping[str, Window],
) -> list[tuple[Window, Price]]:
    found = []
    for number, row in enumerate(rows):
        window = known.get(row.window)
        if window is None:
            place = (*path, "windows", number, "window")
            help_ = nearest(row.window, known)
            desk.problems.append(written.problem(f"no window is called `{row.window}`", *place, help=help_))
            continue
        found.append((window, replace(price, **_given(row), tiers=(), applied=window.id)))
    return found


def _tiers(price: Price, row: PriceRow) -> tuple[tuple[int, Price], ...]:
    """A tier says what differs; the rest is as below it."""
    rows = sorted(row.tiers, key=lambda tier: tier.above)
    return tuple((tier.above, replace(price, **_given(tier), applied=f"above {tier.above}")) for tier in rows)


def _rates(row: Rates) -> dict[str, Any]:
    return {name: getattr(row, name) for name in _NAMES}


def _given(row: Rates) -> dict[str, Any]:
    return {name: rate for name, rate in _rates(row).items() if rate is not None}


def _unknown_zeros(price: Price) -> Price:
    return replace(
        without_zeros(price),
        tiers=tuple((above, without_zeros(tier)) for above, tier in price.tiers),
        windows=tuple((window, without_zeros(inner)) for window, inner in price.windows),
    )

"""The rates of all endpoints at once, for ordering by price."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field

from gateway.catalog.facts import Endpoint
from gateway.catalog.prices import Rate, Usage, Window, rates, typical_cost


@dataclass(slots=True)
class PriceBook:
    """The rates of all endpoints at once. Pure: what it keeps only spares working the same answer out again."""

    endpoints: tuple[Endpoint, ...]
    turns: tuple[float, ...]  # times at which a row begins or ends
    lengths: tuple[int, ...]  # input lengths above which a tier begins
    windows: tuple[Window, ...]
    opened: tuple[float, tuple[bool, ...]] = (-1.0, ())  # at the time that was asked about last
    beyond: dict[tuple[Usage, int, tuple[bool, ...]], tuple[Rate | None, ...]] = field(default_factory=dict)
    pages: dict[tuple[int, int, tuple[bool, ...]], tuple[Rate | None, ...]] = field(default_factory=dict)

    def rates(self, *, at: float, input_tokens: int) -> tuple[Rate | None, ...]:
        """By the endpoints' index."""
        opened = self._opened(at)
        key = (bisect_right(self.turns, at), bisect_left(self.lengths, input_tokens), opened)
        page = self.pages.get(key)
        if page is None:
            if len(self.pages) >= 256:
                self.pages.clear()
            page = self.pages[key] = tuple([rates(e.prices, at=at, input_tokens=input_tokens) for e in self.endpoints])
        return page

    def whole(self, usage: Usage, *, at: float) -> tuple[Rate | None, ...]:
        """What a request with this usage costs in all, in place of a token's price; by the endpoints' index."""
        key = (usage, bisect_right(self.turns, at), self._opened(at))
        page = self.beyond.get(key)
        if page is None:
            if len(self.beyond) >= 256:
                self.beyond.clear()
            costs = [typical_cost(e.prices, usage, at=at) for e in self.endpoints]
            page = self.beyond[key] = tuple([None if usd is None else (usd, 0.0) for usd in costs])
        return page

    def _opened(self, at: float) -> tuple[bool, ...]:
        if at != self.opened[0]:
            self.opened = at, tuple([window.open(at) for window in self.windows])
        return self.opened[1]


def price_book(endpoints: Sequence[Endpoint]) -> PriceBook:
    """`endpoints` in the order of their index."""
    rows = [row for endpoint in endpoints for row in endpoint.prices]
    turns = {row.since.timestamp() for row in rows} | {row.until.timestamp() for row in rows if row.until}
    windows = {window.id: window for row in rows for window, _ in row.windows}
    priced = rows + [price for row in rows for _, price in row.windows]
    lengths = {above for price in priced for above, _ in price.tiers}
    return PriceBook(tuple(endpoints), tuple(sorted(turns)), tuple(sorted(lengths)), tuple(windows.values()))

"""What sorts the endpoints of one item. Costs are floats here: they order, they are never billed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gateway.catalog.facts import Endpoint
from gateway.catalog.prices import PriceBook, Rate
from gateway.signals.value import Value

if TYPE_CHECKING:
    from gateway.policy.compiled import Item, Order
    from gateway.policy.decide import View

ANSWER_TOKENS = 400  # one expected answer for all endpoints, where `order: price` compares list prices
PRICED = frozenset({"price", "cost_per_answer"})
_FEW = 24  # up to so many, plain floats are faster than arrays
Lines = tuple[tuple[float, float], ...]  # US dollars: a per input token, b for the answer
Key = tuple[str, int, float, int]


@dataclass(frozen=True, slots=True)
class _Kept:
    """The endpoints of one mask with what they cost, ready to be sorted for any length."""

    page: Sequence[Rate | None] | None
    endpoints: tuple[Endpoint, ...]
    lines: Lines
    array: NDArray[np.float64]
    objects: NDArray[np.object_]


@dataclass(slots=True)
class Rankings:
    """Sorts endpoints. Pure: what it keeps only spares picking the same endpoints and rates out again."""

    book: PriceBook
    kept: dict[Key, _Kept] = field(default_factory=dict)

    def arranged(
        self, order: Order, item: Item, taken: int, signals: dict[str, Value], view: View
    ) -> Sequence[Endpoint]:
        """The endpoints of `item` in the mask `taken`; equals, and all without data, stay as listed."""
        if order not in PRICED:
            return self._kept("listed", item, taken, inf, None).endpoints
        length = _length(signals)
        page = self.book.rates(at=view.at, input_tokens=int(length))
        kept = self._kept(order, item, taken, inf if view.max_tokens is None else view.max_tokens, page)
        if len(kept.lines) < 2:
            return kept.endpoints
        if len(kept.lines) <= _FEW:
            costs = [a * length + b for a, b in kept.lines]
            return [kept.endpoints[place] for place in sorted(range(len(costs)), key=costs.__getitem__)]
        sorted_places = (kept.array[0] * length + kept.array[1]).argsort(kind="stable")
        found: list[Endpoint] = kept.objects[sorted_places].tolist()
        return found

    def _kept(self, order: str, item: Item, taken: int, limit: float, page: Sequence[Rate | None] | None) -> _Kept:
        key = (order, taken, limit, id(page))
        kept = self.kept.get(key)
        if kept is None or kept.page is not page:
            if len(self.kept) >= 512:
                self.kept.clear()
            kept = self.kept[key] = _pick(order, item, taken, limit, page)
        return kept


def _pick(order: str, item: Item, taken: int, limit: float, page: Sequence[Rate | None] | None) -> _Kept:
    endpoints = tuple(endpoint for bit, endpoint in item.pairs if bit & taken)
    lines = tuple(_line(order, endpoint, limit, page[endpoint.index]) for endpoint in endpoints) if page else ()
    objects = np.empty(len(endpoints), dtype=object)
    objects[:] = endpoints
    return _Kept(page, endpoints, lines, np.array(lines, dtype=np.float64).T, objects)


def _line(order: str, endpoint: Endpoint, limit: float, rate: Rate | None) -> tuple[float, float]:
    """`price` reckons with the same answer from all, `cost_per_answer` with each model's usual one."""
    if rate is None:
        return 0.0, inf
    answer = endpoint.model.output_tokens if order == "cost_per_answer" else ANSWER_TOKENS
    return rate[0], rate[1] * min(limit, answer)


def expected_costs(
    book: PriceBook, order: Order, endpoints: Sequence[Endpoint], signals: dict[str, Value], view: View
) -> list[float]:
    """US dollars of one request at each endpoint, as `order` reckons them; infinite if the price is unknown."""
    length = _length(signals)
    page = book.rates(at=view.at, input_tokens=int(length))
    limit = inf if view.max_tokens is None else view.max_tokens
    lines = [_line(order, endpoint, limit, page[endpoint.index]) for endpoint in endpoints]
    return [a * length + b for a, b in lines]


def _length(signals: dict[str, Value]) -> float:
    tokens = signals.get("tokens")
    return tokens if isinstance(tokens, int | float) else 0.0

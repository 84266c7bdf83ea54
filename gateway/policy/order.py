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
from gateway.estimates import PRIORS, Snapshot
from gateway.signals.table import TOPICS
from gateway.signals.value import Value

if TYPE_CHECKING:
    from gateway.policy.compiled import Item, Order
    from gateway.policy.decide import View

ANSWER_TOKENS = 400.0  # one expected answer for all endpoints, where `order: price` compares list prices
PRICED = frozenset({"price", "cost_per_answer"})
_FEW = 24  # up to so many, plain floats are faster than arrays
_MOST_KEPT = 512
Line = tuple[float, float, float, float]  # a per input token, b per output token, so many of those, and c
Page = Sequence[Rate | None]
Kind = tuple[str, str, str]  # topic, language, effort: what estimates tell apart
Key = tuple[str, int, int, Kind]
_ANY: Kind = ("", "", "")


@dataclass(slots=True)
class _Kept:
    """The endpoints of one mask with what they cost, ready to be sorted for any length."""

    item: Item
    page: Page
    snapshot: Snapshot
    endpoints: tuple[Endpoint, ...]
    lines: tuple[Line, ...]
    array: NDArray[np.float64]
    objects: NDArray[np.object_]
    used: bool = True  # since the last snapshot came


@dataclass(slots=True)
class Rankings:
    """Sorts endpoints. Pure: what it keeps only spares picking the same endpoints and rates out again."""

    book: PriceBook
    kept: dict[Key, _Kept] = field(default_factory=dict)

    def arranged(
        self, order: Order, item: Item, taken: int, signals: dict[str, Value], view: View
    ) -> Sequence[Endpoint]:
        """The endpoints of `item` in the mask `taken`; equals, and all without data, stay as listed."""
        length = _length(signals)
        page = self.book.rates(at=view.at, input_tokens=int(length)) if order in PRICED else ()
        kept = self._kept((order, taken, id(page), _kind(order, signals)), item, page, view.estimates or PRIORS)
        if order == "listed" or len(kept.endpoints) < 2:
            return kept.endpoints
        limit = inf if view.max_tokens is None else view.max_tokens
        if len(kept.lines) <= _FEW:
            costs = [_cost(line, length, limit) for line in kept.lines]
            return [kept.endpoints[place] for place in sorted(range(len(costs)), key=costs.__getitem__)]
        a, b, tokens, c = kept.array
        sorted_places = (a * length + b * np.minimum(tokens, limit) + c).argsort(kind="stable")
        found: list[Endpoint] = kept.objects[sorted_places].tolist()
        return found

    def renew(self, snapshot: Snapshot) -> None:
        """Makes what was used of late ready for this snapshot, so that no request waits for it."""
        known = list(self.kept.items())
        self.kept = {key: _pick(key, kept.item, kept.page, snapshot) for key, kept in known if kept.used}
        for kept in self.kept.values():
            kept.used = False

    def _kept(self, key: Key, item: Item, page: Page, snapshot: Snapshot) -> _Kept:
        kept = self.kept.get(key)
        if kept is None or kept.page is not page or kept.snapshot is not snapshot:
            if len(self.kept) >= _MOST_KEPT:
                self.kept.clear()
            kept = self.kept[key] = _pick(key, item, page, snapshot)
        kept.used = True
        return kept


def _pick(key: Key, item: Item, page: Page, snapshot: Snapshot) -> _Kept:
    order, taken, _, kind = key
    endpoints = tuple(endpoint for bit, endpoint in item.pairs if bit & taken)
    lines = tuple(
        _line(order, endpoint, page[endpoint.index] if page else None, kind, snapshot) for endpoint in endpoints
    )
    objects = np.empty(len(endpoints), dtype=object)
    objects[:] = endpoints
    return _Kept(item, page, snapshot, endpoints, lines, np.array(lines, dtype=np.float64).T, objects)


def _line(order: str, endpoint: Endpoint, rate: Rate | None, kind: Kind, snapshot: Snapshot) -> Line:
    """`price` reckons with the same answer from all, `cost_per_answer` with what is learned of each."""
    topic, language, effort = kind
    if order in PRICED:
        if rate is None:
            return 0.0, 0.0, 0.0, inf
        if order == "price":
            return rate[0], rate[1], ANSWER_TOKENS, 0.0
        answers = snapshot.answered(endpoint, topic, language).mean
        return rate[0] / answers, rate[1] / answers, snapshot.output_tokens(endpoint.model, effort, topic).mean, 0.0
    if order == "refusals":
        return 0.0, 0.0, 0.0, 1 - snapshot.answered(endpoint, topic, language).mean
    if order == "first_byte":
        return 0.0, 0.0, 0.0, snapshot.first_byte_s(endpoint).mean
    if order == "total_time":
        tokens = snapshot.output_tokens(endpoint.model, effort, topic).mean
        return 0.0, snapshot.token_s(endpoint).mean, tokens, snapshot.first_byte_s(endpoint).mean
    return 0.0, 0.0, 0.0, 0.0


def _cost(line: Line, length: float, limit: float) -> float:
    a, b, tokens, c = line
    return a * length + b * (tokens if tokens < limit else limit) + c


def expected_costs(
    book: PriceBook, order: Order, endpoints: Sequence[Endpoint], signals: dict[str, Value], view: View
) -> list[float]:
    """US dollars of one request at each endpoint, as `order` reckons them; infinite if the price is unknown."""
    length = _length(signals)
    page = book.rates(at=view.at, input_tokens=int(length))
    limit = inf if view.max_tokens is None else view.max_tokens
    kind, snapshot = _kind(order, signals), view.estimates or PRIORS
    return [_cost(_line(order, each, page[each.index], kind, snapshot), length, limit) for each in endpoints]


def _length(signals: dict[str, Value]) -> float:
    tokens = signals.get("tokens")
    return tokens if isinstance(tokens, int | float) else 0.0


def _kind(order: str, signals: dict[str, Value]) -> Kind:
    """What estimates tell apart; the first topic in declared order, as in reports."""
    if order in ("listed", "price", "first_byte"):
        return _ANY
    topics, language, effort = signals.get("topic"), signals.get("language"), signals.get("effort")
    topic = "unknown"
    if isinstance(topics, frozenset):
        topic = next((topic for topic in TOPICS if topic in topics), "none") if topics else "none"
    return topic, language if isinstance(language, str) else "other", effort if isinstance(effort, str) else "default"

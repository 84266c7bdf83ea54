"""What sorts the endpoints of one item. Costs are floats here: they order, they are never billed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from math import inf

import numpy as np
from numpy.typing import NDArray

from gateway.catalog.facts import Endpoint
from gateway.catalog.price_book import PriceBook
from gateway.catalog.prices import Rate, Usage, usage_of
from gateway.estimates import PRIORS, Snapshot
from gateway.interfaces import INTERFACES
from gateway.policy.rules import Item, Order
from gateway.policy.view import View
from gateway.signals.kind import effort_of, language_of, topic_of
from gateway.signals.value import Value

ANSWER_TOKENS = 400.0  # one expected answer for all endpoints, where `order: price` compares list prices
PRICED = frozenset({"price", "cost_per_answer"})
_FEW = 24  # up to so many, plain floats are faster than arrays
_MOST_KEPT = 512
Line = tuple[float, float, float, float]  # a per input token, b per output token, so many of those, and c
Page = Sequence[Rate | None]
Kind = tuple[str, str, str, str]  # topic, language, effort, team: what estimates tell apart
Table = tuple[str, int, Kind, int]  # order, the price page's identity, kind, the snapshot's version
_ANY: Kind = ("", "", "", "")


@dataclass(slots=True)
class _Lines:
    """What every endpoint costs requests of one kind, by its index; and the endpoints of masks, picked out."""

    page: Page
    snapshot: Snapshot
    array: NDArray[np.float64]
    whole: bool  # the page holds prices of whole requests, not of tokens
    picked: dict[int, _Picked] = field(default_factory=dict)
    used: bool = True  # since the last snapshot came


@dataclass(frozen=True, slots=True)
class _Picked:
    endpoints: tuple[Endpoint, ...]
    lines: tuple[Line, ...]
    array: NDArray[np.float64]
    objects: NDArray[np.object_]


@dataclass(slots=True)
class Rankings:
    """Sorts endpoints. Pure: what it keeps only spares working the same answer out again."""

    book: PriceBook
    kept: dict[Table, _Lines] = field(default_factory=dict)

    def arranged(
        self, order: Order, item: Item, taken: int, signals: dict[str, Value], view: View
    ) -> Sequence[Endpoint]:
        """The endpoints of `item` in the mask `taken`; equals, and all without data, stay as listed."""
        length = tokens_of(signals)
        lines = self._lines(order, signals, view)
        picked = lines.picked.get(taken)
        if picked is None:
            if len(lines.picked) >= _MOST_KEPT:
                lines.picked.clear()
            picked = lines.picked[taken] = _pick(item, taken, lines.array)
        if order == "listed" or len(picked.endpoints) < 2:
            return picked.endpoints
        limit = inf if view.max_tokens is None else view.max_tokens
        if len(picked.lines) <= _FEW:
            costs = [_cost(line, length, limit) for line in picked.lines]
            return [picked.endpoints[place] for place in sorted(range(len(costs)), key=costs.__getitem__)]
        found: list[Endpoint] = picked.objects[_costs(picked.array, length, limit).argsort(kind="stable")].tolist()
        return found

    def costs(
        self, order: Order, signals: dict[str, Value], view: View, *, longer: NDArray[np.float64] | float = 1.0
    ) -> NDArray[np.float64]:
        """What each endpoint costs this request, by its index, as `order` reckons; infinite if that is unknown.

        `longer`: how many times as much as expected each says.
        """
        limit = inf if view.max_tokens is None else view.max_tokens
        return _costs(self._lines(order, signals, view).array, tokens_of(signals), limit, longer)

    def lines(self, order: Order, signals: dict[str, Value], view: View) -> NDArray[np.float64]:
        """Two rows by the endpoints' index: what `order` reckons for each input token, and for the answer."""
        limit = inf if view.max_tokens is None else view.max_tokens
        a, b, tokens, c = self._lines(order, signals, view).array
        return np.stack((a, b * np.minimum(tokens, limit) + c))

    def renew(self, snapshot: Snapshot) -> None:
        """Makes what was used of late ready for this snapshot, beside what serves until it is taken up."""
        used = {table: lines for table, lines in list(self.kept.items()) if lines.used}
        fresh: dict[Table, _Lines] = {}
        for (order, page, kind, _), lines in used.items():
            fresh[order, page, kind, snapshot.version] = self._made(
                order, lines.page, kind, snapshot, whole=lines.whole
            )
            lines.used = False
        self.kept = used | fresh

    def _lines(self, order: Order, signals: dict[str, Value], view: View) -> _Lines:
        page: Page = ()
        beyond = usage_beyond_text(signals.get("kind")) if order in PRICED else None
        if beyond is not None:
            page = self.book.whole(beyond, at=view.at)
        elif order in PRICED:
            page = self.book.rates(at=view.at, input_tokens=int(tokens_of(signals)))
        snapshot = view.estimates or PRIORS
        table = (order, id(page), kind_of(order, signals, snapshot), snapshot.version)
        lines = self.kept.get(table)
        if lines is None or lines.page is not page or lines.snapshot is not snapshot:
            if len(self.kept) >= _MOST_KEPT:
                self.kept.clear()
            lines = self.kept[table] = self._made(order, page, table[2], snapshot, whole=beyond is not None)
        lines.used = True
        return lines

    def _made(self, order: str, page: Page, kind: Kind, snapshot: Snapshot, *, whole: bool) -> _Lines:
        endpoints = self.book.endpoints
        if order == "listed":
            return _Lines(page, snapshot, np.zeros((4, len(endpoints))), whole)
        lines = [_line(order, each, page[each.index] if page else None, kind, snapshot) for each in endpoints]
        if whole:  # what such a request costs depends on no token
            lines = [(0.0, 0.0, 0.0, c if c == inf else a) for a, _, _, c in lines]
        return _Lines(page, snapshot, np.array(lines, dtype=np.float64).reshape(-1, 4).T, whole)


def _pick(item: Item, taken: int, array: NDArray[np.float64]) -> _Picked:
    endpoints = tuple(endpoint for bit, endpoint in item.pairs if bit & taken)
    picked = array[:, [endpoint.index for endpoint in endpoints]]
    objects = np.empty(len(endpoints), dtype=object)
    objects[:] = endpoints
    lines = tuple((a, b, tokens, c) for a, b, tokens, c in picked.T.tolist())
    return _Picked(endpoints, lines, picked, objects)


def _line(order: str, endpoint: Endpoint, rate: Rate | None, kind: Kind, snapshot: Snapshot) -> Line:
    """`price` reckons with the same answer from all, `cost_per_answer` with what is learned of each."""
    topic, language, effort, team = kind
    if order == "first_byte":
        return 0.0, 0.0, 0.0, snapshot.first_byte_s(endpoint).mean
    if order == "refusals":
        return 0.0, 0.0, 0.0, 1 - snapshot.answered_mean(endpoint, topic, language, team=team)
    if order == "total_time":
        tokens = snapshot.output_tokens_mean(endpoint.model, effort, topic)
        return 0.0, snapshot.token_s(endpoint).mean, tokens, snapshot.first_byte_s(endpoint).mean
    if rate is None:
        return 0.0, 0.0, 0.0, inf
    if order == "price":
        return rate[0], rate[1], ANSWER_TOKENS, 0.0
    answers = snapshot.answered_mean(endpoint, topic, language, team=team)
    tokens = snapshot.output_tokens_mean(endpoint.model, effort, topic)
    return rate[0] / answers, rate[1] / answers, tokens, 0.0


def _cost(line: Line, length: float, limit: float) -> float:
    a, b, tokens, c = line
    return a * length + b * (tokens if tokens < limit else limit) + c


def _costs(
    array: NDArray[np.float64], length: float, limit: float, longer: NDArray[np.float64] | float = 1.0
) -> NDArray[np.float64]:
    a, b, tokens, c = array
    found: NDArray[np.float64] = a * length + b * np.minimum(tokens * longer, limit) + c
    return found


def expected_costs(
    rankings: Rankings, order: Order, endpoints: Sequence[Endpoint], signals: dict[str, Value], view: View
) -> list[float]:
    """US dollars of one request at each endpoint, as `order` reckons them; infinite if the price is unknown."""
    costs = rankings.costs(order, signals, view)
    return [float(costs[endpoint.index]) for endpoint in endpoints]


@cache
def usage_beyond_text(kind: Value) -> Usage | None:
    """Of a typical request of this kind, where its price is not one of text alone."""
    interface = INTERFACES.get(kind) if isinstance(kind, str) else None
    if interface is None or interface.typical is None:
        return None
    return usage_of(interface.typical)


def tokens_of(signals: dict[str, Value]) -> float:
    """The prompt's estimated tokens; 0 where nobody measured them."""
    tokens = signals.get("tokens")
    return tokens if isinstance(tokens, (int, float)) else 0.0


def kind_of(order: str, signals: dict[str, Value], snapshot: Snapshot) -> Kind:
    """Teams are told apart only where they gave feedback."""
    if order in ("listed", "price", "first_byte"):
        return _ANY
    team = signals.get("team")
    heard = team if isinstance(team, str) and team in snapshot.teams else ""
    return topic_of(signals), language_of(signals), effort_of(signals), heard

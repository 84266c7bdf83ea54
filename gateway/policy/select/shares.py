"""`order: weighted`: endpoints of one item share the conversations by their weights. Pure: chance is the view's draw.

Each endpoint waits a time drawn for it alone, shorter the more it weighs, and the shortest goes first: of any that are
left, each is first as often as its weight says. One that goes or comes moves no other endpoint's conversations.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, log1p

from gateway.catalog.facts import Endpoint
from gateway.policy.rules import Item, Route
from gateway.policy.select.exploration import share_of

ORDER = "weighted"
_MOST = 1 - 2**-53  # the largest number below 1


def by_share(route: Route, item: Item, taken: int, draw: float | None) -> Sequence[Endpoint]:
    """The endpoints of `item` in the mask `taken`; without a draw the heaviest first. What weighs 0 is last."""
    endpoints = [endpoint for bit, endpoint in item.pairs if bit & taken]
    if draw is None:
        return sorted(endpoints, key=lambda endpoint: -route.weight(endpoint))
    return sorted(endpoints, key=lambda endpoint: _wait(draw, endpoint, route.weight(endpoint)))


def shares(route: Route, endpoints: Sequence[Endpoint]) -> list[float]:
    """How often each of these goes first, in [0, 1]; where none weighs anything, the first always does."""
    weights = [route.weight(endpoint) for endpoint in endpoints]
    total = sum(weights)
    if not total:
        return [float(place == 0) for place in range(len(weights))]
    return [weight / total for weight in weights]


def _wait(draw: float, endpoint: Endpoint, weight: float) -> float:
    """Exponentially distributed, `weight` being its rate."""
    if not weight:
        return inf
    return -log1p(-min(share_of(draw, f"share {endpoint.id}"), _MOST)) / weight

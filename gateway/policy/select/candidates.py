"""What a route names for one request: `requested`, tests on the price and embedding models are resolved here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from gateway.catalog.prices import output_price_at
from gateway.interfaces import one_model
from gateway.policy.compiled import Policy
from gateway.policy.evaluate import truth
from gateway.policy.models import passes_on
from gateway.policy.rules import Item, Route
from gateway.signals.value import Value


def candidates(policy: Policy, route: Route, signals: Mapping[str, Value], at: float) -> tuple[Item, ...]:
    """The items of the route's `try`, with `requested` and tests on the price resolved."""
    items = route.items
    if policy.passes:
        passing = passes_on(policy, str(signals.get("model")))
        items = tuple([item for item in items if item.passes == passing])
        if passing:
            return items
    for item in items:
        if item.requested or item.prices:
            items = tuple([_resolved(policy, each, signals, at) for each in items])
            break
    return _of_one_model(policy, items, signals) if one_model(signals.get("kind")) else items


def _resolved(policy: Policy, item: Item, signals: Mapping[str, Value], at: float) -> Item:
    if item.prices:
        return _cheap_enough(item, at)
    return policy.named.get(str(signals.get("model")), item) if item.requested else item


def _of_one_model(policy: Policy, items: tuple[Item, ...], signals: Mapping[str, Value]) -> tuple[Item, ...]:
    """Embeddings of two models cannot be compared: only the model that was asked for, or the first that is named."""
    asked = policy.named.get(str(signals.get("model")))
    model = asked.model if asked else next((item.model for item in items if item.model), None)
    return tuple(item.restricted(model) for item in items)


def _cheap_enough(item: Item, at: float) -> Item:
    """The item without the endpoints whose output price does not pass, or is not known."""
    pairs = tuple(
        pair
        for pair in item.pairs
        if all(truth(test.term, output_price_at(pair[1].prices, at), "only") is True for test in item.prices)
    )
    return replace(item, pairs=pairs, mask=sum(bit for bit, _ in pairs))

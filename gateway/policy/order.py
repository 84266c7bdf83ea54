"""What sorts the endpoints of one item. Costs are floats here: they order, they are never billed."""

from __future__ import annotations

from dataclasses import replace
from math import inf
from typing import TYPE_CHECKING

from gateway.catalog.facts import Endpoint
from gateway.catalog.prices import output_price_at
from gateway.policy.compiled import Item, Order, Policy
from gateway.policy.truth import truth
from gateway.signals.value import Value

if TYPE_CHECKING:
    from gateway.policy.decide import View

ANSWER_TOKENS = 400  # one expected answer for all endpoints, where `order: price` compares list prices
PRICED: frozenset[Order] = frozenset({"price", "cost_per_answer"})


def arranged(
    policy: Policy, order: Order, item: Item, taken: int, signals: dict[str, Value], view: View
) -> list[Endpoint]:
    """The endpoints of `item` that are in the mask `taken`; equals, and all without data, stay as listed."""
    chosen = [endpoint for bit, endpoint in item.pairs if bit & taken]
    if len(chosen) < 2 or order not in PRICED:
        return chosen
    costs = expected_costs(policy, order, chosen, signals, view)
    return [chosen[place] for place in sorted(range(len(chosen)), key=costs.__getitem__)]


def expected_costs(
    policy: Policy, order: Order, endpoints: list[Endpoint], signals: dict[str, Value], view: View
) -> list[float]:
    """US dollars of one request, each; infinite if the price is unknown.

    `price` reckons with the same answer from all, `cost_per_answer` with each model's usual one.
    """
    tokens = signals.get("tokens")
    length = tokens if isinstance(tokens, int | float) else 0
    rates = policy.book.rates(at=view.at, input_tokens=int(length))
    limit = inf if view.max_tokens is None else view.max_tokens
    if order == "cost_per_answer":
        return [
            inf if (rate := rates[e.index]) is None else rate[0] * length + rate[1] * min(limit, e.model.output_tokens)
            for e in endpoints
        ]
    answer = min(limit, ANSWER_TOKENS)
    return [inf if (rate := rates[e.index]) is None else rate[0] * length + rate[1] * answer for e in endpoints]


def cheap_enough(item: Item, at: float) -> Item:
    """The item without the endpoints whose output price does not pass, or is not known."""
    pairs = tuple(
        pair
        for pair in item.pairs
        if all(truth(test.term, output_price_at(pair[1], at), "only") is True for test in item.prices)
    )
    return replace(item, pairs=pairs, mask=sum(bit for bit, _ in pairs))

"""What was agreed with operators: discounts become prices that go before list prices; commitments are for reports."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from itertools import zip_longest
from typing import Any

from gateway.catalog.auxiliary_shapes import ContractRow, instant
from gateway.catalog.prices import Price
from gateway.catalog.rows import Contract
from gateway.catalog.sources import CatalogBuilder, Written
from gateway.errors import nearest

_RATES = ("input", "output", "cached_input", "cache_write", "reasoning", "thinking_output")


def contracts(desk: CatalogBuilder, operators: Collection[str], models: Collection[str]) -> tuple[Contract, ...]:
    """In file order."""
    return tuple([_contract(desk, written, operators, models) for written in desk.rows(lambda file: file.contracts)])


def discounted(prices: tuple[Price, ...], agreed: Sequence[Contract]) -> tuple[Price, ...]:
    """Oldest first: one endpoint's prices, with a row of each list price for as long as a discount on it holds."""
    listed = [price for price in prices if not price.contract]
    found = list(prices)
    for price, after in zip_longest(listed, listed[1:]):
        for contract in agreed:
            found += _slice(price, None if after is None else after.since, contract)
    return tuple(sorted(found, key=lambda price: price.since))


def _slice(price: Price, end: datetime | None, contract: Contract) -> list[Price]:
    """What a discount makes of a list price that holds until `end`; empty if they never hold together."""
    percent, since = contract.discount_percent, max(price.since, contract.since)
    until = min([each for each in (end, contract.until) if each is not None], default=None)
    if percent is None or (until is not None and until <= since):
        return []
    return [_cut(price, since, until, percent)]


def _cut(price: Price, since: datetime, until: datetime | None, percent: Decimal) -> Price:
    left = 1 - percent / 100
    rates: dict[str, Any] = {name: rate * left for name in _RATES if (rate := getattr(price, name)) is not None}
    units = price.units.times(left) if price.units is not None else None
    agreed = replace(price, **rates, units=units, since=since, until=until, contract=True, discount_percent=percent)
    agreed = replace(agreed, batch=None)
    return replace(
        agreed,
        tiers=tuple((above, _cut(tier, since, until, percent)) for above, tier in price.tiers),
        windows=tuple((window, _cut(inner, since, until, percent)) for window, inner in price.windows),
    )


def _contract(
    desk: CatalogBuilder, written: Written[ContractRow], operators: Collection[str], models: Collection[str]
) -> Contract:
    row = written.row
    since, until = instant(row.since), instant(row.until) if row.until else None
    if row.operator not in operators:
        help_ = nearest(row.operator, operators)
        desk.problems.append(written.problem(f"no operator is called `{row.operator}`", "operator", help=help_))
    for number, model in enumerate(row.models or ()):
        if model not in models:
            help_ = nearest(model, models)
            desk.problems.append(written.problem(f"no model is called `{model}`", "models", number, help=help_))
    if row.discount_percent is None and row.committed_usd_per_month is None:
        help_ = "add `discount_percent: …` or `committed_usd_per_month: …`"
        desk.problems.append(written.problem("this contract agrees nothing", help=help_))
    if row.models is not None and row.committed_usd_per_month is not None:
        message = "a commitment is to an operator, not to some of its models"
        desk.problems.append(written.problem(message, "models", help="write the discount as a row of its own"))
    if until is not None and until <= since:
        desk.problems.append(written.problem(f"it ends before it begins, on {row.since}", "until"))
    chosen = frozenset(row.models) if row.models is not None else None
    return Contract(row.operator, chosen, since, until, row.discount_percent, row.committed_usd_per_month)


def covering(agreed: Iterable[Contract], operator: str, model: str) -> list[Contract]:
    """Those with this operator that this model is part of."""
    return [each for each in agreed if each.operator == operator and (each.models is None or model in each.models)]


def committed_usd(agreed: Iterable[Contract], operator: str, month: datetime) -> Decimal:
    """What is owed at least to this operator for the UTC month that begins then."""
    return sum(
        (
            each.committed_usd_per_month
            for each in agreed
            if each.committed_usd_per_month is not None
            and each.operator == operator
            and each.since <= month
            and (each.until is None or month < each.until)
        ),
        Decimal(0),
    )

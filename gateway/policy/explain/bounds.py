"""What bounds the endpoints of a decision beside its rules, in words: budgets, ceilings, limits of their own."""

from __future__ import annotations

from dataclasses import fields
from decimal import Decimal
from math import inf

from gateway.catalog.rows import Ceilings, EndpointLimits
from gateway.identity import Account
from gateway.policy.decision import Decision

_SHOWN = 6  # endpoints named in one sentence
_SAID = {
    "requests_per_minute": "{:,} requests a minute",
    "tokens_per_minute": "{:,} tokens a minute",
    "at_once": "{:,} requests at once",
    "queue": "{:,} waiting for one of them to end",
    "queue_s": "{:g} s each",
}


def sentences(decision: Decision) -> list[str]:
    """One for each bound that concerns its endpoints; none of them is known to be reached."""
    told = [words for account in decision.policy.budgets if (words := _budget(account, decision))]
    for endpoint in decision.endpoints:
        if endpoint.ceilings is not None:
            most = ", ".join(_SAID[name].format(value) for name, value in said(endpoint.ceilings))
            told.append(f"{endpoint.id} takes at most {most}: while it is full it is passed over")
        if endpoint.limits is not None:
            own = ", ".join(f"{name} {value:g}" for name, value in said(endpoint.limits))
            told.append(f"{endpoint.id} has limits of its own, which hold where the route's are wider: {own}")
    return told


def _budget(account: Account, decision: Decision) -> str | None:
    """None where it concerns nobody here."""
    bounded = [
        endpoint
        for endpoint in decision.endpoints
        if account.place is None or endpoint.is_at(account.place)
        if account.budget.when_spent == "reject" or endpoint.hosting == "hosted"
    ]
    if not bounded or (account.place is None and account.team != decision.signals.get("team")):
        return None
    usd = f"{account.budget.usd} USD a {account.budget.per}"
    shown = listed([endpoint.id for endpoint in bounded])
    return f"a budget bounds {account} to {usd}: once it is spent, these are passed over: {shown}"


def said(bound: Ceilings | EndpointLimits) -> list[tuple[str, Decimal | float | int]]:
    """Name and amount of each that is there."""
    named = [(field.name, getattr(bound, field.name)) for field in fields(bound)]
    return [(name, value) for name, value in named if value not in (None, inf)]


def listed(names: list[str]) -> str:
    """The first of them."""
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more

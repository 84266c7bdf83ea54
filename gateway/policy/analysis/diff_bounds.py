"""What two folders say differently of money, ceilings and limits: it changes nobody's reach, but who is asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gateway.catalog.facts import Endpoint
from gateway.policy.compiled import Policy
from gateway.policy.explain import bounds


def bounds_changed(old: Policy, new: Policy) -> tuple[str, ...]:
    """One sentence each, in the order of the new folder."""
    found = list(_changed(_budgets(old), _budgets(new)))
    before, after = old.catalog.endpoints, new.catalog.endpoints
    for name in dict.fromkeys((*after, *before)):
        both = [_of(each) if each is not None else {} for each in (before.get(name), after.get(name))]
        found += _changed(*both)
    return tuple(found)


def _budgets(policy: Policy) -> dict[str, str]:
    return {
        f"the budget of {account} per {account.budget.per}": f"{account.budget.usd} USD ({account.budget.when_spent})"
        for account in policy.budgets
    }


def _of(endpoint: Endpoint) -> dict[str, str]:
    said: dict[str, str] = {}
    if endpoint.ceilings is not None:
        said |= {f"the ceiling of {endpoint.id}, {name}": f"{most:,}" for name, most in bounds.said(endpoint.ceilings)}
    if endpoint.limits is not None:
        said |= {f"the limit of {endpoint.id}, {name}": f"{most:g}" for name, most in bounds.said(endpoint.limits)}
    return said


def _changed(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[str]:
    for name in dict.fromkeys((*after, *before)):
        if before.get(name) != after.get(name):
            yield f"{name}: {before.get(name, 'none')} → {after.get(name, 'none')}"

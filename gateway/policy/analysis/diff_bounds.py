"""What two folders say differently of money, ceilings, limits and caches: it changes nobody's reach.

It changes who is asked, or whether anybody is: a cache gives an answer only where guards let its endpoint serve now.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gateway.catalog.facts import Endpoint
from gateway.policy.compiled import Policy
from gateway.policy.explain import bounds, caching
from gateway.policy.rules import Cache, Term


def bounds_changed(old: Policy, new: Policy) -> tuple[str, ...]:
    """One sentence each, in the order of the new folder."""
    found = list(_changed(_budgets(old), _budgets(new)))
    before, after = old.catalog.endpoints, new.catalog.endpoints
    for name in dict.fromkeys((*after, *before)):
        both = [_of(each) if each is not None else {} for each in (before.get(name), after.get(name))]
        found += _changed(*both)
    found += _changed(_caches(old), _caches(new))
    return tuple(found)


def _caches(policy: Policy) -> dict[str, str]:
    """By the route's name."""
    return {
        f"the cache of route `{route.name}`": caching.said(route.cache) + _tested(route.cache)
        for route in policy.routes
        if route.cache is not None
    }


def _tested(cache: Cache) -> str:
    """The tests of its `when`, however they are written."""
    tests = [f"{clause.signal} {_said_of(clause.term)}" for clause in cache.when]
    return f", when {' and '.join(tests)}" if tests else ""


def _said_of(term: Term) -> str:
    words = [*sorted(map(str, term.values)), *term.globs, *(f"{name} {number:g}" for name, number in term.bounds)]
    return ("not " if term.negated else "") + " or ".join(words)


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

"""Budgets of policy.yaml as written, with every name resolved: of teams, beside their own, and of places."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import cast

from gateway.errors import nearest
from gateway.identity import Account, Budget, Place
from gateway.policy.authoring.routes import Names
from gateway.policy.authoring.shapes import PolicyBudgetShape
from gateway.source.shape import shortened

OF = ("operator", "endpoint", "model", "team")


def compile_budgets(shapes: Sequence[PolicyBudgetShape], names: Names) -> tuple[Account, ...]:
    """In the order of the file; those with a mistake are left out."""
    found: dict[tuple[str, str, str], Account] = {}
    for shape in shapes:
        of = _subject(shape, names)
        if of is None:
            continue
        if (*of, shape.per) in found:
            words = f"{of[0]} `{of[1]}` has two budgets per {shape.per}"
            names.scope.error(words, (*shape.at, of[0]), help="keep the smaller one, or write another `per`")
            continue
        budget = Budget(shape.usd, shape.per, shape.when_spent)
        team = of[1] if of[0] == "team" else ""
        place = None if team else cast(Place, of)
        account = Account(team, None, budget, place, by_policy=not place)
        _warn_of_nothing(account, shape, names)
        found[*of, shape.per] = account
    return tuple(found.values())


def _subject(shape: PolicyBudgetShape, names: Names) -> tuple[str, str] | None:
    """What it bounds: a kind and an id."""
    said = [(kind, name) for kind in OF if (name := getattr(shape, kind)) is not None]
    if len(said) != 1:
        words = "a budget bounds one of an operator, an endpoint, a model and a team"
        names.scope.error(words, shape.at, help="write one of `operator:`, `endpoint:`, `model:`, `team:`")
        return None
    kind, name = said[0]
    known = _known(kind, names)
    if name not in known and not (names.blind and kind != "team"):
        names.scope.error(f"no {kind} is called `{shortened(name)}`", (*shape.at, kind), help=nearest(name, known))
        return None
    return kind, name


def _known(kind: str, names: Names) -> Collection[str]:
    catalog = names.catalog
    if kind == "team":
        return names.words.signals["team"].words or ()
    ids: dict[str, Collection[str]] = {
        "operator": catalog.operators,
        "endpoint": catalog.endpoints,
        "model": catalog.models,
    }
    return ids[kind]


def _warn_of_nothing(account: Account, shape: PolicyBudgetShape, names: Names) -> None:
    """Where every endpoint that it could bound is an own machine, and these stay open."""
    if account.place is None or account.budget.when_spent != "self_only" or names.blind:
        return
    kind, name = account.place
    if all(each.hosting == "self" for each in names.catalog.endpoints.values() if each.is_at(account.place)):
        words = f"this budget bounds nothing: every endpoint of {kind} `{name}` is an own machine"
        names.scope.warn(words, (*shape.at, "when_spent"), help="own machines stay open by `self_only`")

"""policy.yaml in its shape becomes a Policy: guards as masks, routes as lists, capabilities as masks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from gateway.catalog.facts import Catalog
from gateway.catalog.price_book import price_book
from gateway.errors import nearest
from gateway.policy.authoring.budgets import compile_budgets
from gateway.policy.authoring.defaults import Preferences
from gateway.policy.authoring.durations import seconds
from gateway.policy.authoring.guards import compile_guards
from gateway.policy.authoring.routes import Names, compile_routes, item_of, priced, read_share
from gateway.policy.authoring.shapes import PolicyFile, ProbeShape
from gateway.policy.authoring.waivers import compile_waivers
from gateway.policy.body import body_rules
from gateway.policy.capability import capability
from gateway.policy.compiled import Policy
from gateway.policy.evaluate import mask
from gateway.policy.ranking import Rankings
from gateway.policy.rules import Clause, Guard, Item, Probe, Route, glob
from gateway.signals.table import SIGNALS, recorded_signals
from gateway.source import spelled


def assemble(shape: PolicyFile, names: Names, *, version: str) -> Policy:
    """As far as it is sound; what is not, the scope of `names` knows."""
    catalog, scope = names.catalog, names.scope
    endpoints = tuple(catalog.endpoints.values())
    _check_aliases(names)
    file = shape.defaults
    layer = (file.order, file.affinity, file.limits, file.on_refusal) if file else (None, None, None, None)
    defaults = Preferences(*layer, ("defaults", "on_refusal"))
    guards = compile_guards(shape.guards, names.words, scope, endpoints)
    routes = compile_routes(shape.routes, defaults, names)
    recorded, coarse = _recorded(shape.record_signals, names)
    return Policy(
        version=version,
        catalog=catalog,
        endpoints=endpoints,
        everything=mask(endpoints),
        guards=guards,
        routes=routes,
        sets=scope.sets,
        aliases=names.aliases,
        alias_globs=tuple(glob(alias) for alias in names.aliases),
        named=_named(catalog),
        baseline=priced(shape.baseline, names, ("baseline",)),
        needs=frozenset(clause.signal for clause in _clauses(guards, routes)),
        record_signals=recorded,
        coarse=coarse,
        capability=capability(endpoints),
        rankings=Rankings(price_book(endpoints)),
        body_rules=body_rules(catalog.body_fields),
        judge=read_share(shape.judge, names),
        probe=_probe(shape.probe, names),
        allow_widening=shape.allow_widening,
        budgets=compile_budgets(shape.budgets, names),
        waivers=compile_waivers(shape.waivers, guards, names.words.signals["team"].words or (), scope),
        passes=any(item.passes for route in routes for item in route.items),
        tuned=tuple(endpoint for endpoint in endpoints if endpoint.parameters is not None),
    )


def _clauses(guards: Sequence[Guard], routes: Sequence[Route]) -> list[Clause]:
    whens = [guard.when for guard in guards] + [route.when for route in routes]
    whens += [route.cache.when for route in routes if route.cache is not None]
    return [clause for when in whens for clause in when]


def _check_aliases(names: Names) -> None:
    for alias in names.aliases:
        if alias in names.catalog.models or alias in names.catalog.endpoints:
            words = f"`{alias}` is a name of the catalogue already"
            names.scope.error(
                words, ("aliases", alias), key=True, help="an alias is another name, for a route to serve"
            )


def _named(catalog: Catalog) -> Mapping[str, Item]:
    named = {
        id: item_of(f"`{id}`", [endpoint], endpoint.model.id)
        for id, endpoint in catalog.endpoints.items()
        if not endpoint.passes
    }
    for id in catalog.models:
        named[id] = item_of(f"`{id}`", [e for e in catalog.endpoints.values() if e.model.id == id], id)
    return named


def _recorded(raw: object, names: Names) -> tuple[frozenset[str], bool]:
    if raw == "coarse":
        return recorded_signals(), True
    if raw == "none":
        return frozenset(), False
    if not isinstance(raw, list):
        names.scope.error("`record_signals` is a list of signals, `coarse` or `none`", ("record_signals",))
        return frozenset(), False
    for place, name in enumerate(raw):
        if not isinstance(name, str) or name not in SIGNALS:
            words = f"no signal is called `{spelled(name)}`"
            names.scope.error(words, ("record_signals", place), help=nearest(str(name), SIGNALS))
    return recorded_signals() | frozenset(map(str, raw)), False


def _probe(shape: ProbeShape | None, names: Names) -> Probe | None:
    if shape is None:
        return None
    teams = names.words.signals["team"].words or ()
    if shape.team not in teams:
        help_ = nearest(shape.team, teams)
        names.scope.error(f"no team is called `{shape.team}`", (*shape.at, "team"), help=help_)
    return Probe(shape.team, seconds(shape.every), Decimal(shape.usd))

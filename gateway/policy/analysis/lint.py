"""What is legal and probably not meant: rules that never matter, requests that nothing may serve, prices that miss.

Solved for each rule and each endpoint over the cells of `cells`, never by multiplying classes out.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass

from gateway.catalog.facts import Endpoint
from gateway.errors import Place, Problem
from gateway.policy.analysis.dead_ends import stranded
from gateway.policy.analysis.example_request import described
from gateway.policy.analysis.request_space import NAME, Box, Space, space_of
from gateway.policy.analysis.satisfiability import Choice, failing, meet, solve
from gateway.policy.compiled import Compiled, Policy
from gateway.policy.layout import POLICY
from gateway.policy.ranking import PRICED
from gateway.policy.rules import Route, Waiver
from gateway.signals.table import SIGNALS
from gateway.source import read

_MOST = 5  # classes of one kind that are told


@dataclass(frozen=True, slots=True)
class Rules:
    """One policy's rules as boxes."""

    policy: Policy
    space: Space
    guards: tuple[Box, ...]
    routes: tuple[Box, ...]

    def before(self, place: int) -> list[Choice]:
        """That no earlier route applies."""
        return [failing(route, self.space) for route in self.routes[:place]]

    def spared(self, endpoint: Endpoint) -> list[Choice]:
        """That no guard removes the endpoint."""
        pairs = zip(self.policy.guards, self.guards, strict=True)
        return [failing(box, self.space) for guard, box in pairs if guard.removes >> endpoint.index & 1]


def rules_of(folder: Compiled, space: Space, policy: int = 0, waivers: Sequence[Waiver] | None = None) -> Rules:
    """`policy` is the folder's place among those of the space; `waivers`: those that count, else all that are written.

    Whether a waiver has ended is left out: what a folder says may be reached does not change with the clock.
    """
    lifted: dict[int, set[str]] = {}
    for waiver in folder.policy.waivers if waivers is None else waivers:
        lifted.setdefault(waiver.guard_index, set()).add(waiver.team)
    guards = tuple(
        space.spared(space.box(guard.when, policy=policy, guard=True), lifted.get(index, ()), policy)
        for index, guard in enumerate(folder.policy.guards)
    )
    routes = tuple(space.box(route.when, policy=policy, guard=False) for route in folder.policy.routes)
    return Rules(folder.policy, space, guards, routes)


def lint(folder: Compiled, known: Container[str] = frozenset()) -> list[Problem]:
    """Warnings and notes, none of them an error. `known`: endpoints of which enough replies are recorded."""
    rules = rules_of(folder, space_of(folder))
    document, _ = read(folder.files.get(POLICY, b""), POLICY)
    top = document.place(())
    return [
        *_unreached_routes(rules),
        *_idle_guards(rules),
        *_switched_off(rules.policy),
        *_stranded(rules),
        *_unreached_endpoints(rules, top),
        *_without_data(rules.policy, known, top),
    ]


def _warning(message: str, place: Place | None, help: str | None = None) -> Problem:
    return Problem(message, place, help, "warning")


def _note(message: str, place: Place | None, help: str | None = None) -> Problem:
    return Problem(message, place, help, "note")


def _unreached_routes(rules: Rules) -> list[Problem]:
    found = []
    for place, route in enumerate(rules.policy.routes):
        start = meet(rules.space.everything, rules.routes[place])
        if start is None or solve(start, rules.before(place)) is None:
            words = f"no request ever reaches route `{route.name}`"
            found.append(_warning(words, route.place, "the routes above it take all that it would"))
    return found


def _idle_guards(rules: Rules) -> list[Problem]:
    found = []
    for guard, box in zip(rules.policy.guards, rules.guards, strict=True):
        if not guard.removes:
            words = f"guard `{guard.name}` removes no endpoint of this catalogue"
            found.append(_warning(words, guard.place, "it may be right, and matter when the catalogue grows"))
        elif meet(rules.space.everything, box) is None:
            found.append(_warning(f"no request ever meets the `when` of guard `{guard.name}`", guard.place))
    return found


def _switched_off(policy: Policy) -> list[Problem]:
    found = []
    for guard in policy.guards:
        for clause in guard.when:
            if clause.term.negated and SIGNALS[clause.signal].chosen_by_caller:
                words = f"a caller can switch guard `{guard.name}` off by its `{clause.signal}`"
                found.append(_warning(words, guard.place, "test what the key says: team, app, residency, data_class"))
    return found


def _stranded(rules: Rules) -> list[Problem]:
    found = []
    for route, box, guards in stranded(rules.policy, rules.space, rules.guards, rules.routes, most=_MOST):
        names = ", ".join(f"`{guard.name}`" for guard in guards)
        words = f"nothing may serve {described(box, rules.space)}: route `{route.name}`, guards {names}"
        found.append(_note(words, route.place, "such requests get 403; a case with `refused: true` says it is meant"))
    return found


def _unreached_endpoints(rules: Rules, place: Place) -> list[Problem]:
    unreached = [endpoint.id for endpoint in unreachable(rules)]
    if not unreached:
        return []
    words = f"no request ever reaches {first_of(unreached)}"
    return [_note(words, place, "no route proposes them, or guards always remove them")]


def unreachable(rules: Rules) -> list[Endpoint]:
    """Endpoints that no decision of this policy ever holds."""
    known: dict[tuple[int, ...], bool] = {}
    found = []
    for endpoint in rules.policy.endpoints:
        bit = endpoint.index
        guards = tuple(place for place, guard in enumerate(rules.policy.guards) if guard.removes >> bit & 1)
        routes = tuple(place for place, route in enumerate(rules.policy.routes) if _proposes(route, endpoint))
        asked = _asked_by(rules, endpoint) if any(_by_name(rules.policy.routes[place]) for place in routes) else 0
        listed = tuple(place for place in routes if _lists(rules.policy.routes[place], endpoint))
        key = (*guards, -1, *routes, -2, *listed, -3, asked)
        if key not in known:
            known[key] = any(_reaches(rules, place, endpoint, asked) for place in routes)
        if not known[key]:
            found.append(endpoint)
    return found


def _by_name(route: Route) -> bool:
    return any(item.requested for item in route.items)


def _proposes(route: Route, endpoint: Endpoint) -> bool:
    return _by_name(route) or _lists(route, endpoint)


def _lists(route: Route, endpoint: Endpoint) -> bool:
    beside = (share.endpoint for share in (route.canary, route.shadow) if share)
    return any(item.mask >> endpoint.index & 1 for item in route.items) or any(each is endpoint for each in beside)


def _asked_by(rules: Rules, endpoint: Endpoint) -> int:
    """A mask of the cells whose names stand for this endpoint."""
    places = [rules.space.names[name] for name in (endpoint.id, endpoint.model.id) if name in rules.space.names]
    return sum({1 << place for place in places})


def _reaches(rules: Rules, place: int, endpoint: Endpoint, asked: int) -> bool:
    route = rules.policy.routes[place]
    start = meet(rules.space.everything, rules.routes[place])
    if start is not None and not _lists(route, endpoint):
        start = meet(start, {NAME: asked})
    return start is not None and solve(start, [*rules.before(place), *rules.spared(endpoint)]) is not None


def _without_data(policy: Policy, known: Container[str], place: Place) -> list[Problem]:
    found = []
    for route in policy.routes:
        unknown = [endpoint.id for endpoint in policy.endpoints if _lists(route, endpoint) and endpoint.id not in known]
        if route.order == "refusals" and unknown:
            words = f"`order: refusals` of route `{route.name}` goes by published rates for {first_of(unknown)}"
            way_out = "too few of their replies are recorded; `gateway probe` records some; by hand: `order: listed`"
            found.append(_warning(words, route.place, way_out))
        elif route.order not in (*PRICED, "listed", "refusals", "weighted") and unknown:
            words = f"`order: {route.order}` of route `{route.name}` has no data yet of {first_of(unknown)}"
            way_out = (
                "until then endpoints stay as listed; order by `price` or `cost_per_answer`, or list them in order"
            )
            found.append(_warning(words, route.place, way_out))
        explored = unknown if route.exploration != "none" else []
        if route.canary and route.canary.stop_above and route.canary.endpoint.id not in known:
            explored = [*explored, route.canary.endpoint.id]
        if explored:
            few = first_of(dict.fromkeys(explored))
            found.append(
                _note(f"route `{route.name}` leans on estimates, and there are none yet of {few}", route.place)
            )
    return found + _without_price(policy, place)


def first_of(names: Iterable[str], most: int = _MOST) -> str:
    """The first of them, and how many more there are."""
    every = list(names)
    more = f" and {len(every) - most} more" if len(every) > most else ""
    return ", ".join(every[:most]) + more


def _without_price(policy: Policy, place: Place) -> list[Problem]:
    priced = [route for route in policy.routes if route.order in PRICED or route.limits.usd is not None]
    if not priced:
        return []
    unknown = [e.id for e in policy.endpoints if not (e.prices and e.prices[-1].known)]
    if not unknown:
        return []
    words = f"the price of {first_of(unknown)} is unknown"
    return [_note(words, place, "they sort last where price orders")]

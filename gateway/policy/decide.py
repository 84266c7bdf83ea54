"""`decide(policy, signals, view)`: pure and total. Guards are masks over the catalogue's endpoints; routes only order.

Every rule reads signals and facts; an unknown signal makes a guard apply and a route not. Nothing that a guard removed
comes back, whatever the routes say.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import inf

from gateway.catalog.facts import Endpoint
from gateway.policy.capability import UNBOUNDED
from gateway.policy.compiled import Policy
from gateway.policy.decision import Decision
from gateway.policy.freeze import freeze_mask
from gateway.policy.rules import Item, Route
from gateway.policy.select import shares
from gateway.policy.select.canary import drawn_canary
from gateway.policy.select.candidates import candidates
from gateway.policy.select.exploration import ORDER, Floats, drawn_costs, sorted_by
from gateway.policy.sent_needs import needs_sent
from gateway.policy.view import View
from gateway.signals.value import UNKNOWN, Signals, Value


def decide(policy: Policy, signals: Signals, view: View) -> Decision:
    """Never raises. A signal that is missing from `signals` is unknown."""
    applied, removed = applying(policy, signals, view.at)
    frozen = freeze_mask(policy, view.frozen) if view.frozen else 0
    route = route_for(policy, signals)
    unable = cannot_serve(policy, route, signals)
    permitted = policy.everything & ~(removed | frozen | unable)
    proposed, endpoints = _propose(policy, route, signals, view, permitted)
    canary = None
    if route.canary is not None and endpoints:  # where nothing is left of the route, a canary does not serve either
        canary = drawn_canary(route, signals, view, permitted, proposed)
    if canary is not None:
        endpoints = (canary, *(endpoint for endpoint in endpoints if endpoint is not canary))
    return Decision(policy, signals, view, route, endpoints, permitted, applied, frozen, unable, proposed, canary)


def consider(policy: Policy, signals: Signals, view: View) -> Decision:
    """As `decide`, for who asks only what was removed: `endpoints` is empty, and nothing was put in order."""
    applied, removed = applying(policy, signals, view.at)
    frozen = freeze_mask(policy, view.frozen) if view.frozen else 0
    route = route_for(policy, signals)
    unable = cannot_serve(policy, route, signals)
    permitted = policy.everything & ~(removed | frozen | unable)
    proposed = 0
    for item in candidates(policy, route, signals, view.at):
        proposed |= item.mask
    return Decision(policy, signals, view, route, (), permitted, applied, frozen, unable, proposed, None)


def applying(policy: Policy, signals: Mapping[str, Value], at: float = inf) -> tuple[tuple[int, ...], int]:
    """Indexes of the guards that apply, and the mask of what they remove. At no time waivers hold."""
    applied = []
    removed = 0
    lifted = waived(policy, signals, at) if policy.waivers else ()
    for index, guard in enumerate(policy.guards):
        if index in lifted:
            continue
        for clause in guard.when:
            value = signals.get(clause.signal, UNKNOWN)
            if value is not UNKNOWN and not clause.holds(value):
                break
        else:
            applied.append(index)
            removed |= guard.removes
    return tuple(applied), removed


def waived(policy: Policy, signals: Mapping[str, Value], at: float) -> tuple[int, ...]:
    """Indexes of the guards that a waiver lifts for this team now; for a team that is not known, none."""
    team = signals.get("team", UNKNOWN)
    return tuple(waiver.guard_index for waiver in policy.waivers if waiver.team == team and at < waiver.ends)


def route_for(policy: Policy, signals: Mapping[str, Value]) -> Route:
    """The first that applies; the last always does."""
    for route in policy.routes:
        for clause in route.when:
            value = signals.get(clause.signal, UNKNOWN)
            if value is UNKNOWN or not clause.holds(value):
                break
        else:
            return route
    return policy.routes[-1]


def cannot_serve(policy: Policy, route: Route, signals: Mapping[str, Value]) -> int:
    """Mask of endpoints that lack the kind, a capability or the context; what is unknown, none can serve."""
    capability = policy.capability
    kind = str(signals.get("kind", UNKNOWN))
    needs = signals.get("needs", UNKNOWN)
    if not isinstance(needs, frozenset):
        return policy.everything
    able = policy.everything
    for need in needs_sent(needs, route.parameters, None):
        able &= capability.needs.get(need, 0)
    for endpoint in policy.tuned:
        fits = needs_sent(needs, route.parameters, endpoint.parameters) <= endpoint.can
        able = able & ~(1 << endpoint.index) | fits << endpoint.index
    tokens = signals.get("tokens", UNKNOWN)
    if not isinstance(tokens, (int, float)):
        return policy.everything
    short = capability.too_short[bisect_left(capability.contexts, tokens)] if kind not in UNBOUNDED else 0
    return policy.everything & (~(able & capability.kinds.get(kind, 0)) | short)


def _propose(
    policy: Policy, route: Route, signals: Signals, view: View, permitted: int
) -> tuple[int, tuple[Endpoint, ...]]:
    """What the route names for this request, and what is left of that in the order to try."""
    items = candidates(policy, route, signals, view.at)
    view = _bounded(view, route)
    explores = route.exploration == "thompson" and route.order == ORDER and view.draw is not None
    drawn = drawn_costs(policy, signals, view) if explores else None
    left = permitted
    proposed = 0
    chosen: list[Endpoint] = []
    for item in items:
        proposed |= item.mask
        taken = left & item.mask
        if not taken:
            continue
        left ^= taken
        if not taken & (taken - 1):  # one endpoint is in order
            chosen.append(policy.endpoints[taken.bit_length() - 1])
        else:
            chosen += _sorted(policy, route, item, taken, signals, view, drawn)
    if view.conversation and route.affinity == "conversation" and len(chosen) > 1:
        chosen.sort(key=lambda endpoint: endpoint.id != view.conversation)
    return proposed, tuple(chosen)


def _sorted(
    policy: Policy, route: Route, item: Item, taken: int, signals: Signals, view: View, drawn: Floats | None
) -> Sequence[Endpoint]:
    """The endpoints of `item` in the mask `taken` as the route orders them; `drawn`: what exploring reckons."""
    if drawn is not None:
        return sorted_by(drawn, item, taken)
    if route.order == shares.ORDER:
        return shares.by_share(route, item, taken, view.draw)
    return policy.rankings.arranged(route.order, item, taken, signals, view)


def _bounded(view: View, route: Route) -> View:
    """With the bound on the output that the route sets, by which orders by price reckon."""
    cap = route.parameters.max_tokens if route.parameters is not None else None
    if cap is None or (view.max_tokens is not None and view.max_tokens <= cap):
        return view
    return replace(view, max_tokens=cap)

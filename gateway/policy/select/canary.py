"""Which requests try a route's canary first, and when it has stopped by itself. Pure: chance is the view's draw."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.catalog.facts import Endpoint
from gateway.estimates import Snapshot
from gateway.estimates.trial import NOT_TRIED
from gateway.interfaces import one_model
from gateway.policy.decision import Decision
from gateway.policy.rules import Route
from gateway.policy.select.exploration import share_of
from gateway.policy.view import View
from gateway.signals.value import Signals, Value

NAME = "canary"  # of its use of a draw


@dataclass(frozen=True, slots=True)
class Stop:
    """The bound that a canary has passed."""

    rate_name: str
    rate: float
    above: float
    counted: int

    def __str__(self) -> str:
        return f"its {self.rate_name} {self.rate:.3g} is above {self.above:g} after {self.counted} attempts"


def drawn_canary(route: Route, signals: Signals, view: View, permitted: int, proposed: int) -> Endpoint | None:
    """The endpoint that this request tries first; None if it is not drawn, or its canary may not serve it."""
    share = route.canary
    if share is None or view.draw is None or share_of(view.draw, NAME) >= share.percent / 100:
        return None
    return share.endpoint if _stands(route, signals, view, permitted, proposed) else None


def stands(decision: Decision) -> bool:
    """True if the request could have been drawn: it is one that canary and control can be compared on."""
    return bool(decision.endpoints) and decision.view.draw is not None and _stands(
        decision.route, decision.signals, decision.view, decision.permitted, decision.proposed
    )  # fmt: skip


def obstacle(decision: Decision) -> str | None:
    """Why this request would not try its route's canary, whatever is drawn; None if it might."""
    route = decision.route
    if route.canary is None:
        return "the route has none"
    if not decision.permits(route.canary.endpoint):
        return "it is removed or cannot serve this request"
    stop = stopped(route, decision.view.estimates)
    if stop is not None:
        return f"stopped: {stop}"
    return None if _fits(route, decision.signals, decision.proposed) else "the caller gets the model that it names"


def stopped(route: Route, snapshot: Snapshot | None) -> Stop | None:
    """The first of its bounds that its counts are above, once there are enough of them."""
    share = route.canary
    if share is None or snapshot is None or snapshot.trials is None:
        return None
    trial = snapshot.trials.get((route.name, share.name), NOT_TRIED)
    for name, above in share.stop_above:
        rate = trial.rate(name)
        if rate is not None and rate > above:
            return Stop(name, rate, above, trial.tried)
    return None


def _stands(route: Route, signals: Signals, view: View, permitted: int, proposed: int) -> bool:
    if route.canary is None or not permitted >> route.canary.endpoint.index & 1:
        return False
    if not _fits(route, signals, proposed):
        return False
    return _goes_on(route, view.estimates) if view.canary_stands is None else view.canary_stands


def _goes_on(route: Route, snapshot: Snapshot | None) -> bool:
    """A canary that may have stopped waits until the ledger has been read: after a start it does not begin again."""
    unread = snapshot is not None and snapshot.trials is None
    return not (unread and route.canary and route.canary.stop_above) and stopped(route, snapshot) is None


def _fits(route: Route, signals: Signals, proposed: int) -> bool:
    """A canary takes nobody from a model that was asked for by name, from its stored state, or from its embeddings."""
    canary = route.canary
    if canary is None or proposed >> canary.endpoint.index & 1:
        return True
    named = bool(signals.get("model_known")) and any(item.requested for item in route.items)
    named = named or any(item.passes and item.mask & proposed for item in route.items)
    return not (named or one_model(signals.get("kind")) or _keeps_state(signals.get("needs")))


def _keeps_state(needs: Value) -> bool:
    return isinstance(needs, frozenset) and "stored_state" in needs

"""Which endpoint is asked next: pure bookkeeping over the decision's endpoints."""

from __future__ import annotations

from collections.abc import Callable

from gateway.catalog.facts import Endpoint
from gateway.dispatch.hold import Hold
from gateway.outcome.request_state import RequestState
from gateway.signals.value import Value

_WHOLE = Hold(None, 1)  # a whole reply is read to its end in any case


class Queue:
    """The decision's endpoints that are left to try. Reasons to go on: a failure, a blank reply, a refusal."""

    def __init__(
        self,
        trail: RequestState,
        usable: Callable[[Endpoint], bool],
        last_resort: Callable[[Endpoint], bool] = lambda endpoint: False,
    ):
        """`last_resort`: may be asked if nobody is usable, though it rests."""
        self._trail = trail
        self._usable = usable
        self._last_resort = last_resort
        self._left = list(trail.decision.endpoints)
        self._hops = 0
        self._blank_again = True
        self._refused: Endpoint | None = None  # whose blank, filtered or refusing reply was left last
        self._last: Endpoint | None = None
        self._again: dict[str, int] = {}  # by endpoint: how often it was asked once more
        self.tries = 0

    def first(self) -> Endpoint | None:
        """The endpoint to begin with; None if none can be used."""
        return self._take(self._left) or self._take(self._left, self._last_resort)

    def begin_at(self, endpoint: Endpoint) -> Endpoint | None:
        """This one, which has a seat for it."""
        return self._take([endpoint], lambda _: True)

    def after_failure(self) -> Endpoint | None:
        """Where to go when the endpoint failed. What may take the place of a refusal is all that may be asked since."""
        return self._take(self._left if self._refused is None else self._preferred(self._refused))

    @property
    def at_end(self) -> bool:
        """Nobody else could be asked now if the last endpoint fails."""
        if self._last is not None and self.may_ask_again(self._last):
            return False
        return self.tries >= self._trail.decision.route.limits.attempts or not any(map(self._usable, self._left))

    def again(self) -> Endpoint | None:
        """The endpoint that was asked last, if the policy wants it asked once more before the next is."""
        endpoint = self._last
        if endpoint is None or not self.may_ask_again(endpoint):
            return None
        self._again[endpoint.id] = self._again.get(endpoint.id, 0) + 1
        self.tries += 1
        return endpoint

    def may_ask_again(self, endpoint: Endpoint) -> bool:
        """True if the policy wants it asked once more should its reply break."""
        limits = self._trail.decision.route.limits
        if self._again.get(endpoint.id, 0) >= limits.retry_same or self.tries >= limits.attempts:
            return False
        return self._usable(endpoint)

    def unreached(self) -> None:
        """The last endpoint could not even be connected to: it takes none of the attempts from those that can be."""
        self.tries -= 1

    def instead(self) -> Endpoint | None:
        """Where to go when the endpoint was not asked after all, which takes no attempt."""
        self.unreached()
        return self.after_failure()

    def after(self, verdict: str, endpoint: Endpoint) -> Endpoint | None:
        """Where to go when `endpoint` gave a blank, filtered or refusing reply; None: that reply stands."""
        if not self.may_leave(verdict):
            return None
        self._refused = endpoint
        if verdict == "blank" and self._blank_again:
            self._blank_again = False
            return self._take([endpoint]) or self._elsewhere(endpoint)
        return self._elsewhere(endpoint)

    def _elsewhere(self, endpoint: Endpoint) -> Endpoint | None:
        rules = self._trail.decision.on_refusal
        if rules is None or self._hops >= rules.hops:
            return None
        chosen = self._take(self._preferred(endpoint))
        if chosen is not None:
            self._hops += 1
        return chosen

    def may_leave(self, verdict: str) -> bool:
        """False if the policy lets a reply with this verdict stand."""
        rules = self._trail.decision.on_refusal
        if rules is None or verdict not in rules.reroute:
            return False
        if verdict == "blank" or not rules.except_topics:
            return True
        topic = self._topic
        return isinstance(topic, frozenset) and not topic & rules.except_topics

    def leavable(self, endpoint: Endpoint) -> frozenset[str]:
        """The verdicts on a reply of `endpoint` after which another would be asked, or the same again."""
        route = self._trail.decision.route
        rules = route.on_refusal
        if rules is None or self.tries >= route.limits.attempts:
            return frozenset()
        if self._hops < rules.hops and any(self._usable(other) for other in self._preferred(endpoint)):
            open_yet = self._topic is None  # it is measured while the upstream is awaited
            return rules.reroute if open_yet else frozenset(filter(self.may_leave, rules.reroute))
        return rules.reroute & {"blank"} if self._blank_again else frozenset()

    @property
    def _topic(self) -> Value:
        return self._trail.decision.signals.get("topic", self._trail.topic)

    def _preferred(self, refused: Endpoint) -> list[Endpoint]:
        decision = self._trail.decision
        asked = self._trail.request.model
        if asked in decision.policy.catalog.endpoints:
            return []  # asked for by id: never replaced
        same = [other for other in self._left if other.model.id == refused.model.id]
        if asked in decision.policy.catalog.models:
            return same  # asked for by name: only the same weights
        rest = [other for other in self._left if other.model.id != refused.model.id]
        prefer = decision.on_refusal.prefer if decision.on_refusal else "listed"
        if prefer == "same_weights_elsewhere":
            return same + rest
        if prefer == "other_lineage":
            origins = refused.model.lineage.known
            return sorted(self._left, key=lambda other: bool(other.model.lineage.known & origins))
        return list(self._left)

    def _take(self, candidates: list[Endpoint], usable: Callable[[Endpoint], bool] | None = None) -> Endpoint | None:
        usable = usable or self._usable
        if self.tries >= self._trail.decision.route.limits.attempts:
            return None
        for endpoint in candidates:
            if usable(endpoint):
                if endpoint in self._left:
                    self._left.remove(endpoint)
                self.tries += 1
                self._last = endpoint
                return endpoint
        return None


def hold_for(trail: RequestState, queue: Queue, endpoint: Endpoint, *, first: bool) -> Hold:
    """Of a reply of `endpoint`; `first`: no other has been left for it.

    Where every verdict stands, for want of another endpoint or by the policy's word, nothing is held.
    Where the same endpoint may be asked once more an opening is held all the same: it may break.
    """
    if not trail.request.stream:
        return _WHOLE
    leavable, rules = queue.leavable(endpoint), trail.decision.route.on_refusal
    may_break = rules is not None and bool(rules.reroute) and queue.may_ask_again(endpoint)
    only_blank, keeps = leavable == {"blank"}, first and queue.at_end
    return Hold(
        rules if leavable or may_break else None,
        trail.request.choices,
        only_blank=only_blank and not may_break,
        only_breaks=may_break and leavable <= {"blank"},
        keeps=keeps,
    )

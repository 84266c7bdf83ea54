"""Looks for an answer that was kept before anybody is asked, and keeps the one that came.

What is found is given only if it could have come just so: by an endpoint that this decision would ask, whose worst case
the limits let pass and the budgets reach for, and that is still in force when it has been found.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from decimal import Decimal
from hmac import digest as hmac

from gateway.cache.entry import MOST_BYTES, Entry, Store
from gateway.cache.name import name_of
from gateway.catalog.facts import Endpoint
from gateway.dispatch.affordable import affordable
from gateway.dispatch.reply import ReplayedStream, Reply
from gateway.errors import GatewayError
from gateway.outcome.outcome import KeptAnswer, Outcome
from gateway.outcome.request_state import Keeping, RequestState
from gateway.policy.in_force import InForce, objection
from gateway.policy.permit import Permit
from gateway.policy.select.cache_eligibility import made_anew

Admit = Callable[[RequestState, Endpoint], Awaitable[Permit | GatewayError]]


class Answers:
    """One a worker."""

    def __init__(self, store: Store, secret: bytes, in_force: InForce):
        """`secret`: of the gateway, or of all gateways that share the store."""
        self.store = store
        self._secret = hmac(secret, b"kept answers: names", "sha256")
        self._in_force = in_force

    async def find(self, trail: RequestState, admit: Admit, now: Callable[[], float]) -> Reply | None:
        """The answer that the caller is given again; None: somebody has to be asked. Its headers are then the trail's.

        `now`: seconds since the epoch. Raises nothing.
        """
        wish, route = trail.request.arrival.cache_control, trail.decision.route
        if route.cache is None or wish == "no-store" or made_anew(trail.decision) is not None:
            return None
        trail.cache = "miss"
        name = name_of(self._secret, trail.request, trail.caller, trail.decision, trail.left_out)
        trail.keeping = Keeping(name, MOST_BYTES)
        entry = await self.store.get(name) if not wish else None
        at = now()
        if entry is None or not 0 <= (age_s := at - entry.at) < route.cache.ttl_s:
            return None
        endpoint = next((each for each in trail.decision.endpoints if each.id == entry.endpoint), None)
        if endpoint is None or not affordable(endpoint, trail):
            return None
        permit = await admit(trail, endpoint)
        if isinstance(permit, GatewayError) or objection(permit, self._in_force, now()) is not None:
            return None
        trail.cache, trail.keeping, trail.adapted = "hit", None, entry.adapted
        trail.kept = KeptAnswer(endpoint, entry.request_id, age_s, Decimal(entry.cost_usd))
        kind = ReplayedStream if trail.request.stream else Reply
        return kind(200, entry.body, endpoint=endpoint)

    def keep(self, trail: RequestState, outcome: Outcome) -> None:
        """An answer that came whole, and ended as answers do. Never awaits."""
        keeping, cache = trail.keeping, trail.decision.route.cache
        if keeping is None or cache is None or not keeping.whole or not keeping.parts:
            return
        if outcome.result != "answered" or not trail.ordinary:
            return
        attempt = outcome.attempts[-1]
        body = b"".join(keeping.parts)
        cost_usd = format(attempt.cost_usd, "f")
        entry = Entry(attempt.endpoint.id, trail.request.id, outcome.ended_at, cost_usd, trail.adapted, body)
        self.store.put(keeping.name, entry, ttl_s=cache.ttl_s)

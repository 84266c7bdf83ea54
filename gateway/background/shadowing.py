"""A route's `shadow:`: copies of a share of the conversations, sent to another endpoint once the caller has the reply.

A copy is one more Attempt, with a row of its own; its reply is metered and dropped. What finds no room is counted.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from time import time
from typing import Final

from gateway.background.refusal_detection import judge_of
from gateway.catalog.facts import Endpoint
from gateway.dispatch.breaker import Breakers
from gateway.dispatch.dispatch import dispatch
from gateway.dispatch.off_path import arrival, recorded
from gateway.dispatch.reply import StreamedReply
from gateway.identity import Caller
from gateway.outcome.outcome import Outcome
from gateway.outcome.request_state import RequestState
from gateway.outcome.row import (
    SHADOW_OF,
    SHADOW_OF_ENDPOINT,
    SHADOW_OF_INPUT,
    SHADOW_OF_OUTCOME,
    SHADOW_OF_OUTPUT,
    UNJUDGED,
)
from gateway.pipeline import Gateway
from gateway.policy.decide import decide
from gateway.policy.decision import Decision
from gateway.policy.in_force import signals_now
from gateway.policy.select.exploration import share_of
from gateway.policy.select.shadow_eligibility import kept_from
from gateway.policy.view import View
from gateway.signals.value import Signals

NAME: Final = "shadow"  # of the app that its rows carry, and of its use of a draw
AT_ONCE = 16
BYTES_AT_ONCE = 32_000_000  # of their requests' bodies
_log = logging.getLogger("gateway")


class Shadows:
    """One a worker."""

    def __init__(self, *, record: Callable[[Outcome], None], dropped: Callable[[], None]):
        """`record` takes the outcomes of the copies, `dropped` is told of each for which there was no room."""
        self._record = record
        self._dropped = dropped
        self._gateway: Gateway | None = None
        self._breakers = Breakers()  # its own: callers are not kept away by what a shadow met
        self.running: set[asyncio.Task[None]] = set()  # copies under way
        self._bytes = 0  # of the bodies of what runs

    def serves(self, gateway: Gateway) -> None:
        """From here on it decides what shadows may see."""
        self._gateway = gateway

    def consider(self, outcome: Outcome) -> None:
        """The sink. A request that got no reply has nothing to compare with, and is not copied."""
        decision = outcome.decision
        if decision is None or decision.route.shadow is None or outcome.result in UNJUDGED:
            return
        endpoint, served = _wanted(decision, outcome.caller), outcome.served_by
        if endpoint is None or served is None or served.endpoint is endpoint:
            return  # the endpoint that served it has nothing to add
        size = outcome.request.body_bytes
        if len(self.running) >= AT_ONCE or self._bytes + size > BYTES_AT_ONCE:
            self._dropped()
            return
        self._bytes += size
        task = asyncio.get_running_loop().create_task(self._copy(outcome, decision))
        self.running.add(task)
        task.add_done_callback(lambda done: self._ended(done, size))

    async def forever(self) -> None:
        """Until cancelled, and with it what still runs."""
        try:
            await asyncio.Event().wait()
        finally:
            self._gateway = None
            running = tuple(self.running)
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    def _ended(self, task: asyncio.Task[None], size: int) -> None:
        self.running.discard(task)
        self._bytes -= size
        if not task.cancelled() and (wrong := task.exception()) is not None:
            _log.error("a shadow has ended; requests are served on", exc_info=wrong)

    async def _copy(self, outcome: Outcome, decided: Decision) -> None:
        """Decides anew: what has been frozen or reloaded meanwhile counts."""
        gateway = self._gateway
        team = gateway.keyring.teams.get(outcome.caller.team.id) if gateway is not None else None
        if gateway is None or team is None:
            return
        view = View(at=time(), draw=decided.view.draw, frozen=gateway.frozen)
        decision = decide(gateway.policy, signals_now(decided.signals, team), view)
        caller = Caller(outcome.caller.key_id, team, NAME, outcome.caller.expires)
        endpoint = _wanted(decision, caller)
        if endpoint is not None:
            await self._send(_trail(outcome, caller, _alone(decision, endpoint)), gateway)

    async def _send(self, trail: RequestState, gateway: Gateway) -> None:
        means = replace(
            gateway.means, admit=gateway.admission.beside(NAME), judge=judge_of, breakers=self._breakers, yields=True
        )
        with recorded(trail, self._record, gateway.admission.settle_beside):
            reply = await dispatch(trail, means)
            try:
                if isinstance(reply, StreamedReply):
                    await reply.pour(_Nowhere())
                    await reply.catch_up()
            finally:
                reply.end()


class _Nowhere:
    """Where the copy's stream goes."""

    def write(self, chunk: bytes) -> bool:
        return True

    async def room(self, by_s: float) -> bool:
        """There always is."""
        return True


def _wanted(decision: Decision, caller: Caller) -> Endpoint | None:
    """Where the copy of this request goes; None if it is not drawn, or is kept from the shadow."""
    share, draw = decision.route.shadow, decision.view.draw
    if share is None or draw is None or share_of(draw, NAME) >= share.percent / 100:
        return None
    return share.endpoint if kept_from(decision, share.endpoint, NAME, caller.team.allow) is None else None


def _alone(decision: Decision, endpoint: Endpoint) -> Decision:
    """One attempt at this endpoint: no fallback, no reroute, nothing held."""
    route = replace(decision.route, limits=replace(decision.limits, attempts=1), canary=None)
    return replace(decision, route=route, endpoints=(endpoint,), canary=None)


def _trail(outcome: Outcome, caller: Caller, decision: Decision) -> RequestState:
    decision = replace(decision, signals=decision.signals | _beside(outcome))
    return RequestState(replace(outcome.request, arrival=arrival(f"{NAME}/{outcome.request.id}")), caller, decision)


def _beside(outcome: Outcome) -> Signals:
    """What the caller was served, which the copy is compared with."""
    served = outcome.served_by
    signals: Signals = {SHADOW_OF: outcome.request.id, SHADOW_OF_OUTCOME: outcome.result}
    if served is not None:
        signals[SHADOW_OF_ENDPOINT] = served.endpoint.id
        signals[SHADOW_OF_INPUT] = served.usage.input_tokens
        signals[SHADOW_OF_OUTPUT] = served.usage.output_tokens
    return signals

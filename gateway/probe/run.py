"""Carries out a plan: a few questions at a time, each under a Permit of its own, until the money is spent."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import partial
from time import monotonic

from gateway.catalog.facts import Endpoint
from gateway.dispatch.affordable import worst_case_usd
from gateway.dispatch.breaker import Breakers
from gateway.dispatch.dispatch import DispatchContext, dispatch
from gateway.dispatch.off_path import arrival, recorded
from gateway.errors import GatewayError
from gateway.identity import Team
from gateway.outcome import refusal
from gateway.outcome.outcome import Outcome, Result
from gateway.outcome.request_state import RequestState
from gateway.pipeline import Gateway
from gateway.policy.decide import decide
from gateway.policy.in_force import signals_now
from gateway.policy.permit import Permit
from gateway.policy.view import View
from gateway.probe.plan import Plan, Trial, request_of
from gateway.probe.seen import Seen

Admit = Callable[[RequestState, Endpoint], Awaitable[Permit | GatewayError]]
LANES = 2  # questions at a time to one endpoint
AT_ONCE = 8  # in all
GIVEN_UP_AFTER = 5  # failures in a row
LONGEST_WAIT_S = 60.0  # for an endpoint that asked to be left alone


@dataclass(slots=True)
class Found:
    """What came of a probe so far."""

    seen: list[Seen] = field(default_factory=list)
    spent_usd: Decimal = Decimal(0)
    left_out: int = 0  # trials that were not asked: no money, or their endpoint kept failing
    out_of_money: bool = False


@dataclass(slots=True)
class Asking:
    """One probe under way. `record` takes each Outcome, `done` hears after each trial.

    `gateway` is asked anew for each trial: what a reload or a freeze removes while a probe runs is asked no more.
    """

    gateway: Callable[[], Gateway]
    plan: Plan
    usd: Decimal | None  # the cap
    record: Callable[[Outcome], None]
    done: Callable[[], None]
    found: Found = field(default_factory=Found)
    breakers: Breakers = field(default_factory=Breakers)  # its own: callers are not kept away by what a probe met
    _reserved_usd: dict[str, Decimal] = field(default_factory=dict)  # of the trials under way, by request
    _failures: dict[str, int] = field(default_factory=dict)  # in a row, by endpoint

    async def all(self) -> Found:
        """Returns when every trial was asked or left out."""
        queues: dict[str, list[Trial]] = {}
        for trial in self.plan.trials:
            queues.setdefault(trial.endpoint.id, []).append(trial)
        room = asyncio.Semaphore(AT_ONCE)
        async with asyncio.TaskGroup() as group:
            for trials in queues.values():
                left = iter(trials)  # shared by the lanes of an endpoint
                for _ in range(LANES):
                    group.create_task(self._lane(left, room))
        return self.found

    async def _lane(self, trials: Iterator[Trial], room: asyncio.Semaphore) -> None:
        for trial in trials:
            if not self._given_up(trial.endpoint):
                await self._rested(trial.endpoint)
            async with room:
                if self._given_up(trial.endpoint) or not await self._ask(trial):
                    self.found.left_out += 1
            self.done()

    def _given_up(self, endpoint: Endpoint) -> bool:
        return self._failures.get(endpoint.id, 0) >= GIVEN_UP_AFTER

    async def _rested(self, endpoint: Endpoint) -> None:
        await asyncio.sleep(min(self.breakers.of(endpoint.id).rest_left_s(monotonic()), LONGEST_WAIT_S))

    async def _ask(self, trial: Trial) -> bool:
        """False if nothing was asked."""
        gateway = self.gateway()
        endpoint = gateway.policy.catalog.endpoints.get(trial.endpoint.id)
        team = gateway.keyring.teams.get(self.plan.caller.team.id)
        if team is None:
            return False
        trail = self._trail(trial, gateway, team)
        if endpoint is None or not trail.decision.permits(endpoint):
            return False
        trail.decision = replace(trail.decision, endpoints=(endpoint,))
        try:
            with recorded(trail, self.record, gateway.admission.settle_beside):
                await dispatch(trail, self._means(gateway, trial))
        finally:
            self._reserved_usd.pop(trail.request.id, None)
            self._see(trial, trail)
        return bool(trail.attempts)

    async def _admit(self, trail: RequestState, endpoint: Endpoint, *, beside: Admit) -> Permit | GatewayError:
        """Each attempt, of which a blank reply makes two, has its worst case set aside until the trial is over.

        A probe has a budget of its own; the team's is left alone. `beside`: budgets of places have a say.
        """
        if self.usd is not None:
            worst = worst_case_usd(endpoint, trail)
            committed = self.found.spent_usd + sum(self._reserved_usd.values(), Decimal(0))
            if worst is None or committed + worst > self.usd:
                self.found.out_of_money = True
                return GatewayError("budget_exceeded", "the probe's cap is reached")
            id = trail.request.id
            self._reserved_usd[id] = self._reserved_usd.get(id, Decimal(0)) + worst
        return await beside(trail, endpoint)

    def _means(self, gateway: Gateway, trial: Trial) -> DispatchContext:
        judge, beside = _Judge(trial.question.text), gateway.admission.beside("probe")
        admit = partial(self._admit, beside=beside)
        return replace(gateway.means, admit=admit, breakers=self.breakers, judge=lambda _: judge, yields=True)

    def _trail(self, trial: Trial, gateway: Gateway, team: Team) -> RequestState:
        """As a request of this moment, of the team as it is now."""
        question = trial.question
        came = arrival(f"probe/{question.id}/{question.language}/{trial.repeat}")
        limit = self.plan.max_tokens
        view = View(at=came.received_at, frozen=gateway.frozen, max_tokens=limit)
        decision = decide(gateway.policy, signals_now(trial.signals, team), view)
        decision = replace(decision, route=replace(decision.route, parameters=None))  # those are of what callers ask
        return RequestState(request_of(trial.endpoint.id, question, limit, came), self.plan.caller, decision)

    def _see(self, trial: Trial, trail: RequestState) -> None:
        if not trail.attempts:
            return
        self.found.spent_usd += sum((attempt.cost_usd for attempt in trail.attempts), Decimal(0))
        result = trail.attempts[-1].outcome
        id = trial.endpoint.id
        self._failures[id] = self._failures.get(id, 0) + 1 if result == "failed" else 0
        self.found.seen.append(
            Seen(
                model=trial.endpoint.model.id,
                operator=trial.endpoint.operator.id,
                topic=trial.question.topic,
                language=trial.question.language,
                question=trial.question.id,
                outcome=result,
            )
        )


class _Judge:
    """Tells from a whole reply to one question whether it answers."""

    __slots__ = ("_prompt",)

    def __init__(self, prompt: str):
        self._prompt = prompt

    def __call__(self, text: str, *, final: bool) -> Result:
        """answered, declined, evaded or blank."""
        return refusal.judge(self._prompt, text)

"""Random policies, requests, faults, reloads and freezes against the real pipeline, whose connections lead into memory.

Every byte that leaves is noted at the moment of its writing, with the rules and freezes that are in force then; what
those rules remove is worked out here anew, from the policy as it is written, by code that shares nothing with ours.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from random import Random
from time import monotonic, time
from typing import Any

from gateway.background.llm_judge import SecondJudge
from gateway.background.refusal_detection import judge_of
from gateway.background.shadowing import Shadows
from gateway.dispatch.affordable import expected_usd, worst_case_usd
from gateway.dispatch.breaker import Breakers
from gateway.dispatch.conversations import Conversations
from gateway.dispatch.dispatch import DispatchContext
from gateway.dispatch.reply import StreamedReply
from gateway.errors import GatewayError
from gateway.estimates import PRIORS
from gateway.identity import identify
from gateway.limits.memory import MemoryAccounts
from gateway.limits.reservations import Admission
from gateway.outcome.outcome import Outcome
from gateway.pipeline import Gateway, handle
from gateway.policy.compiled import Compiled
from gateway.policy.in_force import InForce
from gateway.request import Arrival, Request, parse
from gateway.upstreams.fleet import Fleet
from tests.laws.egress_network import FAULTS, Memory, Network
from tests.laws.egress_worlds import KEYS, KINDS, World, removed, world_of


class Nowhere:
    """A caller who takes everything."""

    def write(self, chunk: bytes) -> bool:
        return True

    async def room(self, by_s: float) -> bool:
        return True


@dataclass
class Tally:
    """What was tried, so that a run can say that it was something."""

    cases: int = 0
    bytes_of: Counter[str] = field(default_factory=Counter)  # requests written, by purpose and kind
    answered: int = 0
    changes: int = 0


class Play:
    """One world: a gateway that is asked while its rules change."""

    def __init__(self, seed: int, tally: Tally, socket: Path):
        self.chance = Random(seed)
        self.world: World = world_of(self.chance)
        self.tally, self.network, self.in_force = tally, Network(), InForce()
        self.network.state = lambda: (self.rules, self.in_force.frozen)
        self.network.redirects = tuple(self.world.hosts)
        self.client = Memory(self.network)
        self.outcomes: list[Outcome] = []
        self.copies: list[Outcome] = []
        self.judged: list[Outcome] = []
        self.shadows = Shadows(record=self.copies.append, dropped=lambda: None)
        self.judge = SecondJudge(self.judged.append)
        self.fleets = [(rules, compiled, self._fleet(compiled, socket)) for rules, compiled in self.world.policies]
        self._serve(0)

    def _fleet(self, compiled: Compiled, socket: Path) -> Fleet:
        key = "k" * 20
        return Fleet(
            compiled.policy.catalog, key_of=lambda name: key, client=self.client, in_force=self.in_force,
            adapter_socket=socket,
        )  # fmt: skip

    def _serve(self, number: int) -> None:
        self.rules, compiled, fleet = self.fleets[number]
        admission = Admission(MemoryAccounts(lambda account, since: Decimal(0)), worst_case_usd, expected_usd)
        means = DispatchContext(fleet, Breakers(), admission.admit, judge_of)
        self._use(
            Gateway(
                compiled.policy, compiled.keyring, admission, means, Conversations(), (self.outcomes.append,),
                self.shadows.consider, self.judge.consider, late=frozenset(), estimates=lambda: PRIORS,
                frozen=self.in_force.frozen,
            )
        )  # fmt: skip
        self.in_force.policy, self.in_force.teams = compiled.policy, compiled.keyring.teams

    def _use(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.shadows.serves(gateway)
        self.judge.serves(gateway)

    def change(self) -> None:
        """A reload, a freeze or a lift, at once."""
        self.tally.changes += 1
        what = self.chance.random()
        if what < 0.5:
            self._serve(self.chance.randrange(len(self.fleets)))
            return
        frozen = () if what < 0.6 else (*self.in_force.frozen, self.chance.choice(self.world.selectors))
        self.in_force.frozen = frozen[-2:]
        self._use(replace(self.gateway, frozen=self.in_force.frozen))

    async def case(self) -> None:
        """One request with its copies and opinions, and perhaps a change in the middle."""
        chance, network = self.chance, self.network
        self.tally.cases += 1
        network.faults = {host: chance.choice(FAULTS) for host in self.world.hosts}
        self._use(replace(self.gateway, means=replace(self.gateway.means, breakers=Breakers())))
        self.shadows._breakers = self.judge._breakers = Breakers()
        at = chance.choice((0, 0, 1, 2, 3, 5))
        network.between = self._after(at) if at else lambda: None
        kind, team = chance.choice(KINDS), chance.choice(list(KEYS))
        await self._ask(kind, asking(chance, kind, chance.choice(self.world.names)), team)
        for number in range(len(self.outcomes)):
            self._check(self.outcomes[number], kind, ("serve", "canary"))
        self.outcomes.clear()
        if chance.random() < 0.2:
            self.change()
        while self.shadows.running:
            await asyncio.wait(self.shadows.running)
        self._check_late(self.copies, "shadow")
        while not self.judge._waiting.empty():
            await self.judge._judge(self.judge._waiting.get_nowait())
        self._check_late(self.judged, "judge")
        network.between = lambda: None

    def _after(self, calls: int) -> Callable[[], None]:
        left = [calls]

        def between() -> None:
            left[0] -= 1
            if left[0] == 0:
                self.change()

        return between

    async def _ask(self, kind: str, request: Request, team: str) -> None:
        gateway = self.gateway
        try:
            served = await handle(request, identify(KEYS[team], gateway.keyring, time()), gateway)
        except GatewayError:
            return
        if isinstance(served.reply, StreamedReply):
            await served.reply.pour(Nowhere())
        served.end()

    def _check(self, outcome: Outcome, kind: str, purposes: tuple[str, ...]) -> None:
        self.tally.answered += outcome.result == "answered"
        sent, self.network.sent = self.network.sent, []
        assert outcome.decision is not None
        signals = dict(outcome.decision.signals)
        for byte in sent:
            self.tally.bytes_of[f"{purposes[0]} {kind}"] += 1
            why = removed(byte.rules, byte.host, byte.frozen, signals, purposes[0])
            assert not why, (byte.host, why, signals, byte.frozen)
        assert {attempt.purpose for attempt in outcome.attempts} <= set(purposes)

    def _check_late(self, outcomes: list[Outcome], purpose: str) -> None:
        if not outcomes:
            assert not self.network.sent
        elif len(outcomes) == 1:
            self._check(outcomes[0], outcomes[0].request.kind, (purpose,))
        else:  # whose byte is whose cannot be told: each must be allowed to one of them
            sent, self.network.sent = self.network.sent, []
            for byte in sent:
                found = [
                    removed(byte.rules, byte.host, byte.frozen, dict(each.decision.signals), purpose)
                    for each in outcomes
                    if each.decision is not None
                ]
                assert "" in found, (byte.host, found)
        outcomes.clear()


def asking(chance: Random, kind: str, model: str) -> Request:
    """Any request of the kind; one in four holds personal data."""
    arrival = Arrival("r", time(), monotonic())
    text = "Say hello to jane.doe@example.com." if chance.random() < 0.25 else "Say hello to the world."
    stream = chance.random() < 0.5
    if kind == "transcription":
        fields = {"model": model, "prompt": text, 'file"; filename="a': "RIFF"}
        parts = [f'--b\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n' for n, v in fields.items()]
        return parse(kind, ("".join(parts) + "--b--").encode(), arrival, "multipart/form-data; boundary=b")
    messages = [{"role": "user", "content": text}]
    beyond = {"prompt": text, "input": text, "query": text, "documents": [text], "voice": "v"}
    named: dict[str, dict[str, Any]] = {
        "chat": {"messages": messages},
        "messages": {"messages": messages, "max_tokens": 99},
        "responses": {"input": text, "store": False},
    }
    said = named.get(kind, beyond)
    return parse(kind, json.dumps({"model": model, "stream": stream, **said}).encode(), arrival)


async def play(seeds: range, cases: int, socket: Path) -> Tally:
    """So many cases in each world. Raises AssertionError at the first byte that should not have left."""
    tally = Tally()
    for seed in seeds:
        world = Play(seed, tally, socket)
        try:
            for _ in range(cases):
                await world.case()
        except AssertionError as wrong:
            raise AssertionError(f"seed {seed}, case {tally.cases}: {wrong}") from wrong
        finally:
            world.client.close()
    return tally

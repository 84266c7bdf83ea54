"""Random policies, requests, faults, reloads and freezes against the real pipeline, whose connections lead into memory.

Every byte that leaves is noted at the moment of its writing, with the rules, the freezes and the time that are in force
then; what those remove is worked out anew, from the policy as it is written, by code that shares nothing with ours.
"""

from __future__ import annotations

import asyncio
import json
import logging
import ssl
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

from gateway.background.llm_judge import SecondJudge
from gateway.background.refusal_detection import judge_of
from gateway.background.shadowing import Shadows
from gateway.cache.answers import Answers
from gateway.cache.memory import MemoryStore
from gateway.catalog.facts import Endpoint
from gateway.dispatch.affordable import expected_usd, worst_case_usd
from gateway.dispatch.breaker import Breakers
from gateway.dispatch.conversations import Conversations
from gateway.dispatch.dispatch import DispatchContext
from gateway.dispatch.reply import StreamedReply
from gateway.dispatch.stopping import Running
from gateway.errors import GatewayError
from gateway.estimates import PRIORS
from gateway.identity import identify
from gateway.interfaces import Interface
from gateway.limits.memory import MemoryAccounts
from gateway.limits.reservations import Admission
from gateway.outcome.outcome import Outcome
from gateway.pipeline import Gateway, handle
from gateway.policy.compiled import Compiled
from gateway.policy.in_force import InForce
from gateway.probe import run as probing
from gateway.probe.plan import plan
from gateway.probe.questions import Question
from gateway.upstreams.connecting import Connecting
from gateway.upstreams.fleet import Fleet
from gateway.upstreams.http1 import Client
from gateway.upstreams.http1.resolver import Resolver
from gateway.upstreams.state_seal import StateSeal
from tests.laws.egress_network import METADATA, Byte, Loop, Network, in_memory
from tests.laws.egress_oracle import removed
from tests.laws.egress_requests import SURFACES, request_of
from tests.laws.egress_vendor import FAULTS
from tests.laws.egress_worlds import EVENING, HOP, KEYS, MORNING, World, world_of

TLS = ssl.create_default_context()
CONNECTING = Connecting(key_of=lambda source: None, context_of=lambda files: None, environment_proxy=HOP)
QUESTION = Question("q", "control", "en", "Say hello to the world.")


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
    bytes_of: Counter[str] = field(default_factory=Counter)  # requests written, by purpose, kind and wire
    changes: Counter[str] = field(default_factory=Counter)
    answered: int = 0
    rebound: int = 0  # connections to a name that led elsewhere than its vendor
    proxied: int = 0
    kept: int = 0  # answers that were given again


class Play:
    """One world: a gateway that is asked while its rules change."""

    def __init__(self, seed: int, tally: Tally, socket: Path, network: Network):
        self.chance = Random(seed)
        self.world: World = world_of(self.chance)
        self.tally, self.network, self.in_force = tally, network, InForce()
        network.state = lambda: (self.rules, self.in_force.frozen)
        network.redirects, network.sent = tuple(self.world.hosts), []
        self.client = Client(tls=TLS)
        self.outcomes: list[Outcome] = []
        self.copies: list[Outcome] = []
        self.judged: list[Outcome] = []
        self.shadows = Shadows(record=self.copies.append, dropped=lambda: None)
        self.judge = SecondJudge(self.judged.append)
        self.running, self.seal = Running(), StateSeal(b"law" * 20)
        self.kept: list[str] = []  # ids that were handed out
        self.answers = Answers(MemoryStore(1 << 20), b"law" * 20, self.in_force)
        self.fleets = [(rules, compiled, self._fleet(compiled, socket)) for rules, compiled in self.world.policies]
        self._serve(0)

    def _fleet(self, compiled: Compiled, socket: Path) -> Fleet:
        key = "k" * 20
        return Fleet(
            compiled.policy.catalog, key_of=lambda name: key, client=self.client, in_force=self.in_force,
            adapter_socket=socket, way_to=CONNECTING.way,
        )  # fmt: skip

    def _serve(self, number: int) -> None:
        self.rules, compiled, fleet = self.fleets[number]
        admission = Admission(MemoryAccounts(lambda account, since: Decimal(0)), worst_case_usd, expected_usd)
        means = DispatchContext(fleet, Breakers(), admission.admit, judge_of, self.running, seal=self.seal)
        self._use(
            Gateway(
                compiled.policy, compiled.keyring, admission, means, Conversations(), (self.outcomes.append,),
                self.shadows.consider, self.judge.consider, late=frozenset(), estimates=lambda: PRIORS,
                answers=self.answers, frozen=self.in_force.frozen,
            )
        )  # fmt: skip
        self.in_force.policy, self.in_force.teams = compiled.policy, compiled.keyring.teams

    def _use(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.shadows.serves(gateway)
        self.judge.serves(gateway)

    def change(self, what: str = "") -> None:
        """A reload, a freeze, a lift, midnight, or a name that leads elsewhere: at once."""
        what = what or self.chance.choice(("reload", "reload", "freeze", "freeze", "lift", "midnight", "name"))
        self.tally.changes[what] += 1
        if what == "reload":
            self._serve(self.chance.randrange(len(self.fleets)))
        elif what == "midnight":
            self.network.now = MORNING
        elif what == "name":
            places = [*self.world.dns.values(), METADATA]
            for name in self.world.dns:
                self.network.dns[name] = self.chance.choice(places)
            self.client._resolver = Resolver()
        else:
            frozen = () if what == "lift" else (*self.in_force.frozen, self.chance.choice(self.world.selectors))
            self.in_force.frozen = frozen[-2:]
            self._use(replace(self.gateway, frozen=self.in_force.frozen))
            if self.chance.random() < 0.5:  # else those that wait are not told, and find it out before they write
                aborting = frozen if self.chance.random() < 0.5 else ()
                asyncio.get_running_loop().call_soon(self.running.stop, frozen, aborting)

    async def case(self) -> None:
        """One request with its copies and opinions, or a probe, and perhaps a change in the middle."""
        chance, network = self.chance, self.network
        self.tally.cases += 1
        network.now, network.dns = EVENING, {**self.world.dns}
        network.faults = {host: chance.choice(FAULTS) for host in self.world.hosts}
        self.gateway.means.breakers._by_id.clear()
        self.shadows._breakers, self.judge._breakers = Breakers(), Breakers()
        at = chance.choice((0, 0, 1, 2, 3, 5))
        network.between = self._after(at) if at else _nothing
        if self.in_force.frozen and chance.random() < 0.5:
            self.change("lift")
        if chance.random() < 0.1:
            self.change("name")
            for connection in [each for kept in self.client._idle.values() for each in kept]:
                connection.abort()
        if chance.random() < 0.03:
            await self._probe(chance.choice(list(KEYS)))
        else:
            await self._ask(chance.choice(SURFACES), chance.choice(list(KEYS)))
        if chance.random() < 0.2:
            self.change()
        while self.shadows.running:
            await asyncio.wait(self.shadows.running)
        self._check(self.copies, "shadow")
        while not self.judge._waiting.empty():
            await self.judge._judge(self.judge._waiting.get_nowait())
        self._check(self.judged, "judge")
        network.between = _nothing

    def _after(self, calls: int) -> Callable[[], None]:
        left = [calls]

        def between() -> None:
            left[0] -= 1
            if left[0] == 0:
                self.change()

        return between

    async def _ask(self, surface: Interface, team: str) -> None:
        gateway = self.gateway
        request = request_of(self.chance, surface, self.chance.choice(self.world.names), self.kept)
        try:
            served = await handle(request, identify(KEYS[team], gateway.keyring, EVENING), gateway)
        except GatewayError:
            assert not self.network.sent
            return
        if isinstance(served.reply, StreamedReply):
            await served.reply.pour(Nowhere())
        elif served.reply is not None and surface.kind == "responses":
            self._keep(served.reply.opening)
        served.end()
        if served.trail.kept is not None:
            self._check_kept(served.trail.kept.endpoint, dict(served.trail.decision.signals))
        self._check(self.outcomes, "serve", "canary")

    def _check_kept(self, endpoint: Endpoint, signals: dict[str, Any]) -> None:
        """An answer that was kept is given again only while its endpoint might be asked."""
        self.tally.kept += 1
        places = [host for host, facts in self.rules.facts.items() if facts["id"] == endpoint.id]
        assert places, f"{endpoint.id} is gone"
        proxied, rules = self.rules.facts[places[0]]["proxied"], self.rules
        why = removed(Byte(places[0], b"", rules, self.in_force.frozen, self.network.now, proxied), signals, "serve")
        assert not why, (endpoint.id, why)

    def _keep(self, reply: bytes) -> None:
        """The id of what the vendor keeps, for a later request."""
        id = json.loads(reply).get("id", "")
        if "gw1-" in id:
            self.kept = [*self.kept[-1:], id]

    async def _probe(self, team: str) -> None:
        gateway, probed = self.gateway, list[Outcome]()
        whole = plan(
            gateway, gateway.keyring.teams[team], endpoints=gateway.policy.endpoints, questions=[QUESTION], repeat=1,
            max_tokens=9, at=EVENING,
        )  # fmt: skip
        await probing.Asking(lambda: self.gateway, whole, None, probed.append, _nothing).all()
        self._check(probed, "probe")

    def _check(self, outcomes: list[Outcome], *purposes: str) -> None:
        """Each byte must be allowed to one of them: whose it is cannot be told where several ran at once."""
        sent, self.network.sent = self.network.sent, []
        self.tally.rebound += self.network.rebound
        self.network.rebound = 0
        for byte in sent:
            self.tally.proxied += byte.proxied
            found = [removed(byte, dict(each.decision.signals), purposes[0]) for each in outcomes if each.decision]
            assert "" in found, (byte, found)
        for outcome in outcomes:
            self.tally.answered += outcome.result == "answered"
            assert {attempt.purpose for attempt in outcome.attempts} <= set(purposes)
            self._count(outcome)
        outcomes.clear()

    def _count(self, outcome: Outcome) -> None:
        for attempt in outcome.attempts:
            if attempt.failure is None or attempt.failure not in ("forbidden", "frozen", "connect"):
                kind, api = outcome.request.interface.path or outcome.request.kind, attempt.endpoint.api
                self.tally.bytes_of[f"{attempt.purpose} {kind} {api}"] += 1


def _nothing() -> None:
    return None


async def _play(seeds: Iterable[int], cases: int, socket: Path, network: Network) -> Tally:
    tally = Tally()
    for seed in seeds:
        world = Play(seed, tally, socket, network)
        try:
            for _ in range(cases):
                await world.case()
        except AssertionError as wrong:
            raise AssertionError(f"seed {seed}, case {tally.cases}: {wrong}") from wrong
        finally:
            world.client.close()
    return tally


def play(seeds: Iterable[int], cases: int, socket: Path) -> Tally:
    """So many cases in each world. Raises AssertionError at the first byte that should not have left."""
    loop, log = Loop(), logging.getLogger("gateway")
    log.disabled, before = True, log.disabled  # thousands of lines of vendors that fail
    try:
        with in_memory(loop), asyncio.Runner(loop_factory=lambda: loop) as runner:
            return runner.run(_play(seeds, cases, socket, loop.network))
    finally:
        log.disabled = before

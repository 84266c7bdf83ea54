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
from gateway.upstreams.fault import UpstreamFault
from gateway.upstreams.fleet import Fleet
from gateway.upstreams.http1 import Client, Target
from gateway.upstreams.http1.connection import Connection
from tests.laws.egress_worlds import KEYS, KINDS, Rules, World, removed, world_of

FAULTS = (
    *("answer", "answer", "answer", "refusal", "blank", "filter", "filtered finish", "garbled", "cut", "no finish"),
    *("closed", "garbage", "refused", "error inside", "redirect", "400", "401", "404", "429", "500", "503"),
)
NO = "I'm sorry, but I can't help with that request. It goes against my guidelines."


@dataclass
class Byte:
    """A request that was written: where to, and what was in force then."""

    host: str
    rules: Rules
    frozen: tuple[tuple[str, str], ...]


@dataclass
class Network:
    """Where connections lead: nothing is behind any address but a vendor with a fault."""

    faults: dict[str, str] = field(default_factory=dict)
    redirects: tuple[str, ...] = ()
    sent: list[Byte] = field(default_factory=list)
    asked: int = 0
    between: Callable[[], None] = lambda: None  # called at each connection, before anything is written on it
    state: Callable[[], tuple[Rules, tuple[tuple[str, str], ...]]] = field(default=lambda: (Rules(), ()))

    def receive(self, host: str, data: bytes) -> tuple[bytes, bool]:
        """What comes back, and whether the connection closes after it."""
        head, _, body = data.partition(b"\r\n\r\n")
        if host == "adapter":
            host = str(json.loads(body)["endpoint"]["base_url"]).partition("//")[2].partition("/")[0]
        self.sent.append(Byte(host, *self.state()))
        self.between()
        return reply(self.faults.get(host, "answer"), head.split(b" ")[1], body, self.redirects)


def reply(fault: str, path: bytes, body: bytes, redirects: tuple[str, ...]) -> tuple[bytes, bool]:
    """Head and body."""
    stream = b'"stream":true' in body
    if fault == "closed":
        return b"", True
    if fault == "garbage":
        return b"SSH-2.0-nonsense\r\n\r\n", True
    if fault.isdigit():
        return _framed(int(fault), b'{"error": {"message": "no"}}'), False
    if fault == "redirect":
        location = f"location: https://{redirects[len(body) % len(redirects)]}/chat/completions\r\n".encode()
        return _framed(307, b"", location), False
    if fault == "filter":
        return _framed(400, b'{"error": {"message": "Content Exists Risk", "type": "invalid_request_error"}}'), False
    said = b"".join(_stream(fault, path)) if stream else json.dumps(_whole(fault, path)).encode()
    if fault == "cut":
        return _framed(200, said + b" " * 50)[: -60 - len(said) // 2], True
    return _framed(200, said), False


def _framed(status: int, body: bytes, more: bytes = b"") -> bytes:
    return b"HTTP/1.1 %d X\r\n%bcontent-length: %d\r\n\r\n%b" % (status, more, len(body), body)


def _text(fault: str) -> str:
    return {"refusal": NO, "blank": "", "filtered finish": ""}.get(fault, "Ships float: ANSWERED. " * 10)


def _whole(fault: str, path: bytes) -> Any:
    text, finish = _text(fault), "content_filter" if fault == "filtered finish" else "stop"
    if fault in ("error inside", "garbled"):
        return {"error": {"message": "no"}} if fault == "error inside" else ["no"]
    if path.endswith(b"/messages"):
        content = [{"type": "text", "text": text}] if text else []
        return {"type": "message", "role": "assistant", "content": content, "stop_reason": "end_turn"}
    if path.endswith(b"/responses"):
        part = {"type": "output_text", "text": text, "annotations": []}
        item = {"type": "message", "id": "m", "role": "assistant", "status": "completed", "content": [part]}
        return {"object": "response", "id": "r", "status": "completed", "output": [item]}
    if path.endswith(b"/chat/completions"):
        return {"choices": [{"index": 0, "message": {"content": text}, "finish_reason": finish}]}
    return {"data": [{"embedding": [0.5], "index": 0, "url": "x"}], "results": [{"index": 0, "relevance_score": 0.5}],
            "text": text, "choices": [{"text": text, "finish_reason": finish}]}  # fmt: skip


def _stream(fault: str, path: bytes) -> list[bytes]:
    text = _text(fault)
    if fault == "error inside":
        return [b'data: {"error": {"message": "no"}}\n\n']
    if path.endswith(b"/chat/completions"):
        events: list[Any] = [{"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}]}]
        if fault != "no finish":
            finish = "content_filter" if fault == "filtered finish" else "stop"
            events.append({"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]})
        lines = [b"data: %b\n\n" % json.dumps(event).encode() for event in events]
        return [*lines[:1], *([b'data: {"cho\n\n'] if fault == "garbled" else []), *lines[1:], b"data: [DONE]\n\n"]
    if path.endswith(b"/messages"):
        events = [{"type": "message_start", "message": {}},
                  {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
                  {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}},
                  {"type": "content_block_stop", "index": 0},
                  {"type": "message_delta", "delta": {"stop_reason": "end_turn"}},
                  {"type": "message_stop"}]  # fmt: skip
    else:
        place = {"item_id": "m", "output_index": 0, "content_index": 0}
        whole = _whole(fault, b"/responses")
        events = [
            {"type": "response.output_text.delta", "delta": text, **place},
            {"type": "response.completed", "response": whole},
        ]
    cut = events[: 3 if fault == "no finish" else None]
    return [b"event: %b\ndata: %b\n\n" % (e["type"].encode(), json.dumps(e).encode()) for e in cut]


class Wire(asyncio.Transport):
    """A connection into memory."""

    def __init__(self, network: Network, host: str, connection: Connection):
        super().__init__()
        self._network, self._host, self._connection, self._closing = network, host, connection, False

    def write(self, data: Any) -> None:
        said, closes = self._network.receive(self._host, bytes(data))
        loop = asyncio.get_running_loop()
        if said:
            loop.call_soon(self._hand, said)
        if closes:
            loop.call_soon(self.abort)

    def _hand(self, said: bytes) -> None:
        if not self._closing:
            self._connection.data_received(said)

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return _Plug() if name == "socket" else default

    def is_closing(self) -> bool:
        return self._closing

    def abort(self) -> None:
        if not self._closing:
            self._closing = True
            asyncio.get_running_loop().call_soon(self._connection.connection_lost, None)

    def get_write_buffer_size(self) -> int:
        return 0

    def pause_reading(self) -> None:
        return None

    def resume_reading(self) -> None:
        return None


class _Plug:
    family = 1  # AF_UNIX: no options of TCP are set


class Memory(Client):
    """Our client, whose connections lead into memory."""

    def __init__(self, network: Network):
        super().__init__()
        self._network = network

    async def _connect(self, target: Target, connect_s: float) -> Connection:
        await asyncio.sleep(0)
        self._network.asked += 1
        self._network.between()
        host = "adapter" if target.unix is not None else f"{target.host}:{target.port}"
        if self._network.faults.get(host) == "refused":
            raise UpstreamFault("connect", "nobody listens")
        connection = Connection(target.pool, self._keep, self._forget)
        connection.connection_made(Wire(self._network, host, connection))
        return connection


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
    said: dict[str, Any] = {
        "chat": {"messages": messages}, "messages": {"messages": messages, "max_tokens": 99},
        "responses": {"input": text, "store": False},
    }.get(kind, {"prompt": text, "input": text, "query": text, "documents": [text], "voice": "v"})  # fmt: skip
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

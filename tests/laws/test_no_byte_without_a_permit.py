"""No permitted endpoint, no byte: whatever the policy, the request, the faults and the reloads in between."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import partial
from time import monotonic, time

import yaml
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

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
from gateway.policy.authoring.compile import compile_folder
from gateway.policy.compiled import Policy
from gateway.policy.decide import decide
from gateway.policy.in_force import InForce
from gateway.policy.view import View
from gateway.request import Arrival, Request, parse
from gateway.upstreams.fleet import Fleet
from gateway.upstreams.http1 import Client

COUNTRIES = ("CN", "US", "DE")
KINDS = ("chat", "image", "speech", "transcription", "rerank", "moderation")
UNSENT = ("forbidden", "frozen")  # failures of attempts that wrote nothing
FAULTS = ("answer", "500", "429", "moderated", "blank", "sensitive", "reset", "cut", "garbage", "error inside")
KEY = "law-key"


@dataclass
class Vendors:
    """One listening socket an endpoint; notes who was asked."""

    faults: dict[str, str]
    asked: list[str] = field(default_factory=list)
    ports: dict[str, int] = field(default_factory=dict)
    servers: list[asyncio.Server] = field(default_factory=list)
    change_at: int = 0  # how many are asked when `change` is called, before the last of them answers
    change: Callable[[], object] = bool

    async def open(self, ids: Sequence[str]) -> None:
        for id in ids:
            server = await asyncio.start_server(partial(self.serve, id), "127.0.0.1", 0)
            self.servers.append(server)
            self.ports[id] = server.sockets[0].getsockname()[1]

    async def serve(self, id: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            self.asked.append(id)
            if len(self.asked) == self.change_at:
                self.change()
            length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            stream = b'"stream":true' in await reader.readexactly(length)
            writer.write(reply(self.faults[id], stream=stream))
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        writer.close()

    def close(self) -> None:
        for server in self.servers:
            server.close()


def reply(fault: str, *, stream: bool) -> bytes:
    said = {"content": "" if fault == "blank" else "Hello."}
    finish = "sensitive" if fault == "sensitive" else "stop"
    choice = {"index": 0, "delta" if stream else "message": said, "finish_reason": finish}
    text = json.dumps({"error": {"message": "no"}} if fault == "error inside" else {"choices": [choice]})
    body = (f"data: {text}\n\n" + "data: [DONE]\n\n" if stream else text).encode()
    status = {"500": "500 Oops", "429": "429 Slow", "moderated": "400 Bad"}.get(fault, "200 OK")
    if fault == "moderated":
        body = b'{"error": {"message": "Content Exists Risk", "type": "invalid_request_error"}}'
    if fault == "reset":
        return b""
    if fault == "garbage":
        return b"SSH-2.0-nonsense\r\n\r\n"
    length = len(body) + (10 if fault == "cut" else 0)
    return f"HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n".encode() + body


@dataclass(frozen=True)
class Beside:
    """The endpoints of canary and shadow, their percentage, and whose prompts they are."""

    canary: str
    shadow: str
    percent: int
    data_class: str
    allow: tuple[str, ...]


def folder(ids: Sequence[str], ports: dict[str, int], facts: dict[str, tuple[str, str, bool]], guards, beside: Beside):
    sources = {"source": "law", "checked": "2026-11-20"}
    rows = {
        "labs": [{"id": f"lab-{c.lower()}", "name": c, "country": c, "lists": [], **sources} for c in COUNTRIES],
        "models": [
            {"id": f"m-{c.lower()}", "lab": f"lab-{c.lower()}", "base": [], "open_weights": True, "licence": "MIT",
             "decensored": False, "context_tokens": 9000, "can": ["tools", "vision"], "kinds": list(KINDS), **sources}
            for c in COUNTRIES
        ],
        "operators": [
            {"id": id.split("@")[1], "name": id, "country": facts[id][1], "parent_country": facts[id][1], "lists": [],
             **sources}
            for id in ids
        ],
        "endpoints": [
            {"id": id, "model": id.split("@")[0], "operator": id.split("@")[1], "hosting": "hosted",
             "storage": [facts[id][0]], "inference": [facts[id][1]], "trains_on_data": facts[id][2],
             "retention_days": 0, "api": "openai", "base_url": f"http://127.0.0.1:{ports[id]}", "upstream_model": "x",
             "key_env": None, "prices": [{"since": "2026-01-01", "input": 1, "output": 2}], **sources}
            for id in ids
        ],
    }  # fmt: skip
    shares = {
        "canary": {"endpoint": beside.canary, "percent": beside.percent},
        "shadow": {"endpoint": beside.shadow, "percent": beside.percent},
    }
    policy = {
        "version": 1,
        "aliases": {"auto": "any"},
        "guards": guards,
        "defaults": {"order": "listed", "limits": {"first_byte_s": 60, "total_s": 120, "attempts": 4}},
        "routes": [
            {"name": "named", "when": {"model_known": True}, "try": ["requested"], **shares},
            {"name": "rest", "try": [ids[0], {"any": {"lineage": {"not": "US"}}}], **shares},
        ],
    }  # fmt: skip
    digest = hashlib.sha256(KEY.encode()).hexdigest()
    team = {"data_class": beside.data_class, "allow": list(beside.allow)}
    callers = {"teams": {"t": team}, "keys": [{"id": "k", "team": "t", "sha256": digest}]}
    parts = {"policy.yaml": policy, "callers.yaml": callers, "catalog/all.yaml": rows}
    return compile_folder({name: yaml.safe_dump(part).encode() for name, part in parts.items()})


ENDPOINTS = st.lists(
    st.builds(lambda model, number: f"m-{model.lower()}@o{number}", st.sampled_from(COUNTRIES), st.integers(1, 9)),
    min_size=1, max_size=5, unique_by=lambda id: id.split("@")[1],
)  # fmt: skip
TESTS = st.sampled_from(
    [{"storage": "CN"}, {"inference": "US"}, {"lineage": "DE"}, {"exposure": "CN"}, {"trains_on_data": True},
     {"origin": "US"}, {"hosting": "self"}]
)  # fmt: skip
WHENS = st.sampled_from(
    [{}, {"stream": True}, {"kind": ["image", "transcription"]}, {"pii": "email"},
     {"data_class": {"at_least": "internal"}}, {"tokens": {"above": 3}}]
)  # fmt: skip
GUARDS = st.lists(st.tuples(WHENS, st.sampled_from(["only", "never"]), TESTS), max_size=3)
FACTS = st.tuples(st.sampled_from(COUNTRIES), st.sampled_from(COUNTRIES), st.booleans())


def written(guards):
    return [
        {"name": f"g{n}", **({"when": when} if when else {}), word: test} for n, (when, word, test) in enumerate(guards)
    ]


PERCENTS = st.sampled_from([0, 50, 100, 100])
CLASSES = st.sampled_from(["public", "internal", "internal", "confidential"])
ALLOWED: tuple[tuple[str, ...], ...] = ((), ("shadow",), ("shadow", "judge"))


@dataclass
class Seen:
    """One request: what became of it, what became of its copy, and whom either reached."""

    outcome: Outcome
    asked: list[str]
    copies: list[Outcome]
    asked_by_copies: list[str]
    asked_after: list[str]  # of all these, those that were asked after a change came in between
    then: Change | None  # which


@dataclass(frozen=True)
class Change:
    """A reload or a freeze."""

    policy: Policy
    frozen: tuple[tuple[str, str], ...] = ()


async def asked_and_outcomes(ids, facts, faults, guards, requests, reload_to, beside, sudden) -> list[Seen]:
    """`sudden`: whether the change comes while so many endpoints have been asked, or after the first request."""
    vendors, in_force = Vendors(faults), InForce()
    outcomes: list[Outcome] = []
    copies: list[Outcome] = []
    await vendors.open(ids)
    client, breakers = Client(), Breakers()
    shadows = Shadows(record=copies.append, dropped=lambda: None)

    def gateway(rules) -> Gateway:
        compiled = folder(ids, vendors.ports, facts, written(rules), beside)
        fleet = Fleet(compiled.catalog, key_of=lambda name: None, client=client, in_force=in_force)
        admission = Admission(MemoryAccounts(lambda account, since: Decimal(0)), worst_case_usd, expected_usd)
        means = DispatchContext(fleet, breakers, admission.admit, lambda trail: None)
        made = Gateway(
            compiled.policy,
            compiled.keyring,
            admission,
            means,
            Conversations(),
            (outcomes.append,),
            shadows.consider,
            None,
            late=frozenset(),
            estimates=lambda: PRIORS,
        )
        shadows.serves(made)
        in_force.policy, in_force.teams = compiled.policy, compiled.keyring.teams
        return made

    serving = gateway(guards)
    changes: list[Change] = []

    def change() -> None:
        nonlocal serving
        if changes:
            return
        if sudden.freeze:
            in_force.frozen = (("endpoint", sudden.freeze),)
            serving = replace(serving, frozen=in_force.frozen)
            shadows.serves(serving)
        else:
            serving = gateway(reload_to)
        changes.append(Change(serving.policy, in_force.frozen))

    vendors.change_at, vendors.change = sudden.at, change
    seen: list[Seen] = []
    try:
        for number, (model, stream, kind) in enumerate(requests):
            before, unchanged = len(vendors.asked), not changes
            await one(serving, model, kind, stream=stream)
            between = len(vendors.asked)
            came = vendors.change_at if changes else between
            if number == 0:
                change()  # the reply is out, its copy is not
            while shadows.running:
                await asyncio.wait(shadows.running)
            if outcomes:
                asked, late = vendors.asked[before:between], vendors.asked[between:]
                after = vendors.asked[came:] if unchanged and changes else []
                seen.append(Seen(outcomes.pop(), asked, copies.copy(), late, after, changes[0] if changes else None))
                copies.clear()
            else:
                assert vendors.asked[before:] == [] == copies
    finally:
        client.close()
        vendors.close()
    return seen


class Nowhere:
    """A caller who takes everything."""

    def write(self, chunk: bytes) -> bool:
        return True

    async def room(self, by_s: float) -> bool:
        return True


def asking(model: str, kind: str, *, stream: bool) -> Request:
    arrival, text = Arrival("r", time(), monotonic()), "Say hello to the world."
    if kind == "transcription":
        fields = {"model": model, "prompt": text, 'file"; filename="a': "RIFF"}
        parts = [f'--b\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n' for n, v in fields.items()]
        return parse(kind, ("".join(parts) + "--b--").encode(), arrival, "multipart/form-data; boundary=b")
    beyond = {"prompt": text, "input": text, "query": text, "documents": [text], "voice": "v"}
    said = {"messages": [{"role": "user", "content": text}]} if kind == "chat" else beyond
    return parse(kind, json.dumps({"model": model, "stream": stream, **said}).encode(), arrival)


async def one(serving: Gateway, model: str, kind: str = "chat", *, stream: bool) -> None:
    request = asking(model, kind, stream=stream)
    try:
        served = await handle(request, identify(KEY, serving.keyring, time()), serving)
    except GatewayError:
        return
    if isinstance(served.reply, StreamedReply):
        await served.reply.pour(Nowhere())
    served.end()


@dataclass(frozen=True)
class Sudden:
    """A change that comes while a request is under way."""

    at: int  # how many endpoints have been asked then; 0: it comes after the first request
    freeze: str | None  # an endpoint; None: it is a reload


@settings(max_examples=25, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(st.data())
def test_no_byte_reaches_an_endpoint_that_the_decision_did_not_permit(data):
    ids = data.draw(ENDPOINTS)
    facts = {id: data.draw(FACTS) for id in ids}
    faults = {id: data.draw(st.sampled_from(FAULTS)) for id in ids}
    names = st.sampled_from(["auto", *ids, *(id.split("@")[0] for id in ids)])
    requests = data.draw(st.lists(st.tuples(names, st.booleans(), st.sampled_from(KINDS)), min_size=1, max_size=3))
    guards, reload_to = data.draw(GUARDS), data.draw(GUARDS)
    beside = data.draw(
        st.builds(Beside, st.sampled_from(ids), st.sampled_from(ids), PERCENTS, CLASSES, st.sampled_from(ALLOWED))
    )

    sudden = data.draw(st.builds(Sudden, st.integers(0, 4), st.sampled_from([None, None, *ids])))

    for seen in asyncio.run(asked_and_outcomes(ids, facts, faults, guards, requests, reload_to, beside, sudden)):
        outcome = seen.outcome
        assert set(seen.asked) <= permitted(outcome)
        assert outcome.decision is not None
        assert not permitted(outcome) or outcome.decision.endpoints or outcome.result == "denied"
        attempts = sorted(outcome.attempts, key=lambda attempt: attempt.started)  # the reply that stands comes last
        assert [a.endpoint.id for a in attempts if a.failure not in UNSENT] == seen.asked
        assert not seen.asked_after or set(seen.asked_after) <= permitted_after(seen)
        assert {a.endpoint.id for a in attempts if a.purpose == "canary"} <= {beside.canary}
        assert {attempt.purpose for attempt in attempts} <= {"serve", "canary"}
        check_copies(seen, beside)


def permitted(outcome: Outcome) -> set[str]:
    assert outcome.decision is not None
    return {e.id for e in outcome.decision.policy.endpoints if outcome.decision.permits(e)}


def permitted_after(seen: Seen) -> set[str]:
    """What the change lets this request reach."""
    assert seen.then is not None and seen.outcome.decision is not None
    policy, signals = seen.then.policy, seen.outcome.decision.signals
    decision = decide(policy, signals, View(at=time(), frozen=seen.then.frozen))
    return {endpoint.id for endpoint in policy.endpoints if decision.permits(endpoint)}


def check_copies(seen: Seen, beside: Beside) -> None:
    """A copy needs the team's leave, a harmless class and the guards, when it is drawn and when it is sent."""
    tried = [attempt for copy in seen.copies for attempt in copy.attempts]
    assert [a.endpoint.id for a in tried if a.failure not in UNSENT] == seen.asked_by_copies
    assert len(tried) <= 1
    for copy in seen.copies:
        assert [(a.endpoint.id, a.purpose) for a in copy.attempts] == [(beside.shadow, "shadow")]
        assert beside.shadow in permitted(copy) & permitted(seen.outcome)
        assert "shadow" in beside.allow and beside.data_class in ("public", "internal") and beside.percent
        assert copy.cost_usd == 0 and copy.served_by is None

"""Outcomes for tests, as small as a claim allows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from gateway.catalog.facts import Endpoint
from gateway.catalog.prices import Usage
from gateway.identity import Caller, Team
from gateway.interfaces import INTERFACES
from gateway.outcome.outcome import Attempt, Outcome
from gateway.outcome.priced import Priced
from gateway.policy.authoring.compile import compile_folder
from gateway.policy.compiled import Policy
from gateway.policy.decide import decide
from gateway.policy.decision import Decision
from gateway.policy.view import View
from gateway.record.journal.encode import Words, payloads
from gateway.record.journal.entry import Entry, resolved
from gateway.record.journal.reader import Batch
from gateway.record.journal.record import Record, decode
from gateway.record.store import Store
from gateway.request import Arrival, Request
from gateway.signals.value import Value

FILES = {
    "policy.yaml": """
version: 1
baseline: gpt-6@openai
guards:
  - name: no-chinese-machines
    when: {data_class: {at_least: confidential}}
    never: {exposure: [CN]}
  - name: home-only
    when: {data_class: regulated}
    only: {hosting: self}
routes:
  - name: rest
    try: [{any: {}}]
    order: listed
""",
    "callers.yaml": """
teams:
  research: {residency: any, data_class: public}
""",
    "catalog/all.yaml": """
labs:
  - {id: alibaba, name: Alibaba, country: CN, lists: [], source: test, checked: 2026-11-01}
  - {id: openai, name: OpenAI, country: US, lists: [], source: test, checked: 2026-11-01}
models:
  - {id: qwen3, lab: alibaba, base: [], open_weights: true, licence: MIT, context_tokens: 100000, kinds: [chat]}
  - {id: glm-5, lab: alibaba, base: [], open_weights: true, licence: MIT, context_tokens: 100000, kinds: [chat]}
  - {id: gpt-6, lab: openai, base: [], open_weights: false, licence: proprietary, context_tokens: 100000, kinds: [chat]}
operators:
  - {id: self, name: Us, country: DE, parent_country: DE, lists: []}
  - {id: zai, name: Z.ai, country: CN, parent_country: CN, lists: []}
  - {id: openai, name: OpenAI, country: US, parent_country: US, lists: []}
endpoints:
  - {id: qwen3@self, model: qwen3, operator: self, hosting: self, storage: [], inference: [DE], api: openai,
     base_url: "http://127.0.0.1:1/v1", upstream_model: qwen3, key_env: null,
     prices: [{since: 2026-11-01, input: 0.2, output: 0.6}]}
  - {id: glm-5@zai, model: glm-5, operator: zai, hosting: hosted, storage: [CN], inference: [CN], api: openai,
     base_url: "https://example.invalid/v1", upstream_model: glm, key_env: ZAI_API_KEY,
     prices: [{since: 2026-11-01, input: 0.1, output: 0.4}]}
  - {id: gpt-6@openai, model: gpt-6, operator: openai, hosting: hosted, storage: [US], inference: [US], api: openai,
     base_url: "https://example.invalid/v1", upstream_model: gpt-6, key_env: OPENAI_API_KEY,
     prices: [{since: 2026-11-01, input: 2, output: 8}]}
""",
}


def policy(files: Mapping[str, str]) -> Policy:
    return compile_folder({name: text.encode() for name, text in files.items()}).policy


POLICY = policy(FILES)
QWEN, GLM, GPT = POLICY.endpoints


def endpoint(id: str) -> Endpoint:
    """`model@operator`, otherwise as GLM."""
    model, operator = id.split("@")
    return replace(GLM, id=id, model=replace(GLM.model, id=model), operator=replace(GLM.operator, id=operator))


def decision(*, frozen: tuple[tuple[str, str], ...] = (), **signals: Value) -> Decision:
    """What the policy above says of a small English chat request that differs by `signals`."""
    known: dict[str, Value] = {
        "kind": "chat",
        "needs": frozenset(),
        "tokens": 900,
        "topic": frozenset(),
        "pii": frozenset(),
        "language": "en",
        "data_class": "internal",
    }
    return decide(POLICY, known | signals, View(at=1_763_800_000.0, frozen=frozen))


def request(id: str = "r1", *, kind: str = "chat", stream: bool = False, at: float = 1_763_800_000.0) -> Request:
    return Request(
        arrival=Arrival(id=id, received_at=at, started=0.0),
        interface=INTERFACES[kind],
        model="auto",
        stream=stream,
        include_usage=False,
        max_tokens=None,
        choices=1,
        generated=1,
        fields={},
        body_bytes=2_000,
    )


def caller(team: str = "research", *, key_id: str = "research-bot") -> Caller:
    return Caller(
        key_id=key_id,
        team=Team(id=team, residency="any", data_class="public", allow=frozenset(), budget=None, rate=None),
        app="bot",
        expires=None,
    )


def attempt(place: Endpoint = QWEN, **changes: Any) -> Attempt:
    values: dict[str, Any] = {
        "endpoint": place,
        "purpose": "serve",
        "outcome": "answered",
        "failure": None,
        "status": 200,
        "usage": Usage(input_tokens=900, cached_tokens=100, output_tokens=20, reasoning_tokens=5),
        "cost_usd": Decimal("0.00031"),
        "price_since": "2026-11-01",
        "finish_reason": "stop",
        "started": 0.0,
        "first_byte_s": 0.4,
        "total_s": 0.9,
        "peer": "192.0.2.7:443",
        "certificate": "example.invalid",
        "adapted": ("tools[0].format(grammar→description)",),
    }
    return Attempt(**values | changes)


def outcome(*attempts: Attempt, **changes: Any) -> Outcome:
    """What an answered request leaves behind, by the attempts made; without one, of a single answered attempt."""
    made = attempts or (attempt(),)
    values: dict[str, Any] = {
        "request": request(),
        "caller": caller(),
        "decision": decision(),
        "result": made[-1].outcome,
        "attempts": made,
        "cost_usd": sum((each.cost_usd for each in made), Decimal(0)),
        "baseline_list_usd": Decimal("0.0021"),
        "baseline_permitted": True,
        "denied_by": None,
        "rerouted": (),
        "overhead_s": 0.0004,
        "total_s": 0.91,
        "ended_at": 1_763_800_000.91,
    }
    return Outcome(**values | changes)


def denied(by: str, **changes: Any) -> Outcome:
    """A request that was stopped before any attempt."""
    values = {"result": "denied", "attempts": (), "cost_usd": Decimal(0), "baseline_list_usd": None, "denied_by": by}
    return outcome(attempt(), **values | changes)


def entries(*outcomes: Outcome, beside: str = "") -> list[Entry]:
    """As a reader of the journal sees them."""
    words, found = Words(), list[Entry]()
    known: dict[int, object] = {}
    for each in outcomes:
        for payload in payloads(each, words, beside=beside):
            read = decode(payload)
            if isinstance(read, Record):
                found.append(Entry(read, known))
            else:
                known[read.ref] = resolved(read, known)
    return found


def put(store: Store, *outcomes: Outcome, priced: Priced | None = None) -> None:
    """Into the ledger, from no journal."""
    found = entries(*outcomes)
    for entry in found:
        entry.priced = priced
    store.write(Batch(found), at=0.0)

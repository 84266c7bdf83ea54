"""Laws of answers that are kept: what is given again could have come just so, and like requests are like in all."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from decimal import Decimal
from random import Random
from typing import Any

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from gateway.cache.answers import Answers
from gateway.cache.entry import Entry
from gateway.cache.memory import MemoryStore
from gateway.cache.name import LABELS, name_of
from gateway.dispatch.affordable import expected_usd, worst_case_usd
from gateway.identity import Caller
from gateway.limits.memory import MemoryAccounts
from gateway.limits.reservations import Admission
from gateway.outcome.request_state import RequestState
from gateway.policy.authoring.cases import signals_of
from gateway.policy.compiled import Compiled
from gateway.policy.decide import decide
from gateway.policy.decision import Decision
from gateway.policy.in_force import InForce
from gateway.policy.view import View
from gateway.request import Arrival, Request, parse
from tests.unit.policy.small import AT, SETS, compiled

SECRET = b"s" * 32
ENDPOINTS = ("gpt@openai", "glm@zai", "glm@together", "qwen@self")
RULES = (
    "when: {topic: prc_political}, never: {exposure: china}",
    "when: {pii: [email, card]}, only: {hosting: self}",
    "when: {data_class: {at_least: confidential}}, never: {lineage: china}",
    "when: {team: research}, never: {endpoint: gpt@openai}",
)
FREEZES = (*(("endpoint", id) for id in ENDPOINTS), ("origin", "CN"), ("operator", "openai"))
PARTS = st.sampled_from(["a", "b", " a", "a ", "\u00e9", '"', "\\", "12:a", "", "\n", "user"])
MESSAGES = st.lists(st.fixed_dictionaries({"role": st.sampled_from(["user", "system"]), "content": PARTS}), min_size=1)
BODIES = st.fixed_dictionaries(
    {"model": st.sampled_from(["auto", "glm"]), "messages": MESSAGES.filter(bool)},
    optional={
        "temperature": st.sampled_from([0, 0.0, 1]), "stream": st.booleans(), "max_tokens": st.sampled_from([5, 50]),
        "stop": PARTS, "user": PARTS, "metadata": st.just({"a": "b"}), "n": st.sampled_from([1, 2]), "x": PARTS,
    },
)  # fmt: skip


def folder(rules: tuple[str, ...], cache: str) -> Compiled:
    """`rules`: of RULES. One route to everything, which keeps answers."""
    listed = "".join(f"  - {{name: g{number}, {rule}}}\n" for number, rule in enumerate(rules))
    guards = f"guards:\n{listed}" if listed else ""
    route = f"routes: [{{name: rest, try: [{{any: {{}}}}], order: listed, cache: {cache}}}]\n"
    return compiled(policy=b"version: 1\n" + SETS + guards.encode() + route.encode())


PLAIN = folder((), "{ttl: 1h}")
BY_KEY = folder((), "{ttl: 1h, scope: key}")


def decided(among: Compiled, team: str = "research", frozen: Any = (), **given: Any) -> Decision:
    signals = signals_of(among.keyring.teams[team], given, among.policy)
    return decide(among.policy, signals, View(at=AT, frozen=frozen))


def caller(among: Compiled, team: str, key: str) -> Caller:
    return Caller(key, among.keyring.teams[team], None, None)


def asked(body: bytes, **arrival: Any) -> Request:
    return parse("chat", body, Arrival("req_1", AT, 0.0, **arrival))


def written(body: dict[str, Any], chance: Random) -> bytes:
    """The same body as another library might write it: only what lies between its parts differs."""
    names = list(body)
    chance.shuffle(names)
    tight = {"separators": (",", ":")} if chance.random() < 0.5 else {}
    return json.dumps({name: body[name] for name in names}, ensure_ascii=chance.random() < 0.5, **tight).encode()  # type: ignore[arg-type]


def sent(body: dict[str, Any]) -> str:
    return json.dumps({name: body[name] for name in body.keys() - LABELS}, sort_keys=True)


@settings(max_examples=150, deadline=None)
@given(BODIES, BODIES, st.integers(0, 99), st.sampled_from([PLAIN, BY_KEY]), st.tuples(*[st.sampled_from("ab")] * 2))
def test_requests_have_one_name_just_if_they_are_alike_for_whoever_answers_and_of_those_who_share(
    one, other, seed, among, keys
):
    chance, decision = Random(seed), decided(among)
    names = [
        name_of(SECRET, asked(written(body, chance)), caller(among, "research", key), decision, ())
        for body, key in zip((one, one, other), (keys[0], keys[1], keys[0]), strict=True)
    ]
    assert (names[0] == names[1]) == (among is PLAIN or keys[0] == keys[1])
    assert (names[0] == names[2]) == (sent(one) == sent(other))


def test_whose_it_is_the_policy_headers_and_the_secret_are_in_the_name():
    body, decision = b'{"model":"auto","messages":[{"role":"user","content":"a"}]}', decided(PLAIN)
    who = caller(PLAIN, "research", "k")
    names = {
        name_of(SECRET, asked(body), who, decision, ()),
        name_of(b"t" * 32, asked(body), who, decision, ()),
        name_of(SECRET, asked(body), caller(PLAIN, "sales", "k"), decision, ()),
        name_of(SECRET, asked(body), who, decided(folder(RULES[:1], "{ttl: 1h}")), ()),
        name_of(SECRET, asked(body), who, decision, ("logprobs(left out)",)),
        name_of(SECRET, asked(body, strict=True), who, decision, ()),
        name_of(SECRET, asked(body, options=(("anthropic-beta", "x"),)), who, decision, ()),
        name_of(SECRET, replace(asked(body), stream=True), who, decision, ()),
        name_of(SECRET, replace(asked(body), model="glm"), who, decision, ()),
        name_of(SECRET, parse("messages", body[:-1] + b',"max_tokens":5}', Arrival("r", AT, 0.0)), who, decision, ()),
    }
    assert len(names) == 10


@settings(max_examples=120, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(
    st.sets(st.sampled_from(RULES)).map(lambda rules: tuple(sorted(rules))),
    st.sampled_from(["{ttl: 1h}", "{ttl: 1h, tools: true}", "{ttl: 1h, when: {pii: {not: [email]}}}"]),
    st.sampled_from(ENDPOINTS),
    st.fixed_dictionaries(
        {}, optional={"topic": st.just(frozenset({"prc_political"})), "pii": st.just(frozenset({"email"})),
                      "data_class": st.just("confidential"), "needs": st.just(frozenset({"tools"}))},
    ),
    st.lists(st.sampled_from(FREEZES), max_size=1).map(tuple),
    st.lists(st.sampled_from(FREEZES), max_size=1).map(tuple),
    st.sampled_from([0.0, 10.0, 3599.0, 3600.0, 9999.0, -5.0]),
)  # fmt: skip
def test_a_kept_answer_is_given_just_where_its_endpoint_might_be_asked_now(
    rules, cache, maker, given, frozen, frozen_since, age_s
):
    found, decision, in_force = asyncio.run(looked_for(folder(rules, cache), maker, given, frozen, frozen_since, age_s))

    may = maker in [endpoint.id for endpoint in decision.endpoints]
    fresh = 0 <= age_s < 3600
    unfit = ("needs" in given and "tools: true" not in cache) or ("pii" in given and "when" in cache)
    stands = maker in [each.id for each in replace_frozen(decision, in_force).endpoints]
    assert (found is not None) == (may and fresh and not unfit and stands)
    if found is not None:
        assert found.endpoint.id == maker


def replace_frozen(decision: Decision, in_force: InForce) -> Decision:
    return decide(decision.policy, decision.signals, replace(decision.view, frozen=in_force.frozen))


async def looked_for(among, maker, given, frozen, frozen_since, age_s):
    """An answer of `maker` is kept; decided under `frozen`, found when `frozen_since` is in force."""
    in_force = InForce(among.policy, among.keyring.teams, frozen_since or frozen)
    answers = Answers(MemoryStore(1 << 20), SECRET, in_force)
    admission = Admission(MemoryAccounts(lambda account, since: Decimal(0)), worst_case_usd, expected_usd)
    decision = decided(among, frozen=frozen, **given)
    request = asked(b'{"model":"auto","messages":[{"role":"user","content":"a"}]}')
    trail = RequestState(request, caller(among, "research", "k"), decision)
    name = name_of(answers._secret, request, trail.caller, decision, ())
    answers.store.put(name, Entry(maker, "req_0", 2e12, "0.5", (), b"{}"), ttl_s=9e9)
    return await answers.find(trail, admission.admit, lambda: 2e12 + age_s), decision, in_force

"""`explain` and the served request agree: both measure and decide alike, whatever the text and whoever asks."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st

from gateway.identity import DATA_CLASSES, Caller
from gateway.policy.authoring.cases import signals_of
from gateway.policy.authoring.compile import compile_folder
from gateway.policy.authoring.signal_literals import given_from_words
from gateway.policy.compiled import Compiled
from gateway.policy.decide import decide
from gateway.policy.decision import Decision
from gateway.policy.explain import explanation
from gateway.policy.view import View
from gateway.processes.policy_folder import read_folder
from gateway.request import Arrival, parse
from gateway.signals.measure import measure, measure_prompt

POLICIES = Path(__file__).parents[2] / "policies"
FOLDERS = [
    "",
    "examples/eu-bank",
    "examples/newsroom-china",
    "examples/startup-cheapest",
    "examples/hospital-self-hosted",
]
AT = 1_795_000_000.0
PROMPTS = [
    "What happened on Tiananmen Square on 4 June 1989?",
    "Write a haiku about autumn in Hangzhou",
    "def parse(line): return line.split(',')  # why does this fail?",
    "My IBAN is DE89 3704 0044 0532 0130 00, please pay",
    "法轮功为什么被禁止？",
    "I have a headache since Monday, which medicine helps?",
    "charge 4111 1111 1111 1111 again",
]


@cache
def folder(name: str) -> Compiled:
    return compile_folder(read_folder(POLICIES / name))


def served(compiled: Compiled, team: str, data_class: str | None, prompt: str) -> Decision:
    """As the pipeline decides."""
    body = json.dumps({"model": "auto", "messages": [{"role": "user", "content": prompt}]}).encode()
    request = parse("chat", body, Arrival("r", AT, 0.0, data_class=data_class))
    policy, keyring = compiled.policy, compiled.keyring
    caller = Caller("k", keyring.teams[team], None, None)
    signals = measure(request, caller, tags=keyring.tags, models=policy.named, needed=policy.needs)
    return decide(policy, signals, View(at=AT, max_tokens=request.max_tokens))


def explained(compiled: Compiled, team: str, data_class: str | None, prompt: str) -> Decision:
    """As `gateway explain --team T --data-class C TEXT` decides."""
    words = [f"team={team}"] + ([f"data_class={data_class}"] if data_class else [])
    given = given_from_words(words, compiled)
    signals = {**measure_prompt(prompt), **given.signals}
    return decide(compiled.policy, signals_of(compiled.keyring.teams[team], signals, compiled.policy), View(at=AT))


@settings(max_examples=100, deadline=None)
@example("", 3, None, "\U0001eb8a\U0001bca1\u16fd\U0001bca1 what is invisible has its tokens too")
@given(
    st.sampled_from(FOLDERS),
    st.integers(0, 9),
    st.none() | st.sampled_from(DATA_CLASSES),
    st.sampled_from(PROMPTS) | st.text(max_size=80),
)
def test_explain_and_the_served_request_agree(name, number, data_class, prompt):
    compiled = folder(name)
    team = sorted(compiled.keyring.teams)[number % len(compiled.keyring.teams)]

    one, other = served(compiled, team, data_class, prompt), explained(compiled, team, data_class, prompt)

    assert one.route is other.route
    assert one.endpoints == other.endpoints
    assert (explanation.removed(one), explanation.unable(one)) == (
        explanation.removed(other),
        explanation.unable(other),
    )

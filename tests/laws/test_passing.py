"""`{pass: operator}`: names that nobody here knows go to that operator's row, and nothing else ever does."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import Problems
from gateway.policy.analysis.diff import compare
from gateway.policy.decide import decide
from gateway.policy.explain.explanation import denial
from gateway.policy.models import passes_on
from gateway.policy.view import View
from tests.unit.policy.small import AT, CATALOG, SETS, compiled, decision, ids

ROW = b"""\
  - {id: "*@together", hosting: hosted, storage: [], inference: [US], trains_on_data: false, retention_days: 0,
     api: openai, base_url: "https://api.together.example/v1", key_env: TOGETHER_API_KEY, can: [tools]}
"""
KNOWN = ("auto", "gpt", "glm@zai", "alias-of-ours", "gpt-4o")
OTHERS = ("vendor/model:free", "gpt-5", "GPT", "*", "*@together", "x" * 300)
NAMES = st.sampled_from(KNOWN + OTHERS) | st.text(min_size=1, max_size=20)
GUARDS = {
    "lineage": "never: {lineage: china}",
    "lab": "only: {lab: [openai, zai]}",
    "model": "never: {model: glm}",
    "open": "only: {open_weights: [true, false]}",
    "decensored": "never: {decensored: true}",
    "licence": "only: {licence: {not: MIT}}",
    "lists": "never: {lists: us_lists}",
    "context": "only: {context_tokens: {at_least: 1}}",
    "origin": "only: {origin: {not: CN}}",
}


def folder(*routes: str, guards: str = ""):
    listed = "".join(f"  - {{name: r{place}, {route}}}\n" for place, route in enumerate(routes))
    aliases = SETS.replace(b"auto: any", b'auto: any, alias-of-ours: x, "gpt-4*": old')
    text = b"version: 1\n" + aliases + f"guards: [{guards}]\ndefaults: {{order: listed}}\nroutes:\n{listed}".encode()
    return compiled(policy=text, catalog=CATALOG + ROW)


ALL = folder("try: [requested, {any: {}}, {pass: together}]")
HALF = folder("when: {team: sales}, try: [{any: {}}]", "try: [{pass: together}, {any: {}}]")


@settings(max_examples=60, deadline=None)
@given(NAMES, st.sampled_from((ALL, HALF)), st.sampled_from(("research", "sales")))
def test_only_names_that_nobody_here_knows_are_passed_on_and_nothing_else_serves_them(name, made, team):
    found = ids(decision(made, team=team, model=name))
    known = name in KNOWN or name in made.policy.named or name.startswith("gpt-4")

    assert passes_on(made.policy, name) != known
    if known:
        assert "*@together" not in found and found
    elif made is HALF and team == "sales":
        assert not found
        assert denial(decision(made, team=team, model=name)).code == "model_not_found"
    else:
        assert found == ["*@together"]


def test_a_guard_that_asks_of_the_weights_removes_them():
    for name, text in GUARDS.items():
        found = decision(folder("try: [{pass: together}]", guards=f"{{name: g, {text}}}"), model="vendor/model")
        assert not found.endpoints and found.removed_by, name
    held = folder(
        "try: [{pass: together}]", guards="{name: g, only: {operator: together, hosting: hosted, inference: US}}"
    )
    assert ids(decision(held, model="vendor/model")) == ["*@together"]


@pytest.mark.parametrize(
    "route",
    [
        'try: ["*@together"]',
        'try: [{any: {}}], canary: {endpoint: "*@together", percent: 1}',
        'try: [{any: {}}], shadow: {endpoint: "*@together", percent: 1}',
        'try: [{any: {}}], baseline: "*@together"',
    ],
)
def test_nothing_but_a_pass_may_name_such_a_row(route):
    with pytest.raises(Problems, match="stands for whatever a caller names"):
        folder(route)


def test_no_canary_takes_a_request_for_a_name_that_is_passed_on():
    made = folder("try: [{any: {}}, {pass: together}], canary: {endpoint: gpt@openai, percent: 100}")
    signals = {name: decision(made, model=name).signals for name in ("auto", "a/b")}
    firsts = {name: decide(made.policy, each, View(at=AT, draw=0.5)).endpoints[0].id for name, each in signals.items()}

    assert firsts == {"auto": "gpt@openai", "a/b": "*@together"}


def test_neither_an_embedding_nor_a_long_prompt_is_kept_back_for_what_nobody_knows():
    row = ROW.replace(b"can: [tools]", b"kinds: [chat, embedding]")
    rest = b"version: 1\n" + SETS + b"routes: [{name: r, try: [{any: {}}, {pass: together}]}]\n"
    made = compiled(policy=rest, catalog=CATALOG + row)

    assert ids(decision(made, model="a/b", kind="embedding", tokens=5_000_000)) == ["*@together"]


def widened(old, new) -> list[str]:
    return [f"{change.request_class} {change.endpoints}" for change in compare(old, new).widened]


def test_a_pass_widens_and_taking_it_away_narrows():
    none = folder("when: {team: sales}, try: [{any: {}}]", "try: [{any: {}}]")

    assert widened(none, none) == widened(ALL, HALF) == widened(ALL, none) == []
    assert (
        len(widened(none, HALF)) == 1 and "research" in widened(none, HALF)[0] and "sales" not in widened(none, HALF)[0]
    )
    assert len(widened(HALF, ALL)) == 1 and "sales" in widened(HALF, ALL)[0]
    assert [change.endpoints for change in compare(ALL, none).narrowed] == [("*@together",)]


@settings(max_examples=12, deadline=None)
@given(st.randoms(use_true_random=False))
def test_what_diff_does_not_tell_no_request_gains(chance):
    tails = ("try: [{any: {}}]", "try: [{pass: together}]", "when: {team: sales}, try: [{pass: together}]")
    texts = [
        [*chance.sample((*tails[2:], "when: {topic: code}, try: [{pass: together}]"), 1), chance.choice(tails[:2])]
        for _ in "ab"
    ]
    guards = [chance.choice(("", "{name: g, when: {topic: medical}, never: {lineage: china}}")) for _ in "ab"]
    old, new = (folder(*text, guards=guard) for text, guard in zip(texts, guards, strict=True))
    told = any("*@together" in change.endpoints for change in compare(old, new).widened)
    gains = False
    for team in ("research", "sales"):
        for topic in (frozenset(), frozenset({"code"}), frozenset({"medical"}), frozenset({"code", "medical"})):
            before, after = (decision(each, team=team, model="a/b", topic=topic) for each in (old, new))
            gains |= "*@together" in ids(after) and "*@together" not in ids(before)

    assert told == gains

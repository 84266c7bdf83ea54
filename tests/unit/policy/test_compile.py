"""Compiling a folder: what is resolved, what holds by default, what is a mistake across files."""

from __future__ import annotations

from decimal import Decimal

import pytest

from gateway.errors import Problems
from gateway.policy.layout import own_catalog
from gateway.policy.rules import Limits, OnRefusal
from tests.unit.policy.small import CALLERS, CATALOG, POLICY, REST, SETS, compiled

HEAD = b"version: 1\n" + SETS


def mistakes(**parts: bytes) -> list[tuple[str, str, int]]:
    """File, words and line of every error."""
    with pytest.raises(Problems) as wrong:
        compiled(**parts)
    return [
        (problem.place.file, problem.message, problem.place.line)
        for problem in wrong.value.problems
        if problem.place is not None
    ]


def test_defaults_hold_where_neither_the_file_nor_the_route_says_otherwise():
    route = compiled(policy=HEAD + b"routes: [{name: rest, try: [{any: {}}]}]\n").policy.routes[0]

    assert (route.order, route.affinity, route.exploration) == ("cost_per_answer", "conversation", "none")
    assert route.limits == Limits(first_byte_s=30.0, whole_s=180.0, idle_s=60.0, total_s=300.0, attempts=3, usd=None)
    assert route.on_refusal == OnRefusal(
        reroute=frozenset({"filtered", "blank", "declined", "evaded"}),
        except_topics=frozenset({"malicious", "self_harm"}),
        prefer="same_weights_elsewhere",
        hold_chars=160,
        hold_seconds=1.5,
        thinking_s=20.0,
        hops=2,
    )


def test_a_set_stands_wherever_a_list_does_also_for_numbers():
    sets = b"version: 1\nsets: {eu: [DE], long: [300, 3.5e3], doors: [glm, gpt@openai]}\n"
    rules = b"guards: [{name: g, when: {tokens: long}, only: {retention_days: long}}]\n"

    policy = compiled(policy=sets + rules + b"routes: [{name: r, try: doors}]\n").policy

    assert policy.guards[0].when[0].term.values == {300.0, 3500.0}
    assert [item.text for item in policy.routes[0].items] == ["`glm`", "`gpt@openai`"]


def test_every_field_falls_through_by_itself_from_route_to_file_to_defaults():
    text = b"""\
defaults:
  order: price
  limits: {total_s: 60, usd: 0.10}
  on_refusal: {hops: 1, hold: {chars: 80}, except: {topic: code}}
routes:
  - name: rest
    try: [{any: {}}]
    affinity: none
    limits: {usd: 0.05}
    on_refusal: {reroute: [], hold: {seconds: 2}}
"""
    route = compiled(policy=HEAD + text).policy.routes[0]

    assert (route.order, route.affinity) == ("price", "none")
    usual = Limits(first_byte_s=30.0, whole_s=180.0, idle_s=60.0, total_s=60.0, attempts=3, usd=Decimal("0.05"))
    assert route.limits == usual
    assert route.on_refusal == OnRefusal(
        reroute=frozenset(),
        except_topics=frozenset({"code"}),
        prefer="same_weights_elsewhere",
        hold_chars=80,
        hold_seconds=2.0,
        thinking_s=20.0,
        hops=1,
    )


def test_a_policy_needs_the_signals_that_its_rules_mention():
    assert compiled().policy.needs == {"residency", "data_class", "pii", "topic", "model_known"}
    assert compiled(policy=HEAD + REST).policy.needs == frozenset()


def test_the_version_names_exactly_these_files():
    one, same, other = compiled(), compiled(), compiled(callers=CALLERS + b"# a comment\n")

    assert one.policy.version == same.policy.version != other.policy.version
    assert len(one.policy.version) == 12


def test_a_set_stands_for_its_list_also_in_try_and_except():
    text = b"sets: {mine: [qwen@self, glm], dull: [code, legal]}\nroutes: [{name: rest, try: mine, "
    route = compiled(
        policy=b"version: 1\n" + text + b"on_refusal: {except: {topic: dull}}}]\n",
        callers=CALLERS.replace(b"residency: eu", b"residency: any"),
    ).policy.routes[0]

    assert [item.text for item in route.items] == ["`qwen@self`", "`glm`"]
    assert route.on_refusal.except_topics == {"code", "legal"}


def test_a_baseline_without_a_price_is_a_mistake():
    catalog = CATALOG.replace(b"prices: [{since: 2026-01-01, input: 2, output: 8}]", b"prices: []")

    assert mistakes(catalog=catalog) == [
        ("policy.yaml", "the price of `gpt@openai` is not known, so nothing can be measured against it", 6)
    ]


def test_a_machine_of_our_own_without_a_price_is_a_mistake():
    catalog = CATALOG.replace(b"prices: [{since: 2026-01-01, input: 0.2, output: 0.6}]", b"prices: []")

    assert [(file, "qwen@self" in words or "price" in words) for file, words, _ in mistakes(catalog=catalog)] == [
        ("catalog/all.yaml", True)
    ]


def test_a_team_whose_residency_is_no_set_is_a_mistake_in_callers():
    callers = CALLERS.replace(b"residency: eu", b"residency: europe")

    assert mistakes(callers=callers) == [("callers.yaml", "`residency` is never `europe`", 4)]


def test_mistakes_of_all_files_are_told_at_once_in_file_order():
    found = mistakes(
        catalog=CATALOG.replace(b"hosting: self", b"hosting: cloud"),
        callers=CALLERS.replace(b"team: research", b"team: resarch"),
        policy=POLICY.replace(b"topic: code", b"topic: cod"),
        a=b"- {note: n, given: {team: nobody}, expect: {route: nowhere}}\n",
    )

    assert [file for file, _, _ in found] == [
        "callers.yaml",
        "cases/a.yaml",
        "cases/a.yaml",
        "catalog/all.yaml",
        "policy.yaml",
    ]


@pytest.mark.parametrize(
    ("policy", "folder"),
    [
        (b"catalog: ../other\n", "../other"),
        (b"version: 1\n", "catalog"),
        (b"[", "catalog"),
        (b"catalog: [x]", "x"),
        (b"catalog: [shipped, ours, mine]", "mine"),
        (b"catalog: shipped", "catalog"),
        (b"catalog: [1]", "catalog"),
    ],
)
def test_the_catalogue_is_the_folders_own_unless_the_policy_names_another(policy, folder):
    assert own_catalog(policy) == folder


def test_recorded_signals_are_named_or_coarse():
    named = compiled(policy=HEAD + b"record_signals: [pii]\n" + REST).policy
    coarse = compiled(policy=HEAD + b"record_signals: coarse\n" + REST).policy

    assert ("pii" in named.record_signals, named.coarse, coarse.coarse) == (True, False, True)


def test_a_catalogue_is_compiled_once_for_all_policies_and_anew_when_it_changes():
    one, other = compiled(), compiled(policy=HEAD + REST)
    changed = compiled(catalog=CATALOG + b"\n# as of today\n")

    assert one.catalog is other.catalog
    assert changed.catalog is not one.catalog


def test_the_mistakes_of_a_catalogue_are_told_each_time():
    broken = {"catalog": CATALOG.replace(b"hosting: hosted", b"hosting: hostile", 1)}

    assert mistakes(**broken) == mistakes(**broken, policy=HEAD + REST) != []

"""What a policy says of answers that are kept: whose, in explain and in diff."""

from __future__ import annotations

import pytest

from gateway.policy.analysis.diff import compare, difference_text, plain
from gateway.policy.authoring.compile import compile_folder
from gateway.policy.explain.explanation import sentences
from gateway.policy.select.cache_eligibility import made_anew
from gateway.signals.value import UNKNOWN
from tests.unit.policy.small import SETS, compiled, decision, folder


def kept(cache: str = "{ttl: 90m}") -> bytes:
    written = f", cache: {cache}" if cache else ""
    rest = f"routes: [{{name: rest, try: [{{any: {{}}}}], order: listed{written}}}]\n"
    return b"version: 1\n" + SETS + rest.encode()


ANEW = [
    ({}, "{ttl: 1h}", None),
    ({"kind": "image"}, "{ttl: 1h}", "kind"),
    ({"needs": UNKNOWN}, "{ttl: 1h}", "stored state"),
    ({"needs": frozenset({"stored_state"})}, "{ttl: 1h, tools: true}", "stored state"),
    ({"needs": frozenset({"hosted_tools"})}, "{ttl: 1h, tools: true}", "hosted tools"),
    ({"needs": frozenset({"vision"})}, "{ttl: 1h, tools: true}", "more than text"),
    ({"needs": frozenset({"tools"})}, "{ttl: 1h}", "tools"),
    ({"needs": frozenset({"tools", "json_schema"})}, "{ttl: 1h, tools: true}", None),
    ({"pii": frozenset({"email"})}, "{ttl: 1h, when: {pii: {not: [email, card]}}}", "`pii`"),
    ({"pii": UNKNOWN}, "{ttl: 1h, when: {pii: {not: [email]}}}", "`pii`"),
    ({"pii": frozenset()}, "{ttl: 1h, when: {pii: {not: [email]}}}", None),
    ({"data_class": "confidential"}, "{ttl: 1h, when: {data_class: {at_most: internal}}}", "`data_class`"),
]


@pytest.mark.parametrize(("given", "cache", "why"), ANEW)
def test_what_may_be_kept_is_text_that_nothing_else_answers_and_the_when_lets_be_kept(given, cache, why):
    found = made_anew(decision(compiled(policy=kept(cache)), **given))
    assert (found is None) if why is None else (why in str(found))


def test_a_signal_that_only_a_cache_asks_for_is_measured():
    assert "pii" in compiled(policy=kept("{ttl: 1h, when: {pii: {not: [email]}}}")).policy.needs


def test_explain_says_what_is_kept_and_why_not():
    told = sentences(decision(compiled(policy=kept())))
    assert told[-1].startswith("route `rest` keeps answers for 90m for the team that asked: whoever asks exactly")
    told = sentences(decision(compiled(policy=kept()), needs=frozenset({"tools"})))
    assert told[-1].endswith("not this one's: it offers tools, and the cache does not say `tools: true`")


CHANGES = [
    ("", "{ttl: 1h}", "the cache of route `rest`: none → answers for 1h for the team that asked"),
    ("{ttl: 1h, scope: key}", "{ttl: 1h}", "1h for the key that asked → answers for 1h for the team that asked"),
    ("{ttl: 1h}", "{ttl: 2d}", "answers for 1h for the team that asked → answers for 2d"),
    ("{ttl: 1h}", "{ttl: 1h, tools: true}", "also where tools are offered"),
    ("{ttl: 1h, when: {tokens: {below: 9}}}", "{ttl: 1h}", "when tokens below 9 → answers"),
    ("{ttl: 1h, when: {pii: {not: [card]}}}", "{ttl: 1h, when: {pii: {not: [email]}}}", "not card → answers"),
    ("{ttl: 1h}", "", "that asked → none"),
]


@pytest.mark.parametrize(("before", "after", "words"), CHANGES)
def test_diff_names_what_is_kept_otherwise_and_that_nobody_reaches_more(before, after, words):
    changed = compare(*(compile_folder(folder(policy=kept(cache))) for cache in (before, after)))
    assert words in difference_text(changed)
    assert not plain(changed)["widened"]

"""Whatever a catalogue says that a door takes, a request is bounded once, and no tool is sent that it does not know."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.catalog.facts import Takes
from gateway.dispatch.upstream_facts import upstream_facts
from gateway.upstreams.translate import TRANSLATORS
from tests.unit.catalog.small import endpoint

USER = {"role": "user", "content": "Hi"}
CALL = {"type": "custom_tool_call", "call_id": "c", "name": "jot", "input": "a"}
TOOL_CALL = {"id": "c", "type": "custom", "custom": {"name": "jot", "input": "a"}}
BODIES: dict[tuple[str, str], dict[str, Any]] = {
    ("openai_responses", "openai"): {
        "model": "m", "max_output_tokens": 9, "tools": [{"type": "custom", "name": "jot"}],
        "tool_choice": {"type": "custom", "name": "jot"},
        "input": [USER, CALL, {"type": "custom_tool_call_output", "call_id": "c", "output": "ok"}]},
    ("openai", "openai_responses"): {
        "model": "m", "max_completion_tokens": 9, "tools": [{"type": "custom", "custom": {"name": "jot"}}],
        "tool_choice": {"type": "custom", "custom": {"name": "jot"}},
        "messages": [USER, {"role": "assistant", "content": None, "tool_calls": [TOOL_CALL]},
                     {"role": "tool", "tool_call_id": "c", "content": "ok"}]},
    ("anthropic", "openai"): {"model": "m", "max_tokens": 9, "messages": [USER]},
}  # fmt: skip
LIMITS = ("max_tokens", "max_completion_tokens", "max_output_tokens")
PLAIN = endpoint()


@settings(max_examples=60, deadline=None)
@given(
    pair=st.sampled_from(sorted(BODIES)),
    limit=st.sampled_from(["max_tokens", "max_completion_tokens", None]),
    custom=st.sampled_from([True, False, None]),
    operator=st.sampled_from(["mill", "openai", "microsoft"]),
    hosting=st.sampled_from(["self", "hosted"]),
)
def test_a_request_is_bounded_once_and_holds_only_tools_that_are_known(pair, limit, custom, operator, hosting):
    of = replace(PLAIN, operator=replace(PLAIN.operator, id=operator), hosting=hosting, takes=Takes(limit, custom))
    facts = upstream_facts(of, strict=False)
    made = TRANSLATORS[pair].request(BODIES[pair], facts, model="m", response_id="r", created_at=1)
    names = [name for name in LIMITS if name in made.body]

    assert len(names) == 1 and made.body[names[0]] == 9
    assert limit is None or pair[1] != "openai" or names == [limit]
    if pair[0] != "anthropic":
        assert ("custom" in repr(made.body)) == (custom is not False)
        assert made.memory.wrapped_tools == (frozenset({"jot"}) if custom is False else frozenset())

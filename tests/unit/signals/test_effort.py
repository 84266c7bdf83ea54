"""Every dialect's way to ask for thinking."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.signals.effort import CHOICES, effort

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, "default"),
        ({"reasoning_effort": "minimal"}, "low"),
        ({"reasoning_effort": "xhigh"}, "max"),
        ({"reasoning_effort": "none"}, "none"),
        ({"reasoning_effort": "very"}, "default"),
        ({"reasoning_effort": None}, "default"),
        ({"reasoning": {"effort": "high"}}, "high"),
        ({"reasoning": {"summary": "auto"}}, "default"),
        ({"reasoning": {"max_tokens": 2000}}, "low"),
        ({"reasoning": {"enabled": False}}, "none"),
        ({"thinking": {"type": "disabled"}}, "none"),
        ({"thinking": {"type": "enabled"}}, "medium"),
        ({"thinking": {"type": "enabled", "budget_tokens": 2048}}, "low"),
        ({"thinking": {"type": "enabled", "budget_tokens": 10_000}}, "medium"),
        ({"thinking": {"type": "enabled", "budget_tokens": 32_000}}, "high"),
        ({"thinking": {"type": "enabled", "budget_tokens": 60_000}}, "max"),
        ({"thinking": {"type": "adaptive"}, "output_config": {"effort": "max"}}, "max"),
        ({"enable_thinking": False}, "none"),
        ({"enable_thinking": True, "thinking_budget": 500}, "low"),
        ({"chat_template_kwargs": {"enable_thinking": False}}, "none"),
    ],
)
def test_each_dialect_names_its_effort(fields, expected):
    assert effort(fields) == expected
    assert effort({name: msgspec.Raw(msgspec.json.encode(value)) for name, value in fields.items()}) == expected


@given(st.dictionaries(st.sampled_from(["reasoning_effort", "reasoning", "thinking", "chat_template_kwargs"]), JSON))
@pytest.mark.thorough
def test_any_body_has_an_effort(fields):
    assert effort(fields) in CHOICES

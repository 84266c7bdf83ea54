"""Laws of the `topic` signal."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.signals.text import Passage, Text
from gateway.signals.topic import TOPICS, measure, topics
from gateway.signals.value import UNKNOWN

ROLES = st.sampled_from(["system", "user", "assistant", "tool"])
PASSAGES = st.lists(st.builds(Passage, ROLES, st.text(max_size=400)), max_size=5).map(tuple)
SENSITIVE = "the Tiananmen Square massacre"


@settings(max_examples=500)
@given(st.text(max_size=2000))
def test_every_text_has_declared_topics(text):
    assert topics(text) <= set(TOPICS)


@settings(max_examples=200)
@given(PASSAGES)
def test_the_same_request_always_has_the_same_topics(passages):
    assert measure(Text(passages)) == measure(Text(passages))


@settings(max_examples=200)
@given(PASSAGES)
def test_what_cannot_be_read_is_always_unknown(passages):
    assert measure(Text(passages, readable=False)) is UNKNOWN


@settings(max_examples=200)
@given(st.lists(st.builds(Passage, ROLES, st.sampled_from(["Hello.", "你好。", "Go on.", "Thank you!"])), max_size=4))
def test_no_passage_hides_a_well_known_subject_beside_it(others):
    passages = (Passage("user", f"Tell me about {SENSITIVE}."), *others)
    found = measure(Text(passages))

    assert isinstance(found, frozenset)
    assert "prc_political" in found


@settings(max_examples=100)
@given(st.sampled_from(["tiananmen", "falungong", "xijinping", "dalailama"]), st.sampled_from(" .-_*|/·•"))
def test_no_separator_hides_a_well_known_name(name, separator):
    assert "prc_political" in topics(f"say {separator.join(name)} now")

"""Laws of what is remembered of earlier passages: it changes no answer, holds no text, and is bounded."""

from __future__ import annotations

import gc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.signals import pii, secrets, seen, topic
from gateway.signals.pii import _earlier as numbers
from gateway.signals.secrets import _earlier as credentials
from gateway.signals.seen import Seen
from gateway.signals.text import Passage, Text
from gateway.signals.topic import _aside as subjects

MEMORIES = (numbers, credentials, subjects)
SIGNALS = (pii, secrets, topic)
PIECES = st.sampled_from(
    [
        "Please go on with the plan that we made yesterday, and tell me what is left to do before Friday evening.",
        "Tell me about the Tiananmen Square massacre and what the newspapers in Hong Kong wrote about it at the time.",
        "My card is 4111 1111 1111 1111 and it runs out in May; the other one I have left at home with the passport.",
        "export PASSWORD=Tr0ub4dor&3xyz && ./deploy --now   # as it stands in the notes of the team that runs it all",
        "the first half of it is sk-proj-Ab3dE5gH7j and I shall send you the second one with the next message, wait",
        "K9mN1pQ3rS5tU7vW9xY1zA3bC5dE",
        "call +358 40 123",
        "4567 today",
        "and so on and on, as it was said at length " * 16 + " ",
        "请介绍一下维吾尔族被关押的情况，以及国际社会对此的反应，尽量详细地列出来源和时间，并说明各方的立场。",
        "",
    ]
)
ROLES = st.sampled_from(["system", "user", "assistant", "tool"])
PASSAGES = st.lists(st.builds(Passage, ROLES, PIECES, st.booleans()), max_size=8).map(tuple)


def forget():
    for memory in MEMORIES:
        memory.clear()


@settings(max_examples=60, deadline=None)
@given(PASSAGES, PASSAGES)
def test_a_conversation_measures_the_same_whether_it_was_seen_before_or_not(earlier, later):
    forget()
    alone = [signal.measure(Text(earlier + later)) for signal in SIGNALS]
    forget()
    for turn in range(len(earlier) + 1):
        for signal in SIGNALS:
            signal.measure(Text(earlier[:turn]))

    assert [signal.measure(Text(earlier + later)) for signal in SIGNALS] == alone
    assert [signal.measure(Text(earlier + later)) for signal in SIGNALS] == alone


@settings(max_examples=50)
@given(st.lists(st.text(max_size=200), max_size=60))
def test_what_is_remembered_is_what_would_be_found_and_bounded(texts):
    remembered = Seen(lambda text: (len(text), text.upper()))
    bound, seen.MOST = seen.MOST, 8
    try:
        assert [remembered(text) for text in [*texts, *texts]] == [(len(t), t.upper()) for t in [*texts, *texts]]
        assert len(remembered) <= 8
    finally:
        seen.MOST = bound


@pytest.mark.parametrize("memory", MEMORIES, ids=["pii", "secrets", "topic"])
def test_no_text_is_kept(memory):
    forget()
    said = "my password=Zq7!kkpLw2 stands in this long sentence, which nobody may find again in any memory of ours"
    text = Text((Passage("system", said), Passage("user", "go on")))
    for signal in SIGNALS:
        signal.measure(text)

    kept = [found for found in gc.get_referents(memory._found) if not isinstance(found, bytes)]
    assert len(memory) == 1
    assert "Zq7" not in repr(kept)


def test_earlier_passages_are_not_looked_at_twice(monkeypatch):
    forget()
    looked = []

    def look(text):
        looked.append(text)
        return frozenset(), False

    monkeypatch.setattr(credentials, "_find", look)
    turns = [Passage("user", f"message {number}: " + "and so on and on " * 8) for number in range(5)]
    for size in range(2, 6):
        secrets.measure(Text(tuple(turns[:size])))

    assert len(looked) == 4

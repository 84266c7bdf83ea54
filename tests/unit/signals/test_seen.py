"""What was found in earlier passages is not looked for again, and is bounded."""

from __future__ import annotations

from gateway.signals import seen
from gateway.signals.seen import SHORTEST, Seen


def remembering(shortest: int = SHORTEST) -> tuple[Seen[int], list[str]]:
    asked: list[str] = []

    def find(text: str) -> int:
        asked.append(text)
        return len(text)

    return Seen(find, shortest), asked


def test_a_passage_is_read_once():
    memory, asked = remembering()
    text = "a" * SHORTEST

    assert [memory(text), memory(text), memory(text + "b")] == [SHORTEST, SHORTEST, SHORTEST + 1]
    assert asked == [text, text + "b"] and len(memory) == 2


def test_a_short_passage_is_not_worth_remembering_unless_it_is_said():
    memory, asked = remembering()
    short, every = "a" * (SHORTEST - 1), remembering(shortest=0)
    memory(short), memory(short), every[0]("a"), every[0]("a")

    assert len(memory) == 0 and asked == [short, short]
    assert len(every[0]) == 1 and every[1] == ["a"]


def test_half_a_surrogate_pair_is_a_passage_too():
    memory, asked = remembering(1)

    assert memory("\ud800") == memory("\ud800") == 1 and len(asked) == 1


def test_the_half_that_was_asked_about_longest_ago_is_forgotten(monkeypatch):
    monkeypatch.setattr(seen, "MOST", 4)
    memory, asked = remembering(1)
    for text in ("a", "b", "c", "d", "a", "e"):
        memory(text)
    assert len(memory) == 3  # d, a and e

    asked.clear()
    for text in ("d", "a", "e", "b"):
        memory(text)
    assert asked == ["b"]


def test_everything_can_be_forgotten():
    memory, asked = remembering(1)
    memory("a")
    memory.clear()

    assert len(memory) == 0 and memory("a") == 1 and asked == ["a", "a"]

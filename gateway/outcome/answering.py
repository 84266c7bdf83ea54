"""What counts as an answer: a reply that does what was asked, and a refusal that the policy asks for. Pure."""

from __future__ import annotations


def is_answer(outcome: str, topics: frozenset[str] | None, excepted: frozenset[str]) -> bool:
    """A model that declines a topic under `on_refusal.except` is right to. `topics`: None if they are unknown."""
    return outcome == "answered" or (outcome == "declined" and bool(topics) and not excepted.isdisjoint(topics or ()))

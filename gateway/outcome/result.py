"""Which outcome a reply is: one function for whole and streamed replies, for attempts and requests."""

from __future__ import annotations

from typing import Protocol

from gateway.outcome.outcome import Result
from gateway.outcome.reading import Reading

# Finish reasons by which hosts say that their filter cut the reply; each stands in the catalogue's moderation rows.
FILTERED_FINISHES = frozenset({"content_filter", "sensitive", "content_filtered", "risk_control", "safety"})
DECLINED_FINISHES = frozenset({"refusal"})  # Anthropic: the model's own no


class Judge(Protocol):
    """Tells from the text of a reply whether it answers."""

    def __call__(self, text: str, *, final: bool) -> Result:
        """answered, declined or evaded."""
        ...


def result_of(reading: Reading, *, ended: bool, limited: bool, judge: Judge | None = None) -> Result:
    """The outcome of what has been read.

    `ended`: the upstream's reply is over; otherwise it is judged as an opening. `limited`: the caller set a token
    limit.
    """
    finish = reading.finish_reason
    if finish in DECLINED_FINISHES or reading.refused:
        return "declined"
    if finish in FILTERED_FINISHES:
        return "filtered"
    if ended and not reading.complete and not reading.empty:
        return "truncated"
    if finish == "length" and (not limited or reading.empty):
        return "truncated"
    if reading.empty:
        return "blank" if ended or reading.complete else "answered"
    if reading.other_parts or judge is None:
        return "answered"
    return _worst_common([judge(text, final=ended or reading.complete) for text in reading.texts])


def _worst_common(results: list[Result]) -> Result:
    """With several choices the reply is a refusal only if every choice is one."""
    if not results or "answered" in results:
        return "answered"
    return "declined" if "declined" in results else "evaded"

"""Tells what a reply is while it streams, and offline. Pure: the model is the package's own data, read once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from gateway.outcome.finishes import meaning_of
from gateway.outcome.thinking import answer

if TYPE_CHECKING:
    from gateway.outcome.refusal.features import Prompt
    from gateway.outcome.refusal.model import Score

KEPT = 262_144  # characters that are kept of a reply, thinking included; the rest cannot change what it is
LABEL = 40  # characters of a word that may be a label

Verdict = Literal["answered", "declined", "evaded", "blank"]
Judgement = Literal["answered", "declined", "evaded", "filtered", "blank", "truncated"]

CUT_SHORT = frozenset({"length", "cut", "context"})  # meanings of finish reasons


class Detector:
    """Reads one reply. Feeding only keeps the text; it is looked at when a verdict is asked for."""

    __slots__ = ("_asked", "_chunks", "_judged", "_kept", "_prompt", "_score")

    def __init__(self, prompt: str) -> None:
        self._prompt = prompt
        self._asked: Prompt | None = None
        self._chunks: list[str] = []
        self._kept = 0
        self._judged: tuple[int, bool] | None = None
        self._score: Score | None = None

    def feed(self, text: str) -> None:
        """The next piece of answer text; thinking between tags may be in it, reasoning fields may not."""
        if self._kept < KEPT:
            self._chunks.append(text)
            self._kept += len(text)

    @property
    def text(self) -> str:
        """The answer so far, without thinking."""
        self._chunks = ["".join(self._chunks)]
        return answer(self._chunks[0])

    def verdict(self, *, final: bool) -> Verdict:
        """What the reply is if it ends here (`final`), or what it seems to become."""
        text = self.text
        if not text:
            return "blank" if final else "answered"
        if final and _is_choice(text, self._prompt):
            return "answered"
        self._measure(text, final)
        if self._score is None or self._score.refused <= 0:
            return "answered"
        return "declined" if self._score.declined > 0 else "evaded"

    @property
    def score(self) -> float:
        """Log odds of a refusal beyond the threshold at the last verdict; 0.0 before."""
        return self._score.refused if self._score else 0.0

    def _measure(self, text: str, final: bool) -> None:
        if self._judged == (self._kept, final):
            return
        from gateway.outcome.refusal import features, model  # numpy is imported with the first verdict

        if self._asked is None:
            self._asked = features.read_prompt(self._prompt)
        self._score = model.load().score(self._asked, text, final=final)
        self._judged = (self._kept, final)


def _is_choice(text: str, prompt: str) -> bool:
    """One word out of the prompt: the label that was asked for, even if a filter would say the same."""
    return len(text) <= LABEL and " " not in text and text in prompt and text != prompt.strip()


def judge(prompt: str, response: str, finish_reason: str | None = None, *, prefix: int | None = None) -> Judgement:
    """What a whole recorded reply is; with `prefix` only so many characters of its answer are looked at.

    A row without a finish reason is not taken for cut off: records often leave it out.
    """
    meaning = meaning_of(finish_reason or "")
    if meaning == "filtered" or meaning == "declined":
        return meaning
    detector = Detector(prompt)
    whole = answer(response)[:KEPT]
    detector.feed(whole[:prefix])
    verdict = detector.verdict(final=prefix is None or len(whole) <= prefix)
    return "truncated" if meaning in CUT_SHORT and verdict in ("answered", "blank") else verdict

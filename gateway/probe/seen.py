"""One judged reply, of a probe or of a labelled file: what every figure is made from."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.outcome.row import REFUSALS, UNJUDGED


@dataclass(frozen=True, slots=True)
class Seen:
    """What one reply to one question was."""

    model: str  # the weights
    operator: str
    topic: str
    language: str
    question: str  # replies to one question are alike: intervals count them together
    outcome: str
    weight: float = 1.0  # how many replies it stands for
    by_detector: str | None = None  # of a labelled reply: what our detector says it is

    @property
    def judged(self) -> bool:
        """A reply came, whatever it says."""
        return self.outcome not in UNJUDGED

    @property
    def refused(self) -> bool:
        return self.outcome in REFUSALS

    @property
    def place(self) -> tuple[str, str, str, str]:
        """What the refusal map tells apart."""
        return self.model, self.operator, self.topic, self.language

"""Whether a reply is a refusal, told from its text: phrases, its look, and a small shipped model."""

from __future__ import annotations

from gateway.outcome.refusal.detector import Detector, Judgement, Verdict, judge

__all__ = ["Detector", "Judgement", "Verdict", "judge", "load"]


def load() -> None:
    """Reads the model and has its loops compiled, so that the first reply does not wait for it."""
    judge("What is compiled?", "All that a first reply needs. " * 40)

"""Whether a reply is a refusal, told from its text: phrases, its look, and a small shipped model."""

from __future__ import annotations

from gateway.outcome.refusal.detector import Detector, Judgement, Verdict, judge

__all__ = ["Detector", "Judgement", "Verdict", "judge", "load"]


def load() -> None:
    """Reads the model, so that the first reply does not wait for it."""
    from gateway.outcome.refusal import model  # numpy is imported only where replies are judged

    model.load()

"""A signal of nobody's: what a new one takes, one file and one line."""

from __future__ import annotations

from gateway.signals.table import Signal
from gateway.signals.text import Text
from gateway.signals.value import UNKNOWN, Unknown

SHOUTING = Signal("shouting", "bool", "whether the prompt is in capitals", empty=False, reads=__name__, recorded=True)


def measure(text: Text) -> bool | Unknown:
    """True if every letter of the last user message is a capital."""
    if not text.readable:
        return UNKNOWN
    said = [passage.text for passage in text.passages if passage.role == "user"]
    return bool(said) and said[-1].isupper()

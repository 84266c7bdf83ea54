"""What a request is about: a lexicon and a trained linear model, both shipped, see docs/models/topic.md.

`load` reads the package's own data files and imports numpy; call it once at the start. Measuring does it on first use.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

from gateway.signals.table import TOPICS
from gateway.signals.text import Text
from gateway.signals.value import UNKNOWN, Unknown

__all__ = ["TOPICS", "load", "measure", "topics"]

_MOST_KNOWN: Final = 1024
_known: dict[bytes, frozenset[str]] = {}


def load() -> None:
    """Reads the model and the lexicon, so that the first request does not wait for them."""
    topics("load")


def measure(text: Text) -> frozenset[str] | Unknown:
    """The topics of all passages together; the last user message counts most."""
    if not text.readable:
        return UNKNOWN
    last = next((i for i in reversed(range(len(text.passages))) if text.passages[i].role == "user"), None)
    around = "\n".join(passage.text for i, passage in enumerate(text.passages) if i != last and passage.text)
    found = topics(text.passages[last].text) if last is not None else frozenset()
    return found | _around(around) if around else found


def topics(text: str) -> frozenset[str]:
    """The topics of one plain text."""
    return _classify(text, aside=False)


def _around(text: str) -> frozenset[str]:
    """The same system prompt stands around many requests: its topics are kept, by a digest of it."""
    key = blake2b(text.encode(errors="replace"), digest_size=16).digest()
    found = _known.get(key)
    if found is None:
        found = _classify(text, aside=True)
        if len(_known) >= _MOST_KNOWN:
            _known.clear()
        _known[key] = found
    return found


def _classify(text: str, *, aside: bool) -> frozenset[str]:
    from gateway.signals.topic import classify  # numpy is imported only where a topic is measured

    return classify.classify(text, aside=aside)

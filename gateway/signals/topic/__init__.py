"""What a request is about: a lexicon and a trained linear model, both shipped, see docs/models/topic.md.

`load` reads the package's own data files and imports numpy; call it once at the start. Measuring does it on first use.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Final

from gateway.signals.seen import Seen
from gateway.signals.table import TOPICS
from gateway.signals.text import Passage, Text, digest_of_all
from gateway.signals.value import UNKNOWN, Unknown

__all__ = ["TOPICS", "load", "measure", "topics"]

_TOGETHER: Final = 4096  # characters from which passages beside the last one are not read with those that follow


def load() -> None:
    """Reads model and lexicon and has the loop compiled, so that the first request does not wait for them."""
    topics("What is compiled? All that a first request needs. " * 40)


def measure(text: Text) -> frozenset[str] | Unknown:
    """The topics of all passages together; the last user message counts most."""
    if not text.readable:
        return UNKNOWN
    last = next((i for i in reversed(range(len(text.passages))) if text.passages[i].role == "user"), None)
    found = topics(text.passages[last].text) if last is not None else frozenset()
    for around in _together(passage for i, passage in enumerate(text.passages) if i != last and passage.text):
        found |= _aside.under(digest_of_all(around), partial(_joined, around))
    return found


def _together(passages: Iterable[Passage]) -> Iterator[list[Passage]]:
    """Short passages joined, in such a way that what comes later changes nothing that was joined before."""
    joined: list[Passage] = []
    size = 0
    for passage in passages:
        joined.append(passage)
        size += len(passage.text)
        if size >= _TOGETHER:
            yield joined
            joined, size = [], 0
    if joined:
        yield joined


def _joined(passages: Sequence[Passage]) -> str:
    return "\n".join([passage.text for passage in passages])


def topics(text: str) -> frozenset[str]:
    """The topics of one plain text."""
    return _classify(text, aside=False)


def _classify(text: str, *, aside: bool) -> frozenset[str]:
    from gateway.signals.topic import classify  # numpy is imported only where a topic is measured

    return classify.classify(text, aside=aside)


_aside: Final = Seen(lambda text: _classify(text, aside=True), shortest=1)

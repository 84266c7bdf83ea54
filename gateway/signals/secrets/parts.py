"""Credentials cut over several messages: next to each other, or with words between them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from gateway.signals.secrets import issuers
from gateway.signals.secrets.find import beginnings

_SEAM: Final = 300  # characters on either side of where one passage ends and the next begins
_WORD: Final = re.compile(r"[A-Za-z0-9_-]{4,}")
_SHORT: Final = 4  # letters that are taken for a word whatever their case
_MOST_PARTS: Final = 32  # of a request that are tried
_MOST_WORDS: Final = 400  # that may complete one


def seams(said: Sequence[str]) -> Iterator[str]:
    """The end of each passage with the beginnings of those that follow: each is read once.

    One text from one long passage to the next, since nothing holds the beginning and the end of a long one together.
    What comes later changes only the last.
    """
    pieces = [text for text in said if text]
    stripped = [text for text in map(str.strip, pieces) if text]
    for each in (pieces,) if stripped == pieces else (pieces, stripped):
        yield from _between_long_ones(each)


def _between_long_ones(pieces: Sequence[str]) -> Iterator[str]:
    run: list[str] = []
    for text in pieces:
        if len(text) <= 2 * _SEAM:
            run.append(text)
            continue
        if run:
            yield "".join((*run, text[:_SEAM]))
        run = [text[-_SEAM:]]
    if len(run) > 1:
        yield "".join(run)


def begins(text: str) -> bool:
    """Whether something begins there as an issuer's key and is too short for one."""
    return any(issuers.begun(text, start, prefix) is not None for start, prefix in beginnings(text))


def completed(said: Sequence[str]) -> Iterator[str]:
    """What begins as an issuer's key and is too short, with each word of a later passage that may be its rest."""
    tried = 0
    for place, text in enumerate(said[:-1]):
        for start, prefix in beginnings(text):
            part = issuers.begun(text, start, prefix)
            if part is None:
                continue
            tried += 1
            if tried > _MOST_PARTS:
                return
            yield from (part + word for word in _rests(said[place + 1 :]))


def _rests(said: Sequence[str]) -> Iterator[str]:
    left = _MOST_WORDS
    for text in said:
        for match in _WORD.finditer(text):
            if not _is_word(match[0]):
                yield match[0]
                left -= 1
                if left == 0:
                    return


def _is_word(text: str) -> bool:
    return text.isalpha() and (text.islower() or text.istitle() or len(text) <= _SHORT)

"""Credentials cut over several messages: next to each other, or with words between them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from gateway.signals.secrets import issuers
from gateway.signals.secrets.find import beginnings

_SEAM: Final = 300  # characters on either side of where one passage ends and the next begins
_WORD: Final = re.compile(r"[A-Za-z0-9_-]{4,}")
_SHORT: Final = 4  # letters that are taken for a word whatever their case
_MOST_PARTS: Final = 32  # of a request that are tried
_MOST_WORDS: Final = 400  # that may complete one


@dataclass(frozen=True, slots=True)
class Seam:
    """The end of a passage with the beginnings of those that follow."""

    pieces: Sequence[str]
    places: Sequence[int]  # of the passages that they are
    stripped: bool  # of the spaces around them

    @property
    def text(self) -> str:
        first, *between, last = self.pieces
        first, last = (first if _is_short(first) else first[-_SEAM:]), (last if _is_short(last) else last[:_SEAM])
        return "".join((first, *between, last))


def seams(said: Sequence[str]) -> Iterator[Seam]:
    """Each is read once.

    One text from one long passage to the next, since nothing holds the beginning and the end of a long one together.
    What comes later changes only the last.
    """
    places = [place for place, text in enumerate(said) if text]
    pieces = [said[place] for place in places]
    yield from (Seam(pieces[run], places[run], stripped=False) for run in _between_long_ones(pieces))
    bare = [text.strip() for text in pieces]
    if all(bare):
        yield from (
            Seam(bare[run], places[run], stripped=True) for run in _between_long_ones(bare) if bare[run] != pieces[run]
        )
    else:
        there = [at for at, text in enumerate(bare) if text]
        bare, places = [bare[at] for at in there], [places[at] for at in there]
        yield from (Seam(bare[run], places[run], stripped=True) for run in _between_long_ones(bare))


def _between_long_ones(pieces: Sequence[str]) -> Iterator[slice]:
    first: int | None = None
    for at, text in enumerate(pieces):
        if first is None:
            first = at
        elif not _is_short(text):
            yield slice(first, at + 1)
            first = at
    if first is not None and len(pieces) - first > 1:
        yield slice(first, len(pieces))


def _is_short(text: str) -> bool:
    return len(text) <= 2 * _SEAM


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

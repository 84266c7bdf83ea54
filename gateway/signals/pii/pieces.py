"""What is to be read besides the passages themselves: what is cut over two of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Final

from gateway.signals.pii.groups import holds_digits

_SEAM_CHARS: Final = 40  # on either side of where one passage ends and the next begins
_CARD: Final = re.compile(r"\bcard\b|visa|mastercard|amex|kortti|karte|carte|tarjeta|卡", re.IGNORECASE)
_FIGURES: Final = re.compile("[0-9]{4}(?:[ -]?[0-9]{2,4}){0,3}")
_FIGURES_LAST: Final = re.compile("([0-9]{4}(?:[ -]?[0-9]{2,4}){0,3})[^0-9]{0,30}\\Z")
_BEGUN: Final = re.compile(r"\A[0-9A-Za-z]+")  # the rest of a word that began before what is looked at
_BROKEN_OFF: Final = re.compile(r"[0-9A-Za-z]+\Z")


def seams(said: Sequence[str]) -> Iterator[str]:
    """Where one passage ends and others begin: a number or a mailbox may be cut there, even into many pieces.

    From each passage no further than `_SEAM_CHARS`, so that this takes no longer than the passages are long.
    """
    said = [text for text in said if text]
    for first in range(len(said) - 1):
        stop, left = first + 1, _SEAM_CHARS
        while stop < len(said) and left >= 0:
            left -= len(said[stop]) + 1
            stop += 1
        ends = [said[first][-_SEAM_CHARS:], *[text[:_SEAM_CHARS] for text in said[first + 1 : stop]]]
        if not _may_speak("".join(ends)):
            continue
        run = [_tail(said[first]), *map(_head, said[first + 1 : stop])]
        together = "".join(run)
        if _may_speak(together):
            yield together
            yield " ".join(run)
    yield from _halves(said)


def _halves(said: Sequence[str]) -> Iterator[str]:
    """The last figures of a passage about a card with the first of a later one, whatever words stand between them."""

    @cache
    def is_about_cards(place: int) -> bool:
        return _CARD.search(said[place]) is not None

    for place in range(len(said) - 1):
        first = _FIGURES_LAST.search(said[place][-_SEAM_CHARS:])
        second = _FIGURES.search(said[place + 1][: 2 * _SEAM_CHARS]) if first else None
        if first and second and (is_about_cards(place) or is_about_cards(place + 1)):
            yield f"card {first[1]} {second[0]}"


def _may_speak(text: str) -> bool:
    return "@" in text or ":" in text or holds_digits(text)


def _tail(text: str) -> str:
    return text if len(text) <= _SEAM_CHARS else _BEGUN.sub("", text[-_SEAM_CHARS:])


def _head(text: str) -> str:
    return text if len(text) <= _SEAM_CHARS else _BROKEN_OFF.sub("", text[:_SEAM_CHARS])

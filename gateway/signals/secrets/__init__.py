"""Credentials in a text: keys, passwords, tokens, connection strings. Their kinds; nothing that is found is kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Final

from gateway.signals.escapes import unescaped
from gateway.signals.secrets.find import Finding, find
from gateway.signals.secrets.parts import Seam, begins, completed, seams
from gateway.signals.secrets.plain import plain
from gateway.signals.seen import Seen
from gateway.signals.text import Passage, Text, digest_of_all
from gateway.signals.value import UNKNOWN, Unknown

__all__ = ["Finding", "find", "kinds", "load", "measure"]


def load() -> None:
    """Builds the table of what is looked for."""
    kinds("")


def kinds(text: str) -> frozenset[str]:
    """Those of one text that hides nothing by invisible characters."""
    return _kinds(_views(plain(text)))


def measure(text: Text) -> frozenset[str] | Unknown:
    """The kinds found; unknown if a part of the request cannot be read."""
    if not text.readable:
        return UNKNOWN
    *earlier, last = text.passages or (Passage("user", ""),)
    found: set[str] = set()
    begun = False
    for passage in earlier:
        kinds_there, begins = _earlier.of(passage)
        found |= kinds_there
        begun = begun or (begins and not passage.beside)
    said = plain(last.text)
    turns = [passage for passage in text.passages if not passage.beside]
    in_turn = [said if passage is last else plain(passage.text) for passage in turns]
    *before, newest = tuple(seams(in_turn)) or (None,)
    for seam in before:
        if seam is not None:
            found |= _in_seam(seam, turns)
    cut = chain((newest.text,) if newest is not None else (), completed(in_turn) if begun else ())
    return _kinds(chain(_views(said), cut), found)


def _views(said: str) -> Iterator[str]:
    """The text, and what its escapes say."""
    yield said
    other = unescaped(said)
    if other is not None:
        yield other


def _kinds(pieces: Iterable[str], known: Iterable[str] = ()) -> frozenset[str]:
    found = set(known)
    for piece in pieces:
        found.update(finding.kind for finding in find(piece, found))
    return frozenset(found)


def _look(text: str) -> tuple[frozenset[str], bool]:
    """The kinds in a passage, and whether a credential may begin in it that goes on in a later one."""
    said = plain(text)
    return _kinds(_views(said)), begins(said)


_earlier: Final = Seen(_look)


def _in_seam(seam: Seam, turns: Sequence[Passage]) -> frozenset[str]:
    """Its text is made, and read, only where its passages were not seen together before."""
    key = digest_of_all([turns[place] for place in seam.places], b"bare" if seam.stripped else b"")
    return _seam.under(key, lambda: seam.text)


_seam: Final = Seen(lambda text: _kinds((text,)))

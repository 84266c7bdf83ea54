"""Credentials in a text: keys, passwords, tokens, connection strings. Their kinds; nothing that is found is kept."""

from __future__ import annotations

from itertools import chain

from gateway.signals.escapes import unescaped
from gateway.signals.secrets.find import Finding, find
from gateway.signals.secrets.parts import completed, seams
from gateway.signals.secrets.plain import plain
from gateway.signals.text import Text
from gateway.signals.value import UNKNOWN, Unknown

__all__ = ["Finding", "find", "kinds", "load", "measure"]


def load() -> None:
    """Builds the table of what is looked for."""
    kinds("")


def kinds(text: str) -> frozenset[str]:
    """Those of one text that hides nothing by invisible characters."""
    return _kinds((plain(text),))


def measure(text: Text) -> frozenset[str] | Unknown:
    """The kinds found; unknown if a part of the request cannot be read."""
    if not text.readable:
        return UNKNOWN
    return _kinds([plain(p.text) for p in text.passages], [plain(p.text) for p in text.passages if not p.beside])


def _kinds(said: list[str] | tuple[str, ...], in_turn: list[str] | tuple[str, ...] = ()) -> frozenset[str]:
    found: set[str] = set()
    pieces = chain(said, filter(None, map(unescaped, said)), seams(in_turn), completed(in_turn))
    for piece in pieces:
        found.update(finding.kind for finding in find(piece, found))
    return frozenset(found)

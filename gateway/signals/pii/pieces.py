"""What is to be read besides the passages themselves: what is cut over two of them, and what escapes hide."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from typing import Final
from urllib.parse import unquote

_SEAM_CHARS: Final = 40  # on either side of where one passage ends and the next begins
_DIGIT: Final = re.compile("[0-9]")
_BEGUN: Final = re.compile(r"\A[0-9A-Za-z]+")  # the rest of a word that began before what is looked at
_BROKEN_OFF: Final = re.compile(r"[0-9A-Za-z]+\Z")
_PERCENT: Final = re.compile("%[0-9A-Fa-f]{2}")
_ESCAPE: Final = re.compile(r"(?<!\\)\\++(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2}))")


def seams(said: Sequence[str]) -> Iterator[str]:
    """Where one passage ends and others begin: a number or a mailbox may be cut there, even into many pieces.

    From each passage no further than `_SEAM_CHARS`, so that this takes no longer than the passages are long.
    """
    said = [text for text in said if text]
    for first in range(len(said) - 1):
        run, left = [_tail(said[first])], _SEAM_CHARS
        for at in range(first + 1, len(said)):
            run.append(_head(said[at]))
            left -= len(said[at]) + 1
            if left < 0:
                break
        if any("@" in piece or _DIGIT.search(piece) for piece in run):
            yield "".join(run)
            yield " ".join(run)


def _tail(text: str) -> str:
    return text if len(text) <= _SEAM_CHARS else _BEGUN.sub("", text[-_SEAM_CHARS:])


def _head(text: str) -> str:
    return text if len(text) <= _SEAM_CHARS else _BROKEN_OFF.sub("", text[:_SEAM_CHARS])


def unescaped(text: str) -> str | None:
    """What HTML, URL and JSON escapes in the text say; None if there are none."""
    plain = text
    if "&" in plain and ";" in plain:
        plain = html.unescape(plain)
    if "%" in plain and _PERCENT.search(plain):
        plain = unquote(plain)
    if "\\" in plain:
        plain = _ESCAPE.sub(lambda found: chr(int(found[1] or found[2], 16)), plain)
    return plain if plain != text else None

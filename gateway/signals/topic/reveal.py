"""Undoes what hides a well-known name: base64, escapes, letters spaced out, digits for letters, pinyin.

Folding has already undone invisible, full-width, accented and look-alike letters.
"""

from __future__ import annotations

import base64
import binascii
import html
import re
import string
from functools import cache
from urllib.parse import unquote

import numpy as np
from ahocorasick_rs import AhoCorasick
from numpy.typing import NDArray

from gateway.signals import folding, ngrams
from gateway.signals.topic import lexicon

MOST_REVEALED = 64  # encoded pieces read in one text
_ENCODED = re.compile(r"[A-Za-z0-9+/_-]{8,}={0,2}")
_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")
_CASES = bytes.maketrans(string.ascii_letters.encode() + string.digits.encode(), b"a" * 26 + b"A" * 26 + b"a" * 10)
_LEET = dict(zip("013457@$!|+", "oieastasilt", strict=True))
_WITHIN_WORDS = (b"a1a", b"a11", b"11a")  # a digit or sign that may stand for a letter, with letters on both sides


def decoded(text: str) -> str:
    """What base64, URL, JSON and HTML escapes in `text` say; empty if there are none."""
    pieces = []
    if "%" in text and (plain := unquote(text)) != text:
        pieces.append(plain)
    if "\\u" in text:
        pieces.append(_ESCAPED.sub(lambda found: chr(int(found[1], 16)), text))
    if "&#" in text:
        pieces.append(html.unescape(text))
    if _mixed(text):
        pieces.extend(_base64(text))
    return "\n".join(pieces)


def _mixed(text: str) -> bool:
    """Whether a capital follows a small letter or a digit, as it does in base64 and seldom in prose."""
    return b"aA" in text.encode("utf-8", "replace").translate(_CASES)


def _base64(text: str) -> list[str]:
    found = []
    for match in _ENCODED.finditer(text):
        word = match[0].rstrip("=").replace("-", "+").replace("_", "/")
        if word[1:].islower() or not (plain := _utf8(word)):
            continue
        found.append(plain)
        if len(found) == MOST_REVEALED:
            break
    return found


def _utf8(word: str) -> str:
    word = word[: len(word) - (len(word) % 4 == 1)]
    try:
        plain = base64.b64decode(word + "=" * (-len(word) % 4), validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return ""
    return plain if plain.replace("\n", " ").isprintable() else ""


@cache
def _hidden() -> AhoCorasick:
    return AhoCorasick(list(lexicon.terms()[lexicon.HIDDEN]))


@cache
def _plain() -> frozenset[str]:
    """What the lexicon reads as it stands, `mao zedong` too: no disguise."""
    terms = (term for name in (lexicon.PLAIN, *lexicon.CLASSES) for term in lexicon.terms().get(name, ()))
    return frozenset(term.rstrip("*") for term in terms)


@cache
def _letters() -> tuple[NDArray[np.uint16], NDArray[np.uint16], NDArray[np.uint8]]:
    """By plain letter: itself if it is one; the same with signs read as the letters they stand for; a mark of which."""
    bare = np.where(folding.kinds() > 0, np.arange(0x10000), 0).astype(np.uint16)
    bare[ord("0") : ord("9") + 1] = 0
    leet = bare.copy()
    for sign, letter in _LEET.items():
        leet[ord(sign)] = ord(letter)
    marks = np.where(bare > 0, ord("a"), np.where(leet > 0, ord("1"), ord(" "))).astype(np.uint8)
    return bare, leet, marks


def hidden(codes: ngrams.Codes, plain: str) -> bool:
    """Whether a well-known name stands there with something between or instead of its letters; `plain`: unfolded."""
    if plain.isascii():
        raw = plain.encode()
        marks, others = _ascii()
        seen = raw.translate(marks)
        named = bool(_hidden().find_matches_as_indexes(raw.translate(None, others).decode()))
    else:
        seen, named = _letters()[2].take(codes).tobytes(), True
    bare, leet, _ = _letters()
    within_words = b"1" in seen and any(around in seen for around in _WITHIN_WORDS)
    return (named and _hides(codes, bare)) or (within_words and _hides(codes, leet))


@cache
def _ascii() -> tuple[bytes, bytes]:
    """What `bytes.translate` takes: the mark of each, and those that are no letters."""
    bare, _, marks = _letters()
    return marks[:0x100].tobytes(), bytes(np.flatnonzero(bare[:0x100] == 0).tolist())


def _hides(codes: ngrams.Codes, letters: NDArray[np.uint16]) -> bool:
    kinds = folding.kinds()
    kept = letters.take(codes)
    places = np.flatnonzero(kept)
    for _, begin, end in _hidden().find_matches_as_indexes(ngrams.unfold(kept.take(places))):
        first, last = int(places[begin]), int(places[end - 1])
        written = codes[first : last + 1]
        if np.array_equal(written, kept[places[begin:end]]) or ngrams.unfold(written) in _plain():
            continue  # written plainly
        beside = _letter(codes[first - 1 : first]) or _letter(codes[last + 1 : last + 2])
        if kinds[codes[first]] == 2 or not beside:  # ideographs have no word around them
            return True
    return False


def _letter(beside: ngrams.Codes) -> bool:
    return bool(len(beside) and folding.kinds()[beside[0]] == 1 and not ord("0") <= beside[0] <= ord("9"))

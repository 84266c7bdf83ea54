"""What in one text is a credential: candidates by what they begin with or how long they are, each then checked."""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error
from collections.abc import Container, Iterator
from functools import cache
from typing import Final, NamedTuple

from ahocorasick_rs import AhoCorasick, Implementation

from gateway.signals.secrets import assigned, issuers, structured
from gateway.signals.secrets.plain import spelled
from gateway.signals.secrets.shape import FEWEST_DIGITS, is_key_shaped

LONG: Final = 20  # characters in a row that may be a key of an issuer nobody knows
_FORMS: Final = {"private key": "private_key", "eyj": "token", "://": "connection_string", "basic ": "password"}
_INSIDE: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-+/=.")
_MASK: Final = bytes(ord("x") if code in _INSIDE else ord(" ") for code in range(256))
_LONG_RUN: Final = b"x" * LONG
_SPELLED_OUT: Final = b" x" * 10
_PIECE: Final = re.compile(r"[A-Za-z0-9_-]{20,}")
_ENCODED: Final = re.compile(r"[A-Za-z0-9+/]+={0,2}|[A-Za-z0-9_-]+={0,2}")
_OF_ASCII: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef")  # what every fourth character of base64 is, of ASCII
_FIGURES: Final = bytes(ord("9") if chr(code).isdecimal() else ord(" ") for code in range(128)).ljust(256)
_FEWEST_ENCODED: Final = 16  # characters of base64 that can hold a credential
_PRINTED: Final = bytes((9, 10, 13, *range(32, 127)))
_LONGEST_RUN: Final = 256
_BLOB: Final = re.compile(rf"[A-Za-z0-9+/]{{{_LONGEST_RUN}}}")
_LINE: Final = 40  # characters of a line of a blob
_BETWEEN: Final = r"[\"'+,;\\ \t]{0,8}\n[\"'bru+ \t#*>]{0,40}"
_LINE_BEFORE: Final = re.compile(rf"[A-Za-z0-9+/_-]{{{_LINE}}}={{0,2}}{_BETWEEN}\Z")
_LINE_AFTER: Final = re.compile(rf"{_BETWEEN}[A-Za-z0-9+/_-]{{20}}")
_NAMED: Final = re.compile(r"(?:[a-z]I[dD]|\bid|_id|_ID|[Mm]arker|[Cc]ursor)[\"']?\s{0,2}[:=]\s{0,2}[\"']?\Z")
_LEADING: Final = re.compile(r"(?:sha[0-9]{1,3}|h1|md5|integrity|etag)[-=:]\"?\Z", re.IGNORECASE)


_OTHER_WORDS: Final = tuple(
    form for name in assigned.NAMES if not name.isascii() for form in dict.fromkeys((name, name.title(), name.upper()))
)
_PREFIXES: Final = frozenset(issuers.prefixes())


class Finding(NamedTuple):
    """`text[start:end]` is of that kind."""

    kind: str
    start: int
    end: int


@cache
def _words() -> tuple[str, ...]:
    return tuple(dict.fromkeys((*issuers.prefixes(), *filter(str.isascii, assigned.NAMES), *_FORMS)))


@cache
def _finder() -> AhoCorasick:
    return AhoCorasick(_words(), implementation=Implementation.DFA)


def find(text: str, known: Container[str] = ()) -> Iterator[Finding]:
    """Of a text that hides nothing; kinds that are known are not looked for. One place may be found twice."""
    data = text.encode("ascii", "replace")  # one byte a character
    for start, word in _begin(text, data):
        found = _at(text, start, word, known)
        if found is not None:
            yield found
    mask = data.translate(_MASK)
    if "api_key" not in known and _LONG_RUN in mask:
        yield from _unknown_issuers(text, data, mask)
    if _SPELLED_OUT in mask:
        for start, end, word in spelled(text):
            yield from (Finding(found.kind, start, end) for found in find(word, known))


def beginnings(text: str) -> Iterator[tuple[int, str]]:
    """Where something begins as issuers' keys do, and with which prefix."""
    return ((start, word) for start, word in _begin(text, text.encode("ascii", "replace")) if word in _PREFIXES)


def _begin(text: str, data: bytes) -> Iterator[tuple[int, str]]:
    words = _words()
    for index, start, _ in _finder().find_matches_as_indexes(data.lower().decode("ascii"), overlapping=True):
        yield start, words[index]
    if not text.isascii():
        for word in _OTHER_WORDS:
            start = text.find(word)
            while start >= 0:
                yield start, word.lower()
                start = text.find(word, start + 1)


def _at(text: str, start: int, word: str, known: Container[str]) -> Finding | None:
    """What begins with that word there."""
    if word in _FORMS:
        kind, end = _FORMS[word], None
        if kind not in known:
            end = _formed(text, start, word)
        if end is not None:
            return Finding(kind, start, end)
    if word in assigned.NAMES:
        named = assigned.assigned(text, start, word) if assigned.NAMES[word] not in known else None
        return Finding(named[0], start, named[1]) if named else None
    if word in _PREFIXES:
        issued = issuers.at(text, start, word, known)
        if issued and not _LEADING.search(text, max(0, start - 14), start) and not _in_blob(text, start, issued[1]):
            return Finding(issued[0], start, issued[1])
    return None


def _in_blob(text: str, start: int, end: int) -> bool:
    """Whether it stands between the signs of a long base64, where chance writes short prefixes too."""
    if text[start - 1 : start] not in ("+", "/") and text[end : end + 1] not in ("+", "/"):
        return False
    return bool(_BLOB.fullmatch(text, max(0, start - _LONGEST_RUN), start) or _BLOB.match(text, end))


def _formed(text: str, start: int, word: str) -> int | None:
    if word == "private key":
        return structured.armour(text, start)
    if word == "eyj":
        return structured.jwt(text, start)
    return structured.address(text, start + 3) if word == "://" else structured.basic(text, start)


def _unknown_issuers(text: str, data: bytes, mask: bytes) -> Iterator[Finding]:
    """Keys by their shape alone."""
    figures = data.translate(_FIGURES)
    start = mask.find(_LONG_RUN)
    while start >= 0:
        end = mask.find(b" ", start)
        end = len(mask) if end < 0 else end
        said = _decoded(text[start:end])
        if said is not None:
            yield from (Finding(found.kind, start, end) for found in find(said))
        elif figures.count(b"9", start, end) >= FEWEST_DIGITS:
            yield from _in_run(text, start, end)
        start = mask.find(_LONG_RUN, end)


def _in_run(text: str, start: int, end: int) -> Iterator[Finding]:
    run = text[start:end]
    if "+" in run or len(run) > _LONGEST_RUN or run.endswith("=") or _is_wrapped(text, start, end):
        return  # base64 of something, no key
    if "://" in text[max(0, start - _LONGEST_RUN) : end] and _in_address(text, start, end):
        return
    for piece in _PIECE.finditer(text, start, end):
        left, right = piece.span()
        if text[max(0, left - 1) : left] in ("/", ".", "$") or text[right : right + 1] in ("/", "."):
            continue  # a path, one part of a name, a password's digest
        if not is_key_shaped(piece[0]):
            continue
        if not _LEADING.search(text, max(0, left - 14), left) and not _NAMED.search(text, max(0, left - 14), left):
            yield Finding("api_key", left, right)


def _in_address(text: str, start: int, end: int) -> bool:
    """Whether the run is a part of a URL: those are full of ids."""
    before = text[max(0, start - _LONGEST_RUN) : end]
    return "://" in before.split()[-1]


def _decoded(run: str) -> str | None:
    """What a run says if it is base64 of a text."""
    if len(run) < _FEWEST_ENCODED or len(run) % 4 == 1:
        return None
    if not _OF_ASCII.issuperset(run[::4]) or not _ENCODED.fullmatch(run):
        return None
    try:
        said = b64decode(run.replace("-", "+").replace("_", "/") + "=" * (-len(run) % 4))
    except Error:
        return None
    return said.decode() if said.isascii() and said.translate(None, _PRINTED) == b"" else None


def _is_wrapped(text: str, start: int, end: int) -> bool:
    """Whether the line before or behind is as long a run: lines of one blob."""
    if _LINE_BEFORE.search(text, max(0, start - 140), start):
        return True
    return end - start >= _LINE and bool(_LINE_AFTER.match(text, end, end + 80))

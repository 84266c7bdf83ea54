"""Takes our keys out of what vendors say: plain, cut, masked, spaced out, or encoded. Pure.

Errs on the side of taking out too much: what it is given are error texts and words for the books, never an answer.
"""

from __future__ import annotations

import base64
import binascii
import html
import re
from collections.abc import Iterable, Iterator
from dataclasses import fields, replace
from typing import Any, TypeVar
from urllib.parse import unquote_plus

GONE = "[key]"
ALL_GONE = "(a text that repeated our key is left out)"
WINDOW = 8  # characters of a key in a row that nobody may see
SHORTEST = 4  # a shorter key is no secret
_LEAST_LETTERS = 5  # of a window: less would be found anywhere
_DEPTH = 2  # encodings inside one another
_MOST_CHARS = 8_000  # what is longer is cut
_MASKED = re.compile(r"(?<![\w\-])([\w\-]{0,64}?)(?:[*#•·.xX]{3,}|…)([\w\-]{0,64})")
_WORD = re.compile(r"[\w\-]+")
_TOKEN = re.compile(r"[^\s\"'<>(){}\[\],;]+")
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(.))", re.DOTALL)
_BASE64 = re.compile(r"[A-Za-z0-9+/_\-]{8,}")
_URL_SAFE = str.maketrans("-_", "+/")
_PRINTABLE = re.compile(rb"[\x20-\x7e]{5,}")
_NO_LETTER = re.compile(r"[\W_]+")
_HEX = re.compile(r"(?:[0-9a-fA-F]{2}[\s:\-]?){6,}")
_WORDS_OF_OURS = frozenset({"kind", "outcome"})  # fields that hold nothing else
Text = TypeVar("Text", bound=Any)


class Redactor:
    """Knows every key that we hold."""

    def __init__(self, keys: Iterable[str]):
        self._keys = sorted({key.strip().casefold() for key in keys if len(key.strip()) >= SHORTEST})
        self._windows: dict[int, set[str]] = {}  # letters and digits of each window, by their number
        for key in self._keys:
            self._add(key)
        self._least = min(self._windows, default=0)
        self._beginnings = {window[: self._least] for windows in self._windows.values() for window in windows}

    def _add(self, key: str) -> None:
        size = min(WINDOW, len(key))
        windows = ["".join(filter(str.isalnum, key[at : at + size])) for at in range(len(key) - size + 1)]
        whole = "".join(filter(str.isalnum, key))
        for window in [each for each in windows if len(each) >= _LEAST_LETTERS] or [whole]:
            if window:
                self._windows.setdefault(len(window), set()).add(window)

    def clean(self, text: str) -> str:
        """The text without any part of a key; nothing of it where a key is hidden too well to be cut out."""
        if not self._keys or not text:
            return text
        text = self._without_spans(self._without_parts(text[:_MOST_CHARS]))
        if not self._hidden(text, _DEPTH):
            return text
        text = _TOKEN.sub(lambda found: GONE if self._hidden(found[0], _DEPTH) else found[0], text)
        return ALL_GONE if self._hidden(text, _DEPTH) else text

    def cleaned(self, value: Text) -> Text:
        """Every text in a frozen dataclass, mapping or sequence cleaned."""
        found: Any = value
        if isinstance(found, str):
            found = self.clean(found)
        elif isinstance(found, dict):
            found = {self.cleaned(name): self.cleaned(each) for name, each in found.items()}
        elif isinstance(found, (list, tuple)):
            found = type(found)(self.cleaned(each) for each in found)
        elif hasattr(found, "__dataclass_fields__"):
            names = [field.name for field in fields(found) if field.name not in _WORDS_OF_OURS]
            found = replace(found, **{name: self.cleaned(getattr(found, name)) for name in names})
        return found  # type: ignore[no-any-return]

    def _without_parts(self, text: str) -> str:
        """Without what is shown of a key by its ends: `sk-…3456`, or `3456` alone."""
        text = _MASKED.sub(lambda found: GONE if self._ends(found[1], found[2], 3) else found[0], text)
        return _WORD.sub(lambda found: GONE if self._ends(found[0], found[0], SHORTEST) else found[0], text)

    def _ends(self, first: str, last: str, least: int) -> bool:
        first, last = first.casefold(), last.casefold()
        return any(
            (len(first) >= max(least, min(WINDOW - 2, least * 2)) and key.startswith(first))
            or (least == 3 and len(first) >= least and key.startswith(first))
            or (len(last) >= least and key.endswith(last))
            for key in self._keys
        )

    def _without_spans(self, text: str) -> str:
        """Without the key as it is, in any case, whatever stands between its characters."""
        letters, places = _letters(text)
        spans: list[list[int]] = []
        for start, end in self._found(letters):
            begin, stop = places[start], places[end - 1] + 1
            if spans and begin <= spans[-1][1]:
                spans[-1][1] = max(spans[-1][1], stop)
            else:
                spans.append([begin, stop])
        for begin, stop in reversed(spans):
            text = text[:begin] + GONE + text[stop:]
        return text

    def _found(self, letters: str) -> Iterator[tuple[int, int]]:
        """Where windows of a key stand, in order."""
        beginnings, sizes, least = self._beginnings, self._windows, self._least
        for start in range(len(letters) - least + 1):
            if letters[start : start + least] in beginnings:
                for size, windows in sizes.items():
                    if letters[start : start + size] in windows:
                        yield start, start + size

    def _hidden(self, text: str, depth: int) -> bool:
        letters = _NO_LETTER.sub("", text.casefold())
        if next(self._found(letters), None) or next(self._found(letters[::-1]), None):
            return True
        return depth > 0 and any(self._hidden(view, depth - 1) for view in dict.fromkeys(_views(text)) if view != text)


def _letters(text: str) -> tuple[str, list[int]]:
    """Letters and digits without case, and where each stands."""
    places = [at for at, char in enumerate(text) if char.isalnum()]
    return "".join(text[at].casefold()[:1] for at in places), places


def _views(text: str) -> Iterator[str]:
    """What the text says to who decodes it."""
    if "%" in text or "+" in text:
        yield unquote_plus(text, errors="replace")
    if "\\" in text:
        yield _ESCAPE.sub(_unescaped, text)
    if "&" in text:
        yield html.unescape(text)
    for run in _BASE64.findall(text):
        yield from _of_base64(run)
    joined = "".join(text.split())
    if joined != text:
        for run in _BASE64.findall(joined):
            yield from _of_base64(run)
    for run in _HEX.findall(text):
        digits = re.sub(r"[^0-9a-fA-F]", "", run)
        decoded = bytes.fromhex(digits[: len(digits) // 2 * 2])
        yield from (found.decode() for found in _PRINTABLE.findall(decoded))


def _unescaped(found: re.Match[str]) -> str:
    code = found[1] or found[2]
    return chr(int(code, 16)) if code else found[3]


def _of_base64(run: str) -> Iterator[str]:
    """It may begin anywhere in what was encoded. What decodes to no text was none."""
    run = run.translate(_URL_SAFE)
    for start in range(4):
        part = run[start:]
        part = part[:-1] if len(part) % 4 == 1 else part + "=" * (-len(part) % 4)
        try:
            decoded = base64.b64decode(part)
        except (binascii.Error, ValueError):
            continue
        yield from (found.decode() for found in _PRINTABLE.findall(decoded))

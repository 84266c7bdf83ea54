"""The words around a number that say what it is."""

from __future__ import annotations

import re
from functools import cache

from ahocorasick_rs import AhoCorasick

_BEFORE = 60
_AFTER = 24


def named(text: str, start: int, end: int, words: str) -> bool:
    """Whether one of the words (a regular expression) stands close before the number or right after it."""
    return bool(_compiled(words).search(text[max(0, start - _BEFORE) : start] + " \n " + text[end : end + _AFTER]))


def mentions(text: str, start: int, end: int, words: tuple[str, ...]) -> bool:
    """Whether one of the words, in lower case, stands anywhere in or around a stretch of the text."""
    near = text[max(0, start - _BEFORE) : end + _AFTER].lower()
    return bool(_finder(words).find_matches_as_indexes(near))


def alone(text: str, start: int, end: int) -> bool:
    """Whether the number is all there is, but for spaces and punctuation: an answer to a question about it."""
    return len(text) <= end - start + 4 and not any(c.isalnum() for c in text[:start] + text[end:])


@cache
def _finder(words: tuple[str, ...]) -> AhoCorasick:
    return AhoCorasick(words)


@cache
def _compiled(words: str) -> re.Pattern[str]:
    return re.compile(words, re.IGNORECASE)

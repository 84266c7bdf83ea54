"""Where a text holds numbers worth checking: runs of letters and digits near each other, and every way to join them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple
from unicodedata import decimal

FEWEST: Final = 4  # digits of the shortest number there is, an IPv4 address
LONGEST: Final = 34  # characters of the longest number there is, an IBAN
_SHORTEST: Final = 4
_MOST_GROUPS: Final = 9  # `MT84 MALT 0110 0001 2345 MTLC AST0 01S`
_CLUSTER: Final = re.compile(r"[0-9](?:[^0-9\n]{0,4}+[0-9]){4,}+")
_GROUP: Final = re.compile(r"[0-9A-Za-z]+")
_GLUED: Final = re.compile(r"[a-z]{2,}([0-9]{10,19}X?)")
_GLUED_LENGTH: Final = 12  # at least
_CONTINUED: Final = frozenset("+0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")  # before these a number does not begin
_SEPARATORS: Final = frozenset((" ", "-", ".", "/", ":", "+"))
_JOINED: Final = str.maketrans(dict.fromkeys(_SEPARATORS))
_REACH: Final = 24  # how far letters may stand from the digits they belong to

_LAST_DIGIT: Final = 0x1FFFF  # above are ideographs; to look at all of them took a start a tenth of a second
_DIGITS: Final = {  # of every script, and of the styled alphabets of mathematics
    code: str(value) for code in range(0x80, _LAST_DIGIT + 1) if (value := decimal(chr(code), None)) is not None
}
_SPACES: Final = (0xA0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000)
_DASHES: Final = (*range(0x2010, 0x2016), 0x2043, 0x2212, 0xFE58, 0xFE63)
_PLAIN: Final = str.maketrans(
    {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}
    | _DIGITS
    | dict.fromkeys(_DASHES, "-")
    | dict.fromkeys(_SPACES, " ")
    | {0xFE52: ".", 0x3002: ".", 0xFF61: ".", 0x2024: ".", 0xFE6B: "@"}
)
_ODD: Final = frozenset(  # of what numbers and mailboxes are made; Chinese punctuation alone changes nothing
    map(
        chr,
        (
            *(0xFF0B, 0xFF0D, 0xFF0E, 0xFF0F, *range(0xFF20, 0xFF3B), *range(0xFF41, 0xFF5B)),
            *(0xFE52, 0xFE6B, 0xFF61, 0x2024, *_DIGITS, *_SPACES, *_DASHES),
        ),
    )
)


class Candidate(NamedTuple):
    """Letters and digits that may be one number."""

    compact: str  # without separators
    shape: str  # the same, every digit a 9 and every letter an A
    written: str
    form: str  # as written, every digit a 9 and every letter an A
    start: int
    end: int


class Worth(NamedTuple):
    """What a shape, letters as A and digits as 9, is worth."""

    a_check: bool
    going_on: bool  # a longer shape that begins so may be worth a check


def plain(text: str) -> str:
    """The text with full-width characters, dashes and spaces in their ASCII form; every character keeps its place."""
    return text if text.isascii() or _ODD.isdisjoint(text) else text.translate(_PLAIN)


def holds_digits(text: str) -> bool:
    """Whether there are enough digits in the text for any number; much faster than looking where they are."""
    data = text.encode(errors="replace")
    return len(data) - len(data.translate(None, b"0123456789")) >= FEWEST


def clusters(text: str) -> Iterator[tuple[int, int]]:
    """Stretches that hold at least five digits near each other, with the letters that touch them."""
    for match in _CLUSTER.finditer(text):
        start, end = match.span()
        yield _leftwards(text, start), _rightwards(text, end)


def _leftwards(text: str, start: int) -> int:
    low = max(0, start - _REACH)
    while start > low and text[start - 1].isascii() and (text[start - 1].isalnum() or text[start - 1] in "+("):
        start -= 1
    if (
        start > 2 and text[start - 1] in " -" and text[start - 3 : start - 1].isalpha()
    ):  # the letters of `AA 12 34 56 B`
        start -= 3
    return start


def _rightwards(text: str, end: int) -> int:
    high = min(len(text), end + _REACH)
    while end < high and text[end].isascii() and text[end].isalnum():
        end += 1
    if end + 1 < high and text[end] in " -" and text[end + 1].isalpha() and text[end + 1].isascii():
        end += 2
        while end < high and text[end].isascii() and text[end].isalnum():
            end += 1
    return end


_FORM: Final = str.maketrans(
    {**dict.fromkeys("0123456789", "9"), **dict.fromkeys("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", "A")}
)


def candidates(
    text: str, start: int, end: int, worth: Callable[[str], Worth], provable: Callable[[str, str], bool]
) -> Iterator[Candidate]:
    """Every run of neighbouring groups whose shape is `worth` a check, and its form too; longer first from each start.

    `provable` says whether a shape in this form can be found to be anything here.
    """
    groups = [_number(match) for match in _GROUP.finditer(text, start, end)]
    forms = text[start:end].translate(_FORM)
    for first, (begin, _) in enumerate(groups):
        if begin and text[begin - 1] in _CONTINUED:
            continue
        found = []
        shape = ""
        last_end = begin
        for left, right in groups[first : first + _MOST_GROUPS]:
            if left != last_end and (left - last_end > 1 or text[last_end] not in _SEPARATORS):
                break
            shape += forms[left - start : right - start]
            last_end = right
            if len(shape) > LONGEST:
                break
            a_check, going_on = worth(shape)
            if a_check and len(shape) >= _SHORTEST:
                form = forms[begin - start : right - start]
                if provable(shape, form):
                    written = text[begin:right]
                    compact = written if right - begin == len(shape) else written.translate(_JOINED)
                    found.append(Candidate(compact, shape, written, form, begin, right))
            if not going_on:
                break
        yield from reversed(found)


def _number(group: re.Match[str]) -> tuple[int, int]:
    """Where a group begins and ends, without a word that runs into a long number: `code is199003052397`."""
    start, end = group.span()
    glued = _GLUED.fullmatch(group[0]) if end - start >= _GLUED_LENGTH else None
    return (start + glued.start(1), end) if glued else (start, end)

"""Whether letters look drawn by chance, as those of keys do: long, mixed, and no words. Pure arithmetic, no model."""

from __future__ import annotations

import re
from typing import Final

_RUN: Final = re.compile(r"[a-z]+|[A-Z]+|[0-9]+")
_WORDS: Final = re.compile(r"[A-Z]?[a-z]{3,}|[A-Z]{4,}")
_NAMES: Final = re.compile(r"[A-Z][a-z]{2,}|[a-z]{4,}")  # of which programs make longer names
_SEGMENT: Final = re.compile(r"[A-Za-z0-9]+")
_HEX: Final = re.compile(r"(?:[0-9a-f]+|[0-9A-F]+)")
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_NUMBER: Final = re.compile(r"0x[0-9a-fA-F]+[uUlL]*")
_PLACEHOLDER: Final = re.compile(
    r"x{4,}|your|example_|replace|change.?me|dummy|fake|sample|placeholder|redacted|\*{3,}|\.{3}|<|>|\$\{|\{\{|%\(|\$\("
    r"|deadbeef|todo|insert|environ|\{[a-z_]",
    re.IGNORECASE,
)
_COUNTED: Final = re.compile(r"0123456789|1234567890|abcdef0123|12345678|9876543210")
# Names of things that vendors give out by the million in every answer; they open nothing.
_ID: Final = re.compile(
    r"(?:toolu|tooluse|srvtoolu|mcptoolu|call|msg|chatcmpl|cmpl|resp|req|rs|fc|fco|file|batch|msgbatch|thread|asst|run|step"
    r"|wrkspc|org|proj|user|usr|team|cus|sub|pi|pm|ch|evt|in|ii|prod|price|acct|seti|vs|vsf|ft|ftjob|ftckpt|gen|sess|session"
    r"|item|event|trace|span|conv|ctr|cntr|container|app|mcp|mcpl|mcpr|ws|ci|ig|cua|tsc|modr|skill|mem|run|proj|dpl|prj|cfg|id"
    r"|container|upload|part|eval|evalrun|video|image|img|response|message|request|chatcmpl-tool)[_-][A-Za-z0-9_-]+"
    r"|[a-z]{2,12}_01[A-Za-z0-9]{20,24}"
    r"|AAAA[A-Z]3[A-Za-z0-9]+|(?:MII[A-Z]|MCowBQYDK2V|MFkwEwYHKoZI)[A-Za-z0-9]+"  # public keys and certificates
)
_FEWEST_DISTINCT: Final = 6  # characters, of a key
_SHORTEST: Final = 20
FEWEST_DIGITS: Final = 2  # of a key that only its shape tells
_LONGEST: Final = 128
_SEGMENT_LENGTH: Final = 14  # of the longest stretch without a hyphen or an underscore
_MOST_WORDS: Final = 0.8  # share of the characters behind an issuer's prefix that may stand in what reads as words
_MOST_READABLE: Final = 0.55  # the same of a value that only its shape tells
_MOST_NAMES: Final = 0.6
_FEWEST_DRAWN: Final = 8  # characters of the longest stretch behind an issuer's prefix
_FEWEST_TURNS: Final = 0.4  # times the kind of character changes, a character
_MANY_DISTINCT: Final = 18  # characters, or six tenths of a shorter key


def is_placeholder(value: str) -> bool:
    """Whether it stands where a key would, and says so."""
    return len(set(value)) < _FEWEST_DISTINCT or bool(_PLACEHOLDER.search(value))


def is_drawn(value: str) -> bool:
    """Whether what follows an issuer's prefix can be a key's rest."""
    if is_placeholder(value) or not any(char.isdigit() for char in value):
        return False
    return value.isupper() or (len(_longest(value)) >= _FEWEST_DRAWN and _wordiness(value) <= _MOST_WORDS)


def is_hex(value: str) -> bool:
    """Of a digest's kind."""
    return len(value) >= 32 and bool(_HEX.fullmatch(value))


def is_uuid(value: str) -> bool:
    return bool(_UUID.fullmatch(value))


def is_id(value: str) -> bool:
    """Whether a vendor names an answer, a call or a file so."""
    return bool(_ID.fullmatch(value))


def is_key_shaped(value: str) -> bool:
    """Whether it looks like a key wherever it stands: small letters, capitals and digits in turn, hardly a word."""
    if not _SHORTEST <= len(value) <= _LONGEST or value.islower() or value.isupper():
        return False
    digits = sum(char.isdigit() for char in value)
    if not FEWEST_DIGITS <= digits <= len(value) * 0.6 or not _holds_all(_longest(value)):
        return False
    if len(set(value)) < min(_MANY_DISTINCT, 0.6 * len(value)) or not _is_mixed(value):
        return False
    return not (is_placeholder(value) or "EXAMPLE" in value or is_id(value) or is_hex(value[1:]) or _is_number(value))


def is_random(value: str, shortest: int = 16) -> bool:
    """Whether it could be a key where a name says that one stands there: a digest's or a UUID's form is enough."""
    if len(value) < shortest or is_placeholder(value) or _COUNTED.search(value) or is_id(value) or _is_number(value):
        return False
    if not any(map(str.isalpha, value)) or not any(map(str.isdigit, value)):
        return False
    if value.endswith("Key"):
        return False  # the name of a class
    return is_hex(value) or (_wordiness(value) <= 0.5 and _share(_NAMES, value) <= 0.5)


def _longest(value: str) -> str:
    """Its longest stretch of letters and digits."""
    return max(_SEGMENT.findall(value), key=len, default="")


def _holds_all(segment: str) -> bool:
    """Whether it is long, and of small letters, capitals and digits."""
    has = {(char.islower(), char.isupper()) for char in segment}
    return len(segment) >= _SEGMENT_LENGTH and len(has) == 3


def reads_as_name(value: str) -> bool:
    """Whether hardly anything in it is no word."""
    return _share(_NAMES, value) > 0.75


def _is_mixed(value: str) -> bool:
    runs = _RUN.findall(value)
    kinds = {run[0].islower() + 2 * run[0].isupper() for run in runs}
    numbers = sum(run[0].isdigit() for run in runs)
    return (
        len(kinds) == 3
        and numbers >= 2
        and len(runs) >= len(value) * _FEWEST_TURNS
        and _wordiness(value) <= _MOST_READABLE
        and _share(_NAMES, value) <= _MOST_NAMES
    )


def _is_number(value: str) -> bool:
    return bool(_NUMBER.fullmatch(value))


def _wordiness(value: str) -> float:
    """The share of its characters that stand in what reads as words."""
    return _share(_WORDS, value)


def _share(words: re.Pattern[str], value: str) -> float:
    return sum(map(len, words.findall(value))) / len(value)

"""Phone numbers: what the numbering plans allow, and words that say so where a number could be anything."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import phonenumbers

from gateway.signals.pii.context import alone
from gateway.signals.pii.finding import Finding

_NUMBER: Final = re.compile(
    r"(?<![0-9A-Za-z._/-])(?<![0-9],)[+(]?[0-9(][0-9]*(?:[ .\-/]?[ ]?[()]?[0-9()]+){0,8}"
    r"(?:\s?(?:x|ext\.?)\s?[0-9]{1,5})?"
)
_FEWEST: Final = 7  # digits
_EXTENSION: Final = re.compile(r"\s?(?:x|ext\.?)\s?[0-9]{1,5}\Z")
# Words that say so from some way off, and words that say so next to the number. Lower case is searched faster.
_FAR_WORDS: Final = re.compile(
    r"phone|tel\b|mobile|cell\b|fax\b|whatsapp|sms\b|mob\b|handy|puhelin|puh\b|portable|téléphone|móvil|tlf\b"
    r"|teléfono|cellulare|telefo|gsm|тел|моб|電話|电话|手机|手機|联系方式|聯絡|전화|휴대|携帯"
)
_NEAR_WORDS: Final = re.compile(
    r"\bcall|llám|llam|appel|chiam|\bruf|anruf|desk|office\b|work\b|home\b|contact|registered|text me|reach me|ring me"
    r"|my (?:\w{1,8} )?number|联系|\bm:|\bt:|\bp:"
)
_FAR: Final = 34  # characters
_NEAR: Final = 22
_AFTER: Final = re.compile(r"[\s,;:()-]{0,3}(?:office|fax|mobile|cell|home|work|desk|phone|tel)\b", re.IGNORECASE)
_NOT_PHONE: Final = re.compile(
    r"(?:order|invoice|tracking|\bisbn|serial|account|ticket|reference|\bref\b|customer|\bzip|postal|version|订单|\bid)"
    r"[ #:.\w]{0,12}\Z",
    re.IGNORECASE,
)
_YEAR: Final = "(?:1[89]|20)[0-9]{2}"
_FIGURE: Final = re.compile(  # dates, spans of years, fractions
    rf"{_YEAR}[-/. ][0-9]{{1,2}}[-/. ][0-9]{{1,2}}|[0-9]{{1,2}}[-/. ][0-9]{{1,2}}[-/. ]{_YEAR}|{_YEAR}[-/]{_YEAR}\Z"
    r"|[0-9]\.[0-9]{5,}\Z"
)
_TRUNK: Final = (
    "DE",
    "FR",
    "GB",
    "IT",
    "NL",
    "SE",
    "FI",
    "AT",
    "CH",
    "BE",
    "TR",
    "PH",
    "AU",
    "ZA",
    "JP",
    "KR",
    "CN",
    "IN",
)
_LONG_DISTANCE: Final = re.compile(r"1[ .-](?:\([0-9]{3}\)|[0-9]{3})[ .-][0-9]{3}[ .-][0-9]{4}")
_LONE_ZERO: Final = re.compile(r"0 [0-9]+")  # a column of its own
_STRICT: Final = ("FR", "GB", "TR", "PH", "NL", "BE", "AU", "ZA", "KR")  # plans in which few numbers are valid
_CHINESE_MOBILE: Final = re.compile(r"1[3-9][0-9]([ -]?)[0-9]{4}\1[0-9]{4}")


def phones(text: str, start: int, end: int) -> Iterator[Finding]:
    """Phone numbers in one stretch of a text."""
    for match in _NUMBER.finditer(text, max(0, start - 2), end):
        left, right = match.span()
        while right > left and text[right - 1] in "( ":
            right -= 1
        if right - left >= _FEWEST and _is_phone(text, left, right):
            yield Finding("phone", left, right)


def _is_phone(text: str, start: int, end: int) -> bool:
    written = _EXTENSION.sub("", text[start:end])
    digits = "".join(c for c in written if c.isdigit())
    if not _FEWEST <= len(digits) <= 15 or (end < len(text) and (text[end] in "_:@%" or _alnum(text[end]))):
        return False
    if text[end : end + 2].startswith(".") and text[end + 1 : end + 2].isdigit():
        return False
    before = text[max(0, start - 50) : start]
    if _FIGURE.match(written):
        return False
    if written.startswith("+") or (digits.startswith("00") and len(digits) >= 11):
        return _possible("+" + digits.removeprefix("00"), written)
    if _is_announced(before) or _AFTER.match(text, end):
        return True
    if _NOT_PHONE.search(before):
        return False
    return _valid_at_home(digits, written, alone(text, start, end))


def _is_announced(before: str) -> bool:
    """Whether words say that a phone number follows, and no other number stands between."""
    line = re.split(r"[0-9\n]", before[-_FAR:])[-1].lower()
    return bool(_FAR_WORDS.search(line) or _NEAR_WORDS.search(line[-_NEAR:]))


def _alnum(char: str) -> bool:
    return char.isascii() and char.isalnum()


def _possible(number: str, written: str) -> bool:
    """Whether an international number could exist; a `(0)` is how some write the trunk digit."""
    if "(0)" in written:
        number = "+" + "".join(c for c in written.replace("(0)", "") if c.isdigit())
    try:
        return phonenumbers.is_possible_number(phonenumbers.parse(number, None))
    except phonenumbers.NumberParseException:
        return False


def _valid_at_home(digits: str, written: str, is_alone: bool) -> bool:
    """Whether digits that no word explains are written as a phone number of a country is."""
    grouped = written != digits
    if _CHINESE_MOBILE.fullmatch(written):
        return _valid(digits, "CN")
    if len(digits) == 10 and digits[0] in "23456789" and (grouped or is_alone):
        return _american(written, digits) and (_valid(digits, "US") or (is_alone and _valid(digits, "TR")))
    if _LONG_DISTANCE.fullmatch(written):
        return _valid(digits, "US")
    if digits[0] == "0" and 10 <= len(digits) <= 11 and not _LONE_ZERO.fullmatch(written):
        return any(_valid(digits, region) for region in (_TRUNK if grouped else _STRICT))
    return False


def is_mobile(digits: str) -> bool:
    """Whether eleven digits that start with a zero are, in a plan with no slack, a phone number."""
    return any(_valid(digits, region) for region in ("TR", "PH"))


def _american(written: str, digits: str) -> bool:
    return written == digits or bool(re.fullmatch(r"(?:\(\d{3}\)[ .-]{0,2}|\d{3}[ .-])\d{3}[ .-]\d{4}", written))


def _valid(digits: str, region: str) -> bool:
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(digits, region))
    except phonenumbers.NumberParseException:
        return False

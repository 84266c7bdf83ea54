"""Card numbers and IBANs: check digits, and for cards the ranges that issuers use."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

from stdnum import iban, numdb
from stdnum.exceptions import ValidationError

from gateway.signals.pii.context import named
from gateway.signals.pii.finding import Finding
from gateway.signals.pii.groups import Candidate

CARD_FORM: Final = re.compile(r"9{12,19}|9{4}(?:([ -])9{3,6})(?:\1?9{3,7}){1,4}")
# Issuer ranges (ISO/IEC 7812 prefixes as the networks publish them) with the lengths they come in.
_ISSUED: Final = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})"  # Visa
    r"|(?:5[1-5]|222[1-9]|22[3-9]|2[3-6]\d|27[01]|2720)\d+(?<=^.{16})"  # Mastercard
    r"|3[47]\d{13}"  # American Express
    r"|3(?:0[0-5]|[689]\d)\d{11,13}"  # Diners
    r"|(?:2131|1800)\d{11}|35(?:2[89]|[3-8]\d)\d{12,15}"  # JCB
    r"|6(?:011|4[4-9]\d|5\d\d)\d{12,15}"  # Discover
    r"|62\d{14,17}|8[12]\d{14,17}"  # UnionPay
    r"|(?:50|5[6-9]|6\d)\d{11,17}"  # Maestro
    r"|220[0-4]\d{12,15}|9792\d{12}"  # Mir, Troy
    r"|1\d{14}"  # UATP
)
_CARD_WORDS: Final = (
    r"\bcards?\b|\bcc\b|credit|debit|\bvisa\b|mastercard|maestro|amex|karte|kortti|carte|tarjeta|carta|kaart|kort\b"
    r"|karta|卡|\bpan\b"
)
_IBAN: Final = re.compile(r"[A-Za-z]{2}[0-9]{2}(?:[ -]?[0-9A-Za-z]){11,30}")
# Where an IBAN may begin; its groups may be of any length, and parted in whatever way.
_IBAN_BEGINS: Final = re.compile(
    r"(?:(?<![0-9A-Za-z])|(?<=IBAN)|(?<=iban))[A-Za-z]{2}[ .\-_]?[0-9]{2}(?=.{0,2}[0-9A-Za-z])"
)
_IBAN_PARTED: Final = frozenset(" .-_/:,\t\n")
_MOST_BETWEEN: Final = 2  # signs between two groups
_PARTS: Final = re.compile(r"([0-9]+)!")  # of a structure like `4!a14!n`


def is_card(text: str, candidate: Candidate) -> bool:
    """Whether the digits are those of a payment card; a rare range or a short number needs a word that names it."""
    if not CARD_FORM.fullmatch(candidate.form) or not luhn(candidate.compact):
        return False
    if not candidate.compact.strip("0"):
        return False
    return bool(_ISSUED.fullmatch(candidate.compact)) or named(text, candidate.start, candidate.end, _CARD_WORDS)


def is_iban(candidate: Candidate) -> bool:
    """Whether country, structure and check digits agree; banks' own inner checks are not asked for."""
    if not _IBAN.fullmatch(candidate.written):
        return False
    return len(candidate.compact) == _length(candidate.compact[:2].upper()) and _is_valid(candidate.compact)


def ibans(text: str) -> Iterator[Finding]:
    """Account numbers of every country of the registry, however they are grouped; the check digits must hold."""
    for begin in _IBAN_BEGINS.finditer(text):
        length = _length(begin[0][:2].upper())
        found = _collected(text, begin.start(), length) if length else None
        if found and _is_valid(found[0]):
            yield Finding("iban", begin.start(), found[1])


def _collected(text: str, start: int, length: int) -> tuple[str, int] | None:
    """As many letters and digits as the country's number has, and where they end; None if one goes on behind them."""
    kept: list[str] = []
    between = 0
    for at in range(start, min(len(text), start + (1 + _MOST_BETWEEN) * length)):
        char = text[at]
        if char.isascii() and char.isalnum():
            kept.append(char)
            between = 0
            if len(kept) == length:
                following = text[at + 1 : at + 2]
                return None if following.isascii() and following.isalnum() else ("".join(kept), at + 1)
        elif char in _IBAN_PARTED and between < _MOST_BETWEEN:
            between += 1
        else:
            return None
    return None


@cache
def _length(country: str) -> int:
    """Characters of the country's IBANs by the registry (python-stdnum's copy); 0 if it has none."""
    _, about = numdb.get("iban").info(country)[0]
    return 4 + sum(map(int, _PARTS.findall(about["bban"]))) if "bban" in about else 0


def _is_valid(compact: str) -> bool:
    try:
        iban.validate(compact, check_country=False)
    except (ValidationError, ValueError):
        return False
    return True


def luhn(digits: str) -> bool:
    """The check digit of ISO/IEC 7812."""
    values = digits.encode().translate(_VALUES)[::-1]
    return (sum(values[::2]) + sum(values[1::2].translate(_DOUBLED))) % 10 == 0


_VALUES: Final = bytes.maketrans(b"0123456789", bytes(range(10)))
_DOUBLED: Final = bytes.maketrans(bytes(range(10)), bytes((0, 2, 4, 6, 8, 1, 3, 5, 7, 9)))

"""Check rules of national ids that the library lacks; each function takes the number without separators, upper case."""

from __future__ import annotations

import re
from datetime import date
from typing import Final

import phonenumbers
from stdnum import luhn, verhoeff
from stdnum.es import dni
from stdnum.gb import nhs as gb_nhs
from stdnum.iso7064 import mod_11_2
from stdnum.lt import asmens
from stdnum.pl import pesel
from stdnum.th import pin

# Prefixes that HM Revenue & Customs never allocates: NIM39110, National Insurance Manual.
_NINO: Final = re.compile(r"(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]\d{6}[A-D]")
_FISCAL_CODE: Final = re.compile(r"[A-Z]{6}\d\d[ABCDEHLMPRST][0-7]\d[A-Z]\d{3}[A-Z]")


def nino(number: str) -> bool:
    """UK National Insurance number."""
    return _NINO.fullmatch(number) is not None


def fiscal_code(number: str) -> bool:
    """Italian codice fiscale by its form alone, which nothing else has; a mistyped check letter is still somebody's."""
    return _FISCAL_CODE.fullmatch(number) is not None


def nric(number: str) -> bool:
    """Singapore NRIC and FIN."""
    first, digits, last = number[0], number[1:8], number[8]
    if first not in "STFGM":
        return False
    total = sum(w * int(d) for w, d in zip((2, 7, 6, 5, 4, 3, 2), digits, strict=True))
    total += {"T": 4, "G": 4, "M": 3}.get(first, 0)
    letters = {"S": "JZIHGFEDCBA", "T": "JZIHGFEDCBA", "M": "KLJNPQRTUWX"}.get(first, "XWUTRQPNMLK")
    place = 10 - total % 11 if first == "M" else total % 11
    return letters[place] == last


def german_pension(number: str) -> bool:
    """German Versicherungsnummer: area, birth date, letter of the name, serial, check digit."""
    digits = f"{number[:8]}{ord(number[8]) - 64:02}{number[9:11]}"
    weights = (2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1)
    total = sum(sum(divmod(w * int(d), 10)) for w, d in zip(weights, digits, strict=True))
    return total % 10 == int(number[11]) and 1 <= int(number[4:6]) <= 12


def korean(number: str) -> bool:
    """Korean RRN and FRN by birth date and place: since October 2020 the last digit checks nothing."""
    return number[6] in "12345678" and born(number[:6]) and (number[6] in "5678" or number[7:9] <= "96")


def korean_checked(number: str) -> bool:
    """The same with the check digit of before."""
    total = sum(int(d) * w for d, w in zip(number, (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5), strict=False))
    start = 13 if number[6] in "5678" else 11
    return korean(number) and (start - total % 11) % 10 == int(number[12])


def itin(number: str) -> bool:
    """US taxpayer number of a person without an SSN."""
    return number[0] == "9" and (50 <= int(number[3:5]) <= 65 or 70 <= int(number[3:5]) <= 99)


def chinese(number: str) -> bool:
    """Chinese resident id: province, birth date, check digit. The library refuses counties that no longer exist."""
    return (
        number[:2] in _PROVINCES
        and number[6:8] in ("18", "19", "20")
        and born(number[8:14])
        and mod_11_2.is_valid(number)
    )


def chinese_first(number: str) -> bool:
    """The fifteen-digit resident id of before 1999: province and birth date."""
    return number[:2] in _PROVINCES and born(number[6:12])


_PROVINCES: Final = frozenset(
    str(code)
    for first, last in ((11, 15), (21, 23), (31, 37), (41, 46), (50, 54), (61, 65), (71, 71), (81, 83))
    for code in range(first, last + 1)
)


def luxembourgish(number: str) -> bool:
    """Luxembourg's matricule: birth date, serial, a Luhn and a Verhoeff digit."""
    return born(number[2:8]) and luhn.is_valid(number[:12]) and verhoeff.is_valid(number[:11] + number[12])


def hungarian(number: str) -> bool:
    """Hungarian personal number (eleven digits) by its birth date and check digit, ascending or descending weights."""
    digits = [int(d) for d in number]
    up = sum(d * (n + 1) for n, d in enumerate(digits[:10])) % 11
    down = sum(d * (10 - n) for n, d in enumerate(digits[:10])) % 11
    return digits[0] in range(1, 9) and born(number[1:7]) and digits[10] in (up, down)


def hungarian_tax(number: str) -> bool:
    """Hungarian adóazonosító jel: ten digits that start with an 8."""
    return number[0] == "8" and sum(int(d) * (n + 1) for n, d in enumerate(number[:9])) % 11 == int(number[9])


def hungarian_health(number: str) -> bool:
    """Hungarian TAJ number."""
    return sum(int(d) * (3, 7)[n % 2] for n, d in enumerate(number[:8])) % 10 == int(number[8])


def maltese(number: str) -> bool:
    """Maltese identity card, which has no check digit: only with a word that names it."""
    return number[-1] in "MGAPLHBZ"


def cypriot(number: str) -> bool:
    """Cypriot tax number of a person."""
    odd = {d: v for d, v in zip("0123456789", (1, 0, 5, 7, 9, 13, 15, 17, 19, 21), strict=True)}
    total = sum(odd[d] for d in number[:8:2]) + sum(int(d) for d in number[1:8:2])
    return number[0] == "0" and chr(ord("A") + total % 26) == number[8]


def nhs(number: str) -> bool:
    """UK NHS number, unless it could be a North American phone or a US health provider, whose numbers start with 1."""
    if number[0] == "1" or number == number[0] * 10 or not gb_nhs.is_valid(number):
        return False
    return not (number[0] in "23456789" and phonenumbers.is_valid_number(_american(number)))


def _american(number: str) -> phonenumbers.PhoneNumber:
    return phonenumbers.PhoneNumber(country_code=1, national_number=int(number))


def short_dni(number: str) -> bool:
    """Spanish DNI written without its leading zero."""
    return dni.is_valid(f"0{number}")


def lithuanian(number: str) -> bool:
    """Lithuanian asmens kodas with a birth date: the library also takes numbers that have none."""
    return number[0] in "3456" and asmens.is_valid(number)


def polish(number: str) -> bool:
    """PESEL of somebody born in this century or the last: the library allows for the next ones."""
    return number[2] in "0123" and pesel.is_valid(number)


def thai(number: str) -> bool:
    """Thai PIN with a province in its second and third digits."""
    return pin.is_valid(number) and number[1:3] in _THAI_PROVINCES


_THAI_PROVINCES: Final = frozenset(
    str(code)
    for first, last in ((10, 27), (30, 49), (50, 58), (60, 67), (70, 77), (80, 86), (90, 96))
    for code in range(first, last + 1)
)


def german_card(number: str) -> bool:
    """German identity card with its check digit."""
    values = (int(c, 36) for c in number[:9])
    return sum(v * (7, 3, 1)[n % 3] for n, v in enumerate(values)) % 10 == int(number[9])


def born(digits: str) -> bool:
    """Whether six digits are a year, month and day."""
    year, month, day = int(digits[:2]), int(digits[2:4]), int(digits[4:6])
    try:
        date(2000 if year % 4 == 0 else 1900 + year, month, day)
    except ValueError:
        return False
    return True

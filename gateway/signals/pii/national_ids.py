"""The national ids of people: one row each, with how it is written, what proves it, and when a word must name it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import import_module
from typing import Final

from stdnum.exceptions import ValidationError

from gateway.signals.pii import own_checks
from gateway.signals.pii.context import alone, mentions, named
from gateway.signals.pii.groups import Candidate

NEVER: Final = r"(?!)"


@dataclass(frozen=True, slots=True)
class NationalId:
    """One kind of number. Only its form and its check make it certain; else a word near it must name it."""

    check: str | Callable[[str], bool]  # a module of stdnum, or a rule of ours
    shapes: tuple[str, ...]  # without separators: 9 a digit, A a letter
    certain: str = ""  # forms (a regular expression) that need no word; empty: none
    words: str = NEVER  # what names it, in the languages of those who have one; of regular expressions only \b \. |
    alone: bool = False  # a text that is nothing but the number needs no word either


_ANY: Final = r"[9A]+(?:[-. +/:][9A]+)*"
_BARE: Final = r"9+"
_GENERAL: Final = (
    r"national id|identity n|identity card|\bid card|\bid-card|\bid number|\bid no\b|\bid code|personal id"
    r"|personal code|personal number|\btax id|tax number|\btax no|social security|identifica|identit|tunnus"
    r"|身份|證件|证件"
)
_KOREAN: Final = r"\brrn\b|주민|외국인|resident reg|\bfrn\b"

ROWS: Final = (
    NationalId("at.vnr", ("9999999999",), r"9999 999999", r"sv-n|sv n|svn|sozialvers|versicherungsn"),
    NationalId(
        "be.nn",
        ("99999999999",),
        r"9+|99\.99\.99-999\.99|999999[ -]999[ .-]99",
        r"rijksreg|registre national|insz|niss",
    ),
    NationalId("bg.egn", ("9999999999",), "", r"\begn\b|егн"),
    NationalId("hr.oib", ("99999999999",), "", r"\boib\b"),
    NationalId(own_checks.cypriot, ("99999999A",), "", r"\btic\b|cyprus|αφμ|α\.φ\.μ|ταυτότητ"),
    NationalId("cz.rc", ("9999999999", "999999999"), r"999999/9999?9?", r"rodn|\brč\b|\brc\b|birth number"),
    NationalId("dk.cpr", ("9999999999",), r"999999-9999", r"\bcpr|personnummer"),
    NationalId("ee.ik", ("99999999999",), _BARE, r"isikukood"),
    NationalId("fi.hetu", ("999999A999A", "999999A9999"), _ANY, r"hetu|henkilötunnus"),
    NationalId("fi.hetu", ("999999999A", "9999999999"), r"999999[-+]999[9A]", r"hetu|henkilötunnus"),
    NationalId(
        "fr.nir", ("9" * 15, "99999A999999999"), r"9+A?9+|9 99 99 9[9A] 999 999(?: 99|-99)", r"sécu|\bnir\b|insee"
    ),
    NationalId("fr.nif", ("9" * 13,), "", r"fiscal|\bspi\b|\bnif\b"),
    NationalId("de.idnr", ("99999999999",), r"9+|99 999 999 999", r"steuer|idnr|\btin\b"),
    NationalId(
        own_checks.german_pension, ("99999999A999",), r"9{8}A999|99 999999 A 999", r"rentenv|sozialv|\brvnr|\bsvnr"
    ),
    NationalId(own_checks.german_card, ("A999999999", "AAAAAAAAA9"), "", r"ausweis"),
    NationalId("gr.amka", ("99999999999",), _BARE, r"αμκα|amka"),
    NationalId(own_checks.hungarian, ("99999999999",), r"9-999999-9999", r"személyi"),
    NationalId(own_checks.hungarian_tax, ("9999999999",), "", r"adóazonosító"),
    NationalId(own_checks.hungarian_health, ("999999999",), "", r"\btaj\b"),
    NationalId("ie.pps", ("9999999A", "9999999AA"), r"9{7}[ -]?AA?", r"\bpps"),
    NationalId("it.codicefiscale", ("AAAAAA99A99A999A",), _ANY),
    NationalId(own_checks.fiscal_code, ("AAAAAA99A99A999A",), r"A{6}99A99A999A"),
    NationalId("lv.pvn", ("99999999999",), r"999999-99999", r"personas kod"),
    NationalId(own_checks.lithuanian, ("99999999999",), _BARE, r"asmens"),
    NationalId(own_checks.luxembourgish, ("9" * 13,), _BARE, r"matricule"),
    NationalId(own_checks.maltese, tuple("9" * n + "A" for n in range(3, 8)), "", r"\bmalt|karta tal-identit"),
    NationalId("nl.bsn", ("999999999", "99999999"), "", r"\bbsn\b|burgerservice|sofi"),
    NationalId(own_checks.polish, ("99999999999",), _BARE, r"pesel"),
    NationalId("pt.nif", ("999999999",), "", r"\bnif\b|contribuinte|fiscal"),
    NationalId("pt.cc", ("999999999AA9",), r"9{9}AA9|9{8} 9 AA9", r"cidad"),
    NationalId("ro.cnp", ("9" * 13,), _BARE, r"\bcnp\b|cod numeric"),
    NationalId("si.emso", ("9" * 13,), _BARE, r"emšo|emso|jmbg"),
    NationalId("es.dni", ("99999999A",), r"9{8}[ -]?A|99\.999\.999[ -]?A", r"\bdni\b|\bnif\b"),
    NationalId(own_checks.short_dni, ("9999999A",), r"9{7}-A", r"\bdni\b|\bnif\b", alone=True),
    NationalId("es.nie", ("A9999999A",), r"A[ -]?9{7}[ -]?A", r"\bnie\b"),
    NationalId(
        "se.personnummer", ("9999999999", "9" * 12), r"9{6}[-+]9999|9{8}[-+]?9999", r"personn|\bpnr\b", alone=True
    ),
    NationalId("us.ssn", ("999999999",), r"999([-. ])99(?:\1)9999|999-999999", r"\bssn|social|\bss#|\bss #"),
    NationalId(own_checks.itin, ("999999999",), r"999-99-9999|999-999999", r"\bitin\b|taxpayer"),
    NationalId(
        own_checks.nino, ("AA999999A",), r"AA[ -]?99[ -]?99[ -]?99[ -]?A", r"national insurance|\bnino\b|\bni\b"
    ),
    NationalId(own_checks.nhs, ("9999999999",), r"999 999 9999|999-999-9999", alone=True),
    NationalId("gb.nhs", ("9999999999",), "", r"\bnhs\b"),
    NationalId(
        own_checks.chinese, ("9" * 18, "9" * 17 + "A"), r"9{17}[9A]|9{6}[ -]9{8}[ -]9{3}[9A]", r"身份|resident id"
    ),
    NationalId(own_checks.chinese_first, ("9" * 15,), _BARE),
    NationalId(own_checks.korean, ("9" * 13,), r"999999-9999999", _KOREAN),
    NationalId(own_checks.korean_checked, ("9" * 13,), "", _KOREAN, alone=True),
    NationalId("tr.tckimlik", ("99999999999",), _BARE, r"kimlik|\bt\.c\."),
    NationalId("no.fodselsnummer", ("99999999999",), r"9+|999999 99999", r"fødsels|personn"),
    NationalId("is_.kennitala", ("9999999999",), r"999999-9999", r"kennitala"),
    NationalId("ch.ssn", ("9" * 13,), r"9+|999\.9999\.9999\.99", r"\bahv|\bavs"),
    NationalId("br.cpf", ("99999999999",), r"999\.999\.999-99", r"\bcpf\b"),
    NationalId("ca.sin", ("999999999",), "", r"\bsin\b|social insurance|\bnas\b"),
    NationalId("in_.aadhaar", ("9" * 12,), r"9999(?:-9999-|:9999:| 9999 )9999", r"aadhaar|आधार|uidai", alone=True),
    NationalId("in_.pan", ("AAAAA9999A",), _ANY),
    NationalId("mx.curp", ("AAAA999999AAAAAA99", "AAAA999999AAAAAAA9"), _ANY),
    NationalId(own_checks.thai, ("9" * 13,), r"9-9999-99999-99-9", r"\btnin\b|thai|ประชาชน", alone=True),
    NationalId("za.idnr", ("9" * 13,), _BARE, r"\brsa\b|south africa"),
    NationalId(own_checks.nric, ("A9999999A",), _ANY),
    NationalId("my.nric", ("9" * 12,), r"999999-99-9999", r"\bnric\b|mykad"),
    NationalId("pk.cnic", ("9" * 13,), r"99999-9999999-9", r"\bcnic\b"),
    NationalId("id.nik", ("9" * 16,), "", r"\bnik\b|\bktp\b"),
    NationalId("ua.rntrc", ("9999999999",), "", r"рнокпп|іпн|ідентифікац"),
)
# The same words as plain strings in lower case: to know that none is near is then quick.
_STEMS: Final = tuple(
    sorted(
        {word.replace(r"\b", "").replace("\\", "") for row in ROWS for word in f"{_GENERAL}|{row.words}".split("|")}
        - {NEVER}
    )
)
BY_SHAPE: Final[Mapping[str, tuple[NationalId, ...]]] = {
    shape: tuple(row for row in ROWS if shape in row.shapes) for row in ROWS for shape in row.shapes
}


def is_national_id(text: str, candidate: Candidate, worded: Callable[[], bool]) -> bool:
    """Whether one of the ids of that shape is proven here, by its check and by its form or the words around it.

    `worded` says whether any word of any id is near at all.
    """
    rows = BY_SHAPE.get(candidate.shape, ())
    sure = certain(candidate.shape, candidate.form)
    if sure and not _goes_on(text, candidate) and any(_checks(row.check, candidate) for row in sure):
        return True
    if candidate.compact == candidate.written and alone(text, candidate.start, candidate.end):
        return any(row.alone and _checks(row.check, candidate) for row in rows)
    return bool(rows) and worded() and any(_is_named(row, text, candidate) for row in rows)


@lru_cache(maxsize=4096)
def certain(shape: str, form: str) -> tuple[NationalId, ...]:
    """The ids that need no word when written in this form."""
    return tuple(row for row in BY_SHAPE.get(shape, ()) if row.certain and re.fullmatch(row.certain, form))


def is_worded(text: str, start: int, end: int) -> bool:
    """Whether a word of some id stands near this stretch of the text."""
    return mentions(text, start, end, _STEMS)


def _is_named(row: NationalId, text: str, candidate: Candidate) -> bool:
    start, end = candidate.start, candidate.end
    if row.words == NEVER or not _checks(row.check, candidate):
        return False
    return named(text, start, end, row.words) or named(text, start, end, _GENERAL)


def _goes_on(text: str, candidate: Candidate) -> bool:
    """Whether a number in groups is but a part of a longer one."""
    separator = next((c for c in candidate.form if c in " :"), None)
    if separator is None:
        return False
    before, after = text[max(0, candidate.start - 2) : candidate.start], text[candidate.end : candidate.end + 2]
    return (before[1:] == separator and before[0].isdigit()) or (after[:1] == separator and after[1:].isdigit())


def _checks(check: str | Callable[[str], bool], candidate: Candidate) -> bool:
    if callable(check):
        return check(candidate.compact.upper())
    return _library(check)(candidate)


@cache
def _library(name: str) -> Callable[[Candidate], bool]:
    """The check of one module of stdnum; modules are imported when a number of their shape is met."""
    module = import_module(f"stdnum.{name}")
    options = {"allow_temporary": True} if name == "fi.hetu" else {}
    written = name in ("fi.hetu", "se.personnummer", "is_.kennitala", "lv.pvn", "cz.rc")

    def valid(candidate: Candidate) -> bool:
        number = candidate.compact.upper()
        if name == "lv.pvn" and number[0] > "3":  # a company
            return False
        try:
            module.validate(number if not written else candidate.written.upper(), **options)
        except (ValidationError, ValueError, LookupError):  # some modules fail so on numbers they do not expect
            return False
        return True

    return valid

"""The main language of a prompt: its script where that says enough, else py3langid on a bounded sample."""

from __future__ import annotations

import re
import string
from functools import cache
from typing import TYPE_CHECKING, Final

from gateway.signals.text import Text
from gateway.signals.value import UNKNOWN, Unknown

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

OTHER: Final = "other"
SAMPLE: Final = 160  # characters that are looked at

# The official languages of the EU and those of most prompts; fewer names mean fewer mistakes on short texts.
LANGUAGES: Final = (
    *("bg", "cs", "da", "de", "el", "en", "es", "et", "fi", "fr", "ga", "hr", "hu", "it", "lt", "lv", "mt", "nl", "pl"),
    *("pt", "ro", "sk", "sl", "sv"),
    *("ar", "bn", "ca", "fa", "gl", "gu", "he", "hi", "hy", "id", "is", "ja", "ka", "kk", "km", "kn", "ko", "lo", "mk"),
    *("ml", "mr", "ms", "my", "ne", "no", "pa", "ru", "si", "sq", "sr", "sw", "ta", "te", "th", "tl", "tr", "uk", "ur"),
    *("uz", "vi", "zh", "zxx"),
)
_SHORT: Final = 40  # characters below which a likely language wins against one that is hardly nearer
_NEAR: Final = {True: 3.0, False: 6.0}  # by how much of log-likelihood it may lag, in ASCII and beyond
_LIKELY: Final = ("de", "es", "fi", "fr", "it", "nl", "pl", "pt", "ru", "sv", "tr", "uk")

_FENCED: Final = re.compile(r"```.*?(?:```|\Z)|`[^`\n]{1,80}`|https?://\S+", re.DOTALL)
_HAN: Final = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_KANA: Final = re.compile("[\u3040-\u30ff\uff66-\uff9f]")
_HANGUL: Final = re.compile("[\uac00-\ud7af\u1100-\u11ff]")
_LETTER: Final = re.compile(r"[^\W\d_]")
_LETTERS: Final = string.ascii_letters.encode()
_CODE_SIGNS: Final = rb"{}()[];=<>_\|&$#/*"
_CODE_SHARE: Final = 0.12  # of signs to letters, above which a text is code
_HAN_WEIGHT: Final = 3  # one Han character says about as much as three Latin letters
_QUOTES: Final = str.maketrans("’‘“”–—…", "''\"\"--.")
# Words that no other language in plain letters writes so, and commoner ones that some do.
_ENGLISH: Final = frozenset(
    "the and that this these those what which who would should could your from with been you they their there how why"
    " when write about into are were than has".split()
)
_OFTEN_ENGLISH: Final = _ENGLISH | frozenset(
    "of have is was then by not can will to for its be as please i a in".split()
)
_FEWEST_ENGLISH: Final = 2  # different ones
_FEWEST_OFTEN: Final = 3  # of either kind
_ENGLISH_SHARE: Final = 8  # words for each of these, at most


def detect(text: str) -> str:
    """ISO 639-1 of the main language; `other` for code, numbers and what is not recognised."""
    sample = _sample(text)
    raw = sample.encode(errors="replace")
    letters = len(raw) - len(raw.translate(None, _LETTERS)) if sample.isascii() else len(_LETTER.findall(sample))
    if letters < 2 or len(raw) - len(raw.translate(None, _CODE_SIGNS)) > _CODE_SHARE * letters:
        return OTHER
    by_script = None if sample.isascii() else _by_script(sample, letters)
    if by_script is None and len(sample) >= _SHORT and _is_plainly_english(sample):
        return "en"
    return by_script or _identified(sample)


def measure(text: Text) -> str | Unknown | None:
    """The language of the last user message, or of all text if that says too little; None for an empty request."""
    if not text.readable:
        return UNKNOWN
    said = [passage.text for passage in text.passages if passage.text.strip()]
    if not said:
        return None
    asked = next((p.text for p in reversed(text.passages) if p.role == "user" and p.text.strip()), said[-1])
    found = detect(asked)
    if found == OTHER or len(asked) < _SHORT:
        earlier = "\n".join(p.text[: 2 * SAMPLE] for p in text.passages[-12:] if p.role == "user" and p.text.strip())
        return detect(earlier or asked)
    return found


def load() -> None:
    """Reads the model (about a second); called at start, so that no request pays for it."""
    _identifier()


def _sample(text: str) -> str:
    """The beginning of what is prose; code in fences and addresses are left out."""
    prose = text[: 8 * SAMPLE]
    if "`" in prose or "://" in prose:
        prose = _FENCED.sub(" ", prose)
    return prose.strip()[:SAMPLE]


def _by_script(sample: str, letters: int) -> str | None:
    """Chinese, Japanese and Korean, told apart by their scripts."""
    han, kana, hangul = (len(script.findall(sample)) for script in (_HAN, _KANA, _HANGUL))
    others = letters - han - kana - hangul
    if _HAN_WEIGHT * (han + kana + hangul) < others:
        return None
    if hangul >= han + kana:
        return "ko" if hangul else None
    return "ja" if kana * 8 > han else "zh"


def _is_plainly_english(sample: str) -> bool:
    """Whether its small words settle it, as they do for most English prompts; six times quicker than the model."""
    plain = sample if sample.isascii() else sample.translate(_QUOTES)
    if not plain.isascii():
        return False
    words = plain.lower().split()
    often = [word for word in words if word in _OFTEN_ENGLISH]
    if len(often) < _FEWEST_OFTEN or len(often) * _ENGLISH_SHARE < len(words):
        return False
    return len(_ENGLISH.intersection(often)) >= _FEWEST_ENGLISH


def _identified(sample: str) -> str:
    identifier = _identifier()
    if len(sample) >= _SHORT:
        best = identifier.classify(sample)[0]
    else:
        ranked = identifier.rank(sample)
        near = [name for name, score in ranked if ranked[0][1] - score <= _NEAR[sample.isascii()]]
        likely = ["en"] if sample.isascii() and "en" in near else [name for name in near if name in _LIKELY]
        best = (likely or near)[0]
    return OTHER if best == "zxx" else str(best)


@cache
def _identifier() -> LanguageIdentifier:
    import numpy as np
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # its import and model are paid for by those who use it

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE)
    identifier.set_languages(LANGUAGES)
    # `set_languages` leaves the table in an order in which each of some 100 features costs a cache miss a language.
    identifier.nb_ptc = np.ascontiguousarray(identifier.nb_ptc)
    # Drops the tables of the languages left out: 28 MB that only `set_languages` would ask for again.
    identifier._full_model = (identifier.nb_ptc, identifier.nb_pc, identifier.nb_classes)
    return identifier

"""Names and words that bear on topics, found in folded text by one pass whatever their number.

A term stands in one class; `plain` terms only keep a shorter one inside them from being found. A Latin term matches
whole words, or with a trailing `*` their beginnings; ideographs match anywhere. Classes are bits of a mask, so that
what a stretch of text mentions is one number.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from itertools import combinations

from ahocorasick_rs import AhoCorasick, MatchKind

from gateway.signals import folding, ngrams

CLASSES = (
    *("strong", "name", "china", "power", "harm", "self", "us", "world"),
    *("malice", "medical", "legal", "financial", "code", "people", "grip", "han"),
)
PAIRED = CLASSES[:5]  # what these mean depends on which stand together
HAN = 1 << CLASSES.index("han")  # not a class of terms: most of the text is ideographs
MENTION = 0b111  # strong, name or china
PLAIN, HIDDEN = "plain", "hidden"
_SECTIONS = {  # whose terms stand in classes of another name
    "people": ("name", "people"),
    "tongue": ("people",),
    "grip": ("harm", "grip"),
}

NEAR = 40  # characters between the beginnings of two terms that belong together

Hit = tuple[int, int]  # where it begins, its classes as bits


def bits(*names: str) -> int:
    """The mask of these classes."""
    return sum(1 << CLASSES.index(name) for name in names)


_PEOPLE, _GRIP = bits("people"), bits("grip")


@cache
def terms() -> dict[str, tuple[str, ...]]:
    """Folded terms by class, as `topic_lexicon.txt` lists them."""
    found: dict[str, list[str]] = {}
    section = PLAIN
    text = files("gateway.signals.models").joinpath("topic_lexicon.txt").read_text(encoding="utf-8")
    for line in (line.strip() for line in text.splitlines() if not line.startswith("# ")):
        if line.startswith("["):
            section = line.strip("[]")
        elif line:
            found.setdefault(section, []).extend(_folded(term) for term in line.split(",") if term.strip())
    return {name: tuple(dict.fromkeys(terms)) for name, terms in found.items()}


def _folded(term: str) -> str:
    return ngrams.unfold(ngrams.fold(term.strip()))


@cache
def _automaton() -> tuple[AhoCorasick, tuple[tuple[int, bool, bool], ...]]:
    entries: dict[str, tuple[int, bool, bool]] = {}
    for name in (PLAIN, *_SECTIONS, *(name for name in CLASSES[:-1] if name not in _SECTIONS)):
        bit = 0 if name == PLAIN else bits(*_SECTIONS.get(name, (name,)))
        for term in terms()[name]:
            bare = term.rstrip("*")
            entries.setdefault(bare, (bit, _latin(bare[0]), _latin(bare[-1]) and bare == term))
    return AhoCorasick(list(entries), matchkind=MatchKind.LeftmostLongest), tuple(entries.values())


def _latin(letter: str) -> bool:
    return letter.isalnum() and not "\u3041" <= letter <= "\ud7a3"


def hits(plain: str) -> list[Hit]:
    """Where each class is mentioned in folded text, in order."""
    automaton, entries = _automaton()
    return list(_whole(plain, automaton.find_matches_as_indexes(plain), entries))


def _whole(plain: str, found: list[tuple[int, int, int]], entries: tuple[tuple[int, bool, bool], ...]) -> Iterator[Hit]:
    for index, begin, end in found:
        bit, opens, closes = entries[index]
        if not bit or (opens and begin and _latin(plain[begin - 1])):
            continue
        if not closes or end == len(plain) or not _latin(plain[end]) or plain[end : end + 1] == "s":
            yield begin, bit


def gripped(found: list[Hit]) -> bool:
    """Whether a people, its place or its language stands near a word for what is done to it."""
    people = [at for at, bit in found if bit & _PEOPLE]
    grips = [at for at, bit in found if bit & _GRIP] if people else ()
    return any(abs(at - other) <= NEAR for at in grips for other in _around(people, at))


def _around(places: list[int], at: int) -> list[int]:
    """Of places in order, the last before and the first behind."""
    after = bisect_left(places, at)
    return places[max(0, after - 1) : after + 1]


def names(mask: int) -> tuple[str, ...]:
    """The named features of a mask: each class, each pair, all that stand together, and whether China is mentioned."""
    there = [name for i, name in enumerate(CLASSES) if mask >> i & 1]
    paired = [name for name in there if name in PAIRED]
    together = [f"{one}+{other}" for one, other in combinations(paired, 2)]
    if len(paired) > 2:
        together.append("+".join(paired))
    if mask & MENTION:
        together.append("mention+han" if mask & HAN else "mention")
    return (*there, *together)


def mask(found: list[Hit]) -> int:
    """All classes of `found`."""
    together = 0
    for _, bit in found:
        together |= bit
    return together


def script(codes: ngrams.Codes) -> int:
    """HAN if at least a fifth of the characters are ideographs, kana or Hangul."""
    return HAN if folding.kinds().take(codes).tobytes().count(2) * 5 > len(codes) else 0

"""Phrases with which replies decline, deflect, recite or criticise, and where they stand in a text.

Every kind is evidence, never a verdict: the trees in `model` weigh it. Phrases are folded as the text is (accents off,
traditional Chinese as simplified), so the lists in models/phrases.txt are written as people write.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from ahocorasick_rs import AhoCorasick

from gateway.signals.ngrams import Codes, fold, unfold

KINDS = (
    "apology", "cannot", "help", "policy", "offer", "machine", "official", "critical", "canned", "understand", "agree",
    "moral", "premise", "rejects",
)  # fmt: skip
ASKED_KINDS = ("asked compose", "asked discuss", "asked ask", "critical")  # what a prompt is looked at for


@dataclass(frozen=True, slots=True)
class Finder:
    """All phrases of some kinds, searched together."""

    automaton: AhoCorasick
    kinds: tuple[int, ...]  # of each pattern

    def spots(self, text: str) -> list[tuple[int, int]]:
        """Kind and place of every phrase in a plain text, overlaps included."""
        found = self.automaton.find_matches_as_indexes(text, overlapping=True)
        return [(self.kinds[index], start) for index, start, _ in found]


def straight(text: str) -> Codes:
    """Folded, with straight apostrophes."""
    return fold(text.replace("’", "'").replace("‘", "'"))


def plain(codes: Codes) -> str:
    """What `straight` gave, with one kind of space, a space before and after."""
    return f" {unfold(codes)} ".replace("\n", " ")


@cache
def finder(kinds: tuple[str, ...]) -> Finder:
    """Reads the package's own list."""
    listed = _listed()
    patterns = [(number, phrase) for number, kind in enumerate(kinds) for phrase in listed[kind]]
    return Finder(AhoCorasick([phrase for _, phrase in patterns]), tuple(number for number, _ in patterns))


@cache
def _listed() -> dict[str, list[str]]:
    lists: dict[str, list[str]] = {}
    text = files("gateway.outcome.refusal").joinpath("models", "phrases.txt").read_text(encoding="utf-8")
    for line in text.splitlines():
        if line.startswith("["):
            phrases = lists.setdefault(line[1:-1], [])
        elif line and not line.startswith("#"):
            phrases.append(unfold(fold(line.replace("_", " "))))
    return lists

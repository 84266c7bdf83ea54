"""Scores a text for every topic: windows of a linear model, each with what the lexicon finds in it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from functools import cache, lru_cache
from importlib.resources import files
from itertools import chain, islice, pairwise

import numpy as np

from gateway.signals import ngrams
from gateway.signals.text import SCANNED_CHARS
from gateway.signals.topic import lexicon, reveal

WINDOW = 96  # tokens judged together
SAMPLED = 16  # pieces of a long text that the model reads; the lexicon reads all
PIECE = 2048  # characters of such a piece
_STRONG, _WEIGHTY = lexicon.bits("strong"), lexicon.bits("name", "self")
ASIDE = 1.0  # log odds that passages other than the last user message must have beyond the threshold
NAMED = 1.5  # the log odds of `prc_political` where a term stands that speaks of it whatever else is said
PART = 1.2  # log odds that one window or piece of several must have beyond the threshold


@cache
def model() -> ngrams.Linear:
    """The shipped model; its biases are such that 0 is the threshold."""
    return ngrams.load(files("gateway.signals.models").joinpath("topic.npz").read_bytes())


@cache
def _added(script: int, mask: int) -> ngrams.Scores:
    """What the hits add to what the script alone does."""
    added: ngrams.Scores = _extra(script | mask) - _extra(script)
    return added


@lru_cache(maxsize=256)
def _frame(windows: int, script: int, opens: str, whole: bool) -> ngrams.Scores:
    """What is added to windows whatever they say: for the script, how the text begins, and being one of many."""
    frame = np.tile(_extra(script) + model().extra((ngrams.TALK,)), (windows, 1))
    frame[: -1 if whole else windows] -= PART
    frame[[0, -1]] += model().extra((opens,)) - model().extra((ngrams.TALK,))
    return frame


@cache
def _extra(mask: int) -> ngrams.Scores:
    return model().extra(lexicon.names(mask))


def classify(text: str, *, aside: bool) -> frozenset[str]:
    """The topics of `text`; `aside`: it is not what the user said last."""
    scores, hidden = score(text)
    found = {model().labels[i] for i in np.flatnonzero(scores > (ASIDE if aside else 0))}
    return frozenset(found | {"prc_political"} if hidden else found)


def score(text: str) -> tuple[ngrams.Scores, bool]:
    """Log odds beyond the threshold a label, and whether a well-known name is hidden."""
    text = text[:SCANNED_CHARS]
    if revealed := reveal.decoded(text):
        text = f"{text}\n{revealed[:SCANNED_CHARS]}"
    codes = ngrams.fold(text)
    plain = ngrams.unfold(codes)
    hits = lexicon.hits(plain)
    hidden = reveal.hidden(codes, plain)
    if len(codes) <= ngrams.LIMIT:
        scores = _highest(codes, hits, begins=True, whole=True, is_ascii=plain.isascii())
    else:
        scores = np.max(
            [
                _highest(
                    codes[at : at + PIECE],
                    _within(hits, at, at + PIECE),
                    begins=at == 0,
                    whole=False,
                    is_ascii=False,
                )
                for at in _sampled(len(codes), hits)
            ],
            0,
        )
    if any(bit == _STRONG for _, bit in hits) or lexicon.gripped(hits):
        prc_political = model().labels.index("prc_political")
        scores[prc_political] = max(scores[prc_political], NAMED)
    return scores, hidden


def _highest(
    codes: ngrams.Codes, hits: list[lexicon.Hit], *, begins: bool, whole: bool, is_ascii: bool
) -> ngrams.Scores:
    said, starts = model().windows(codes, WINDOW)
    script = 0 if is_ascii else lexicon.script(codes)
    scores = said + _frame(len(said), script, ngrams.opening(codes) if begins else ngrams.TALK, whole)
    if hits:
        scores += np.array([_added(script, mask) for mask in _masks(hits, starts)])
    highest: ngrams.Scores = scores.max(0)
    return highest


def _masks(hits: list[lexicon.Hit], starts: list[int]) -> list[int]:
    """What each window mentions: two halves, of which `starts` says where they begin, and last the whole."""
    halves = [0] * len(starts)
    together = 0
    for at, bit in hits:
        together |= bit
        if at >= starts[0]:
            halves[bisect_right(starts, at) - 1] |= bit
    return [*(one | other for one, other in pairwise(halves)), together]


def _within(hits: list[lexicon.Hit], begin: int, end: int) -> list[lexicon.Hit]:
    first, last = bisect_left(hits, (begin, 0)), bisect_left(hits, (end, 0))
    return [(at - begin, bit) for at, bit in hits[first:last]]


def _sampled(length: int, hits: list[lexicon.Hit]) -> list[int]:
    """Where the pieces begin: the two ends, around the weightiest names, and spread over the rest."""
    spread = np.linspace(0, length - PIECE, SAMPLED // 2).astype(int).tolist()
    strong = (at for at, bit in hits if bit == _STRONG)
    weighty = (at for at, bit in hits if bit != _STRONG and bit & _WEIGHTY)
    others = (at for at, bit in hits if bit != _STRONG and not bit & _WEIGHTY)
    around: dict[int, None] = {}
    for at in islice(chain(strong, weighty, others), 64 * SAMPLED):
        around.setdefault(max(0, min(at // PIECE * PIECE, length - PIECE)))
    return sorted({*spread, *list(around)[: SAMPLED // 2]})

"""The numbers that the trees read: what a reply says where, how it looks, and how it bears on the prompt.

Pure, and used unchanged by training, so what is fitted is what is computed. `NAMES` gives the columns of `numbers`.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from gateway.outcome.refusal import subjects
from gateway.outcome.refusal.phrases import ASKED_KINDS, KINDS, finder, plain, straight
from gateway.outcome.refusal.shape import Mark, Shape, ended, look, marks
from gateway.signals.ngrams import Codes

HEAD = 600  # characters read from the front
LEAD = 160  # the part of them that a hold waits for
TAIL = 300  # characters read from the end
MIDDLE = 300  # characters read from the middle of a reply long enough to have one
BODY = 1500  # characters whose look is read, at the front and at the end
PROMPT = 600  # characters of the prompt that are read

_LIST = re.compile(r"\n\s*(?:[-*•#]|\d+[.)、]|[一二三四五六七八九十]、)")
_FIRST_PERSON = (" i ", " i'", "我", " mina ")
_NOT_FIRST_PERSON = ("我们", "我国")
_SECOND_PERSON = (" you", "您", "你", " sinu")
_MIDDLE_KINDS = (KINDS.index("official"), KINDS.index("critical"), KINDS.index("rejects"))
_FIRST_OF = ("apology", "cannot", "machine", "canned", "agree", "rejects")
LOOKS = 3 + 2 * len(Shape._fields)  # how many of the first numbers tell what a reply looks like, whatever it says
_FAR = 999.0  # where a phrase stands that does not occur


@dataclass(frozen=True, slots=True)
class Prompt:
    """What is read of a prompt, once."""

    codes: Codes
    numbers: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Parts:
    """The stretches of a reply that are read, folded."""

    codes: Codes  # of the head
    ending: Codes  # of the tail
    head: str
    tail: str  # empty while the reply goes on
    middle: str  # empty if there is none


def read_prompt(prompt: str) -> Prompt:
    """Only its first PROMPT characters."""
    codes = straight(prompt[:PROMPT])
    text = plain(codes)
    counts = [0.0] * len(ASKED_KINDS)
    for kind, _ in finder(ASKED_KINDS).spots(text):
        counts[kind] += 1
    ideographs = 0.0 if text.isascii() else marks(text).count(Mark.IDEOGRAPH) / len(text)
    width = math.log1p(len(prompt) * (1 + 2 * ideographs))
    asks = float(prompt.rstrip().endswith(("?", "？")))
    umlauts = _umlauts(prompt[:PROMPT], len(text))
    return Prompt(codes, (*counts, ideographs, umlauts, width, asks))


def read_reply(answer: str, *, final: bool) -> Parts:
    """Cuts and folds; `answer` is without thinking."""
    size, middle = len(answer), len(answer) // 2
    codes = straight(answer[:HEAD])
    head, between = plain(codes), answer[middle - MIDDLE // 2 : middle + MIDDLE // 2]
    short = size <= TAIL  # all of it is head and tail
    folded = final and len(codes) == size  # the head is all, and folding left nothing of it out
    ending = codes[-TAIL:] if folded else straight(answer[-TAIL:] if final else "")
    return Parts(
        codes,
        ending,
        head,
        tail="" if not final else head if short else plain(ending),
        middle=plain(straight(between)) if final and size > 2 * HEAD else "",
    )


def numbers(prompt: Prompt, answer: str, parts: Parts, *, final: bool) -> list[float]:
    """One number for each of NAMES."""
    size = len(answer)
    body = answer if size <= 2 * BODY else answer[:BODY] + answer[-BODY:] if final else answer[:BODY]
    looks = look(body, TAIL if final else 0)
    return [
        math.log1p(size),
        math.log1p(size * (1 + 1.5 * looks[0])),
        *looks,
        float(final and ended(answer)),
        float(final and answer.endswith(("?", "？"))),
        _items(answer[:HEAD]),
        _items(body),
        float(answer[:1] in "#*"),
        _umlauts(body, len(body)),
        _count(parts.head, _FIRST_PERSON) - _count(parts.head, _NOT_FIRST_PERSON),
        _count(parts.head, _SECOND_PERSON),
        *_counts(parts),
        *subjects.shared(prompt.codes, parts.codes, parts.ending, LEAD),
        *prompt.numbers,
    ]


def _counts(parts: Parts) -> list[float]:
    kinds, found = len(KINDS), finder(KINDS)
    lead, head, tail, middle = ([0.0] * kinds for _ in range(4))
    first = [_FAR] * kinds
    for kind, start in found.spots(parts.head):
        head[kind] += 1
        lead[kind] += start < LEAD
        first[kind] = min(first[kind], start)
    for kind, _ in found.spots(parts.tail):
        tail[kind] += 1
    for kind, _ in found.spots(parts.middle):
        middle[kind] += 1
    return [
        *lead, *head, *tail,
        *(middle[kind] for kind in _MIDDLE_KINDS),
        *(first[KINDS.index(name)] for name in _FIRST_OF),
    ]  # fmt: skip


def _items(text: str) -> float:
    """Lines that begin as those of a list do."""
    return float(len(_LIST.findall(text))) if "\n" in text else 0.0


def _umlauts(text: str, size: int) -> float:
    return 0.0 if text.isascii() else (text.count("ä") + text.count("ö")) * 100 / max(size, 50)


def _count(text: str, words: tuple[str, ...]) -> int:
    return sum(map(text.count, words))


NAMES = (
    "size", "width",
    *Shape._fields, *(f"end_{name}" for name in Shape._fields),
    "variety", "ended", "asks_back", "list_head", "list", "marked", "umlauts", "first_person", "second_person",
    *(f"lead_{kind}" for kind in KINDS), *(f"head_{kind}" for kind in KINDS), *(f"tail_{kind}" for kind in KINDS),
    *(f"middle_{KINDS[kind]}" for kind in _MIDDLE_KINDS), *(f"first_{name}" for name in _FIRST_OF),
    "shared_lead", "shared_head", "shared_tail",
    *ASKED_KINDS, "prompt_ideographs", "prompt_umlauts", "prompt_width", "prompt_asks",
)  # fmt: skip

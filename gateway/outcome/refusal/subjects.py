"""Which of the subjects of a prompt come back in a reply: stems of its words, pairs of its ideographs.

Found by `subjects.lua` where LuaJIT is, else in Python, with the same result.
"""

from __future__ import annotations

import re
from functools import cache

import numpy as np
from numpy.typing import NDArray

from gateway.signals import luajit
from gateway.signals.ngrams import Codes, unfold

LONGEST = 1024  # codes of a prompt, a head, a tail
_WORD = re.compile(r"[^\W\d_]+")
_IDEOGRAPH = re.compile(r"[\u3400-\u9fff]")
_STEM = 6
_SHORTEST = 4  # letters of a word that is a subject

Shares = tuple[float, float, float]


def shared(prompt: Codes, head: Codes, tail: Codes, lead: int) -> Shares:
    """Which share of a prompt's subjects stands in the lead, the first codes of the head; in the head; in the tail."""
    loop = _loop()
    if loop is None:
        return shared_by_python(prompt, head, tail, lead)
    count, *found = loop(prompt.tobytes(), head.tobytes(), tail.tobytes(), lead - 1)  # a space stands before the text
    in_lead, in_head, in_tail = (each / count if count else 0.0 for each in found)
    return in_lead, in_head, in_tail


def shared_by_python(prompt: Codes, head: Codes, tail: Codes, lead: int) -> Shares:
    """What `shared` says, without LuaJIT."""
    subjects, text, end = _subjects(unfold(prompt)), unfold(head), unfold(tail)
    if not subjects:
        return 0.0, 0.0, 0.0
    there = [subject for subject in subjects if subject in text]
    at_end = sum(subject in end for subject in subjects)
    in_lead = sum(subject in text[: lead - 1] for subject in there)
    return in_lead / len(subjects), len(there) / len(subjects), at_end / len(subjects)


def _subjects(text: str) -> set[str]:
    found: set[str] = set()
    for word in _WORD.findall(text):
        if _IDEOGRAPH.search(word):
            found.update(word[at : at + 2] for at in range(len(word) - 1))
        elif len(word) >= _SHORTEST:
            found.add(word[:_STEM])
    return found


@cache
def _loop() -> luajit.Loop | None:
    return luajit.loop("gateway.outcome.refusal", "subjects.lua", luajit.address(_kinds()), LONGEST)


@cache
def _kinds() -> NDArray[np.uint8]:
    """By code: 0 no letter, 1 a letter, 2 an ideograph."""
    kinds = np.zeros(0x10000, np.uint8)
    letters = [code for code, letter in enumerate(map(chr, range(0x10000))) if letter.isalnum()]
    kinds[[code for code in letters if not chr(code).isdecimal()]] = 1  # as `_WORD` says
    kinds[[code for code in letters if _IDEOGRAPH.match(chr(code))]] = 2
    return kinds

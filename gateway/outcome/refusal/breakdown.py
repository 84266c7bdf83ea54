"""Signs that a whole reply broke down somewhere: stretches of another script, of symbols or of code, and loops.

The look of a reply as a whole dilutes a stretch of rubbish in its middle, so the reply is looked at window by window.
"""

from __future__ import annotations

import math
import re

import numpy as np
from numpy.typing import NDArray

from gateway.outcome.refusal.shape import Mark, codes, marks

REACH = 4096  # characters that are looked at from the front, and as many from the end
WINDOW = 64
_EDGE = 600  # runs of the front and of the end whose repetition is counted by itself
_MIX = np.uint64(0x9E3779B97F4A7C15)
_CLASSES = 16
_CODE = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)  # to be expected anywhere, so that it tells nothing
_KINDS = (Mark.RARE, Mark.CODE, Mark.DIGIT, Mark.LINE, Mark.UPPER, Mark.COMMON, Mark.IDEOGRAPH, Mark.FOREIGN)
_LATIN = np.isin(np.arange(_CLASSES), (Mark.LOWER, Mark.UPPER))
_OTHER = np.isin(np.arange(_CLASSES), (Mark.IDEOGRAPH, Mark.FOREIGN))
NAMES = (
    *(f"most_{mark.name.lower()}" for mark in _KINDS),
    "least_ideograph", "rare_twice", "rare_last", "upper_varies", "least_letters", "least_space",
    "strange", "strange_twice", "strange_mean", "strange_share", "strange_last", "mixed",
    "touching", "touching_twice", "touching_last", "touching_all", "humps", "humps_twice",
    "different", "different_front", "different_end", "commonest",
)  # fmt: skip


def signs(answer: str) -> list[float]:
    """One number for each of NAMES."""
    kept = answer if len(answer) <= 2 * REACH else answer[:REACH] + answer[-REACH:]
    if "```" in kept:
        kept = _CODE.sub("", kept)
    return [*_windows(marks(kept)), *_loops(kept)]


def _windows(seen: bytes) -> list[float]:
    """What the strangest windows hold, as shares of their characters."""
    count = max(len(seen) // WINDOW, 1)
    used = np.frombuffer(seen, np.uint8)[: count * WINDOW].astype(np.intp)
    size = min(len(used), WINDOW)
    places = np.arange(len(used)) // WINDOW * _CLASSES + used
    shares = np.bincount(places, minlength=count * _CLASSES).reshape(count, _CLASSES) / max(size, 50)
    columns = shares.T
    most = shares.max(0)
    scripts = np.stack((columns[Mark.LOWER] + columns[Mark.UPPER], columns[Mark.IDEOGRAPH], columns[Mark.FOREIGN]))
    letters = scripts.sum(0)
    own = scripts[scripts.sum(1).argmax()]
    strange = 1 - own / np.maximum(letters, 1e-6)  # letters of another script than most of the reply's
    return [
        *(float(most[mark]) for mark in _KINDS),
        float(columns[Mark.IDEOGRAPH].min()),
        _second(columns[Mark.RARE]),
        float(columns[Mark.RARE][-1]),
        float(columns[Mark.UPPER].std()),
        float(letters.min()),
        float((columns[Mark.SPACE] + columns[Mark.LINE]).min()),
        float(strange.max()),
        _second(strange),
        float(strange.mean()),
        float((strange > 0.5).mean()),
        float(strange[-1]),
        float(np.minimum(strange, 1 - strange).max()),
        *_meetings(used, count),
    ]


def _meetings(used: NDArray[np.intp], count: int) -> list[float]:
    """Where letters of two scripts touch, as no quotation makes them, and where a word is capital in its middle."""
    left, right = used[:-1], used[1:]
    place = np.arange(len(left)) // WINDOW
    latin, other = _LATIN.take(used), _OTHER.take(used)
    touch = (latin[:-1] & other[1:]) | (other[:-1] & latin[1:])
    hump = (left == Mark.LOWER) & (right == Mark.UPPER)
    touches, humps = (np.bincount(place[met], minlength=count).astype(float) for met in (touch, hump))
    most, total = float(touches.max()), float(touches.sum())
    return [most, _second(touches), float(touches[-1]), total / count, float(humps.max()), _second(humps)]


def _second(column: NDArray[np.float64]) -> float:
    return float(np.partition(column, -2)[-2]) if len(column) > 1 else 0.0


def _loops(text: str) -> list[float]:
    """Which share of the runs of eight is different, of all, in front and at the end; and the commonest's count."""
    runs = _longer(_longer(_longer(codes(text).astype(np.uint64), 1), 2), 4)
    if len(runs) < WINDOW:
        return [1.0, 1.0, 1.0, 0.0]
    every, edge = _counts(runs), min(_EDGE, len(runs))
    front, end = (len(_counts(part)) / edge for part in (runs[:edge], runs[-edge:]))
    return [len(every) / len(runs), front, end, math.log(every.max())]


def _longer(runs: NDArray[np.uint64], width: int) -> NDArray[np.uint64]:
    """A number for every run twice as long as those that `runs` numbers."""
    if len(runs) <= width:
        return runs[:0]
    mixed = runs[:-width] * _MIX + runs[width:]
    mixed *= _MIX
    return mixed ^ mixed >> np.uint64(32)


def _counts(runs: NDArray[np.uint64]) -> NDArray[np.intp]:
    ordered = np.sort(runs)
    starts = np.flatnonzero(ordered[1:] != ordered[:-1]) + 1
    return np.diff(starts, prepend=0, append=len(runs))

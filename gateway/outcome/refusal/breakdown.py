"""Signs that a whole reply broke down somewhere: stretches of another script, of symbols or of code, and loops.

The look of a reply as a whole dilutes a stretch of rubbish in its middle, so the reply is looked at window by
window: by `breakdown.lua` where LuaJIT is, else by numpy, with the same result.
"""

from __future__ import annotations

import math
import re
from functools import cache
from struct import Struct

import numpy as np
from numpy.typing import NDArray

from gateway.outcome.refusal.shape import Mark, codes, marks, table
from gateway.signals import luajit

REACH = 4096  # characters that are looked at from the front, and as many from the end
WINDOW = 64
_EDGE = 600  # runs of the front and of the end whose repetition is counted by itself
_MIX = np.uint64(0x9E3779B97F4A7C15)
_HALF = np.uint64(32)
_CLASSES = 16
_CODE = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)  # to be expected anywhere, so that it tells nothing
_KINDS = (Mark.RARE, Mark.CODE, Mark.DIGIT, Mark.LINE, Mark.UPPER, Mark.COMMON, Mark.IDEOGRAPH, Mark.FOREIGN)
_LATIN = (Mark.LOWER, Mark.UPPER)
_OTHER = (Mark.IDEOGRAPH, Mark.FOREIGN)
_TOUCH, _HUMP = 1, 2
_MEETING = np.zeros(_CLASSES * _CLASSES, np.uint8)  # by what stands left and right of a place
_MEETING[
    [_CLASSES * left + right for one, other in ((_LATIN, _OTHER), (_OTHER, _LATIN)) for left in one for right in other]
] = _TOUCH
_MEETING[_CLASSES * Mark.LOWER + Mark.UPPER] = _HUMP
NAMES = (
    *(f"most_{mark.name.lower()}" for mark in _KINDS),
    "least_ideograph", "rare_twice", "rare_last", "upper_varies", "least_letters", "least_space",
    "strange", "strange_twice", "strange_mean", "strange_share", "strange_last", "mixed",
    "touching", "touching_twice", "touching_last", "touching_all", "humps", "humps_twice",
    "different", "different_front", "different_end", "commonest",
)  # fmt: skip


def signs(answer: str) -> tuple[float, ...]:
    """One number for each of NAMES."""
    kept = answer if len(answer) <= 2 * REACH else answer[:REACH] + answer[-REACH:]
    if "```" in kept:
        kept = _CODE.sub("", kept)
    loop = _loop()
    return signs_by_numpy(kept) if loop is None else _SIGNS.unpack(loop(kept.encode("utf-32-le", "replace")))


def signs_by_numpy(kept: str) -> tuple[float, ...]:
    """What `signs` says of what is kept of an answer, without LuaJIT."""
    return (*_windows(marks(kept)), *_loops(kept))


_SIGNS = Struct(f"<{len(NAMES)}d")


@cache
def _loop() -> luajit.Loop | None:
    return luajit.loop("gateway.outcome.refusal", "breakdown.lua", luajit.address(table()), 2 * REACH)


def _windows(seen: bytes) -> list[float]:
    """What the strangest windows hold, as shares of their characters."""
    count = max(len(seen) // WINDOW, 1)
    used = np.frombuffer(seen, np.uint8)[: count * WINDOW]
    size = max(min(len(used), WINDOW), 50)
    counts = np.bincount(_places()[: len(used)] + used, minlength=count * _CLASSES).reshape(count, _CLASSES)
    most, columns = counts.max(0), np.ascontiguousarray(counts.T)
    latin = columns[Mark.LOWER] + columns[Mark.UPPER]
    letters = latin + columns[Mark.IDEOGRAPH] + columns[Mark.FOREIGN]
    return [
        *(most[list(_KINDS)] / size).tolist(),
        int(columns[Mark.IDEOGRAPH].min()) / size,
        _second(columns[Mark.RARE]) / size,
        int(columns[Mark.RARE][-1]) / size,
        _deviation(columns[Mark.UPPER]) / size,
        int(letters.min()) / size,
        int((columns[Mark.SPACE] + columns[Mark.LINE]).min()) / size,
        *_strangeness(latin, columns, letters),
        *_meetings(used, count),
    ]


@cache
def _places() -> NDArray[np.intp]:
    """Where the counts of each character's window begin."""
    return np.arange(2 * REACH) // WINDOW * _CLASSES


def _strangeness(latin: NDArray[np.intp], columns: NDArray[np.intp], letters: NDArray[np.intp]) -> list[float]:
    """How many letters of the windows are of another script than most of the reply's."""
    scripts = (latin, columns[Mark.IDEOGRAPH], columns[Mark.FOREIGN])
    sums = [int(script.sum()) for script in scripts]
    own = scripts[sums.index(max(sums))]
    strange = 1 - own / np.maximum(letters, 1e-6)
    most = float(strange.max())
    if most <= 0:
        return [0.0] * 6
    return [
        most,
        _second(strange),
        float(strange.mean()),
        int(np.count_nonzero(strange > 0.5)) / len(strange),
        float(strange[-1]),
        float(np.minimum(strange, 1 - strange).max()),
    ]


def _meetings(used: NDArray[np.uint8], count: int) -> list[float]:
    """Where letters of two scripts touch, as no quotation makes them, and where a word is capital in its middle."""
    met = _MEETING.take(used[:-1] * np.uint8(_CLASSES) + used[1:])
    places = np.flatnonzero(met)
    if not len(places):
        return [0.0] * 6
    windows, kinds = places // WINDOW, met.take(places)
    touches = np.bincount(windows[kinds == _TOUCH], minlength=count)
    humps = np.bincount(windows[kinds == _HUMP], minlength=count)
    return [
        *(float(touches.max()), _second(touches), float(touches[-1]), float(touches.sum()) / count),
        *(float(humps.max()), _second(humps)),
    ]


def _deviation(column: NDArray[np.intp]) -> float:
    """Its standard deviation; a fifth of what `std` takes."""
    mean = int(column.sum()) / len(column)
    return math.sqrt(max(int(column @ column) / len(column) - mean * mean, 0.0))


def _second(column: NDArray[np.generic]) -> float:
    return float(np.partition(column, -2)[-2]) if len(column) > 1 else 0.0


def _loops(text: str) -> list[float]:
    """Which share of the runs of eight is different, of all, in front and at the end; and the commonest's count."""
    runs = _longer(_longer(_longer(codes(text).astype(np.uint64), 1), 2), 4)
    size = len(runs)
    if size < WINDOW:
        return [1.0, 1.0, 1.0, 0.0]
    ends = _last_of_equals(runs)
    commonest = max(int(ends[0]) + 1, int((ends[1:] - ends[:-1]).max(initial=0)))
    different = len(ends) / size
    if size <= _EDGE:
        return [different, different, different, math.log(commonest)]
    front, end = (len(_last_of_equals(part)) / _EDGE for part in (runs[:_EDGE], runs[-_EDGE:]))
    return [different, front, end, math.log(commonest)]


def _longer(runs: NDArray[np.uint64], width: int) -> NDArray[np.uint64]:
    """A number for every run twice as long as those that `runs` numbers."""
    if len(runs) <= width:
        return runs[:0]
    mixed = runs[:-width] * _MIX
    mixed += runs[width:]
    mixed *= _MIX
    mixed ^= mixed >> _HALF
    return mixed


def _last_of_equals(runs: NDArray[np.uint64]) -> NDArray[np.intp]:
    """In order of size, where each different run stands last."""
    ordered = np.sort(runs)
    differs = np.empty(len(ordered), np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=differs[:-1])
    differs[-1] = True
    return np.flatnonzero(differs)

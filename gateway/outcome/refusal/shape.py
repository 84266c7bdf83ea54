"""What a reply looks like, whatever it says: scripts, their mixture, marks, line breaks, repetition, how it ends.

Broken output (a model that falls into another script, into code or into a loop) is seen here. Looked at by `shape.lua`
where LuaJIT is, else by numpy, with the same result.
"""

from __future__ import annotations

from enum import IntEnum
from functools import cache
from struct import Struct
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gateway.signals import luajit

LONGEST = 4096  # characters of a stretch


class Mark(IntEnum):
    """What kind of character stands somewhere."""

    RARE = 0  # anything that has no other kind
    SPACE = 1
    LINE = 2
    LOWER = 3
    UPPER = 4
    DIGIT = 5
    IDEOGRAPH = 6
    FOREIGN = 7
    COMMON = 8
    CODE = 9
    QUOTE = 10


_LATIN = (Mark.LOWER, Mark.UPPER)
_SWITCHES = tuple(bytes(pair) for latin in _LATIN for pair in ((Mark.IDEOGRAPH, latin), (latin, Mark.IDEOGRAPH)))
_HUMPS = (bytes((Mark.LOWER, Mark.UPPER)), bytes((Mark.LOWER, Mark.DIGIT)))
_FOREIGN_RANGES = ((0x400, 0x530), (0x590, 0xE80), (0x1100, 0x1200), (0x3040, 0x3100), (0xAC00, 0xD7B0))
_ENDS = frozenset(".!?。！？…”\"')）*》」`|]")


class Shape(NamedTuple):
    """Shares are per character, counts are per hundred characters, of the stretch that was read."""

    ideographs: float
    foreign: float  # letters of scripts other than Latin and Chinese
    rare: float  # symbols that prose does not need
    code: float
    digits: float
    quotes: float
    lines: float
    upper: float
    switches: float  # from Latin to ideographs and back
    humps: float  # a capital or digit straight after a small letter


_LOOK = Struct(f"<{2 * len(Shape._fields) + 1}d")  # the shapes of a stretch and of its end, and the end's variety


def look(text: str, ending: int) -> tuple[float, ...]:
    """The numbers of `Shape` for a text and for its last `ending` characters, and the variety of those."""
    loop = _loop()
    if loop is None or len(text) > LONGEST:
        return look_by_numpy(text, ending)
    wide = text.encode("utf-32-le", "replace")
    return _LOOK.unpack(loop(wide, min(ending, len(text))))


def look_by_numpy(text: str, ending: int) -> tuple[float, ...]:
    """What `look` says, without LuaJIT."""
    seen, end = marks(text), max(len(text) - ending, 0)
    return (*shape(seen), *shape(seen[end:]), variety(text[end:]))


@cache
def _loop() -> luajit.Loop | None:
    return luajit.loop("gateway.outcome.refusal", "shape.lua", luajit.address(table()), LONGEST)


@cache
def table() -> NDArray[np.uint8]:
    """The mark of each code."""
    table = np.zeros(0x10000, np.uint8)
    table[[ord(c) for c in " \t\u3000\u00a0"]] = Mark.SPACE
    table[ord("\n")] = Mark.LINE
    for low, high in ((0x61, 0x7B), (0xDF, 0x250)):
        table[low:high] = Mark.LOWER
    table[0x41:0x5B] = table[0xC0:0xDF] = Mark.UPPER
    table[0x30:0x3A] = Mark.DIGIT
    table[0x3400:0xA000] = Mark.IDEOGRAPH
    for low, high in _FOREIGN_RANGES:
        table[low:high] = Mark.FOREIGN
    table[[ord(c) for c in ".,;:!?'’‘()-–—…、。，；：！？（）*#%/·"]] = Mark.COMMON
    table[[ord(c) for c in "{}=\\|<>_[]`~^@$&+"]] = Mark.CODE
    table[[ord(c) for c in '"“”„«»「」《》『』']] = Mark.QUOTE
    return table


def marks(text: str) -> bytes:
    """The class of each character of the text as it came, not folded: counting bytes is quicker than counting codes."""
    return table().take(codes(text)).tobytes()


def shape(seen: bytes) -> Shape:
    """Of the classes of a stretch."""
    size = max(len(seen), 50)
    each = 100 / size
    count = np.bincount(np.frombuffer(seen, np.uint8), minlength=len(Mark)).tolist()
    latin = count[Mark.LOWER] + count[Mark.UPPER]
    return Shape(
        ideographs=count[Mark.IDEOGRAPH] / size,
        foreign=count[Mark.FOREIGN] * each,
        rare=count[Mark.RARE] * each,
        code=count[Mark.CODE] * each,
        digits=count[Mark.DIGIT] * each,
        quotes=count[Mark.QUOTE] * each,
        lines=count[Mark.LINE] * each,
        upper=count[Mark.UPPER] * each,
        switches=sum(map(seen.count, _SWITCHES)) * each if latin and count[Mark.IDEOGRAPH] else 0.0,
        humps=sum(map(seen.count, _HUMPS)) * each,
    )


def variety(text: str) -> float:
    """Different runs of four characters, as a share of all: low in a loop."""
    each = codes(text).astype(np.uint64)
    if len(each) < 8:
        return 1.0
    runs = each[:-3] | each[1:-2] << 16 | each[2:-1] << 32 | each[3:] << 48
    runs.sort()
    return (1 + int(np.count_nonzero(runs[1:] != runs[:-1]))) / len(runs)


def ended(text: str) -> bool:
    """The last character is one that ends a sentence, a quotation or a list."""
    return text[-1:] in _ENDS


def codes(text: str) -> NDArray[np.uint32]:
    """One 16-bit code a character, not folded."""
    return np.minimum(np.frombuffer(text.encode("utf-32-le", "replace"), np.uint32), 0xFFFF)

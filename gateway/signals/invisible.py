"""Characters that nobody sees: taken out before a text is read, so that they hide nothing. Pure."""

from __future__ import annotations

import re
from typing import Final

# Default_Ignorable_Code_Point of Unicode 16 (DerivedCoreProperties.txt), with the invisible format characters (general
# category Cf) that it leaves out because some renderers show them: they part words for a reader no more than those do.
_RANGES: Final = (
    *((0x00AD, 0x00AD), (0x034F, 0x034F), (0x061C, 0x061C), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F)),
    *((0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF)),
    *((0xFFA0, 0xFFA0), (0xFFF0, 0xFFFB), (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF)),
)
INVISIBLE: Final = "".join(rf"\U{first:08x}-\U{last:08x}" for first, last in _RANGES)
_INVISIBLE: Final = re.compile(f"[{INVISIBLE}]")
_TAG: Final = 0xE0000
_TAGS: Final = range(_TAG + 0x20, _TAG + 0x7F)  # letters that are spelled invisibly, each beside its ASCII twin
_USUAL: Final = frozenset("\u200c\u200d\ufe0e\ufe0f\ufeff\u00ad\u200e\u200f")  # of emoji, Persian, Indic, hyphenation
_MOST_UNUSUAL: Final = 8  # that a text may hold and still count as read
_SHARE: Final = 4  # of visible characters for each invisible one, below which a text hides something


def visible(text: str) -> tuple[str, bool]:
    """The text without them, and behind it what tag letters spell; and whether it holds suspiciously many."""
    if text.isascii() or not (hidden := _INVISIBLE.findall(text)):
        return text, False
    seen = _INVISIBLE.sub("", text)
    spelled = "".join(chr(ord(char) - _TAG) for char in hidden if ord(char) in _TAGS)
    seen = f"{seen}\n{spelled}" if spelled else seen
    unusual = sum(char not in _USUAL for char in hidden)
    return seen, unusual > _MOST_UNUSUAL or len(hidden) * _SHARE > len(text) - len(hidden)


def places(text: str) -> list[int]:
    """Where each character of `visible(text)` stands in the text."""
    kept = [at for at, char in enumerate(text) if not _INVISIBLE.match(char)]
    tags = [at for at, char in enumerate(text) if ord(char) in _TAGS]
    return [*kept, len(text), *tags] if tags else kept

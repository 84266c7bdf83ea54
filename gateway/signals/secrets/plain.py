"""A text as those read it who look past disguises: lookalikes and escapes undone, letters spaced out put together."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final
from unicodedata import normalize

_LATIN: Final = dict(
    zip("АВЕКМНОРСТХЅІЈаеорсухѕіјΑΒΕΖΗΙΚΜΝΟΡΤΥΧοѵԁԛԝ", "ABEKMHOPCTXSIJaeopcyxsijABEZHIKMNOPTYXovdqw", strict=True)
)
_WIDE: Final = (*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B), 0xFF0D, 0xFF0F, 0xFF20, 0xFF3F)
_STYLED: Final = {chr(code): normalize("NFKC", chr(code)) for code in (*_WIDE, *range(0x1D400, 0x1D800))}
_TWINS: Final = str.maketrans(_LATIN | {char: twin for char, twin in _STYLED.items() if len(twin) == 1})
_FANCY: Final = re.compile("[\uff0d\uff0f-\uff19\uff20-\uff3a\uff3f\uff41-\uff5a\U0001d400-\U0001d7ff]+")
_FANCY_ONES: Final = frozenset(map(chr, (*_WIDE, *range(0x1D400, 0x1D800))))
_FOREIGN: Final = re.compile("[{0}]+(?=[A-Za-z0-9_-])|(?<=[A-Za-z0-9_-])[{0}]+".format("".join(_LATIN)))
_BESIDE: Final = bytes(
    ord("?") if code == ord("?") else ord("x") if chr(code).isalnum() or chr(code) in "_-" else ord(" ")
    for code in range(128)
).ljust(256)
_WRITTEN: Final = re.compile(r"(?<!\\)\\++([nrt\"'/])")
_APART: Final = " \t,|"
_SPELLED: Final = re.compile(rf"(?<![A-Za-z0-9_-])[A-Za-z0-9_-](?:[{_APART}][A-Za-z0-9_-](?![A-Za-z0-9_-])){{11,512}}+")


def plain(text: str) -> str:
    """Lookalikes in Latin letters; what stands for a line's end or a quote inside a string as that."""
    if not text.isascii():
        if not _FANCY_ONES.isdisjoint(text):
            text = _FANCY.sub(lambda found: found[0].translate(_TWINS), text)
        beside = text.encode("ascii", "replace").translate(_BESIDE)
        if b"x?" in beside or b"?x" in beside:  # Cyrillic or Greek inside a Latin word
            text = _FOREIGN.sub(lambda found: found[0].translate(_TWINS), text)
    if "\\" in text:
        text = _WRITTEN.sub(lambda found: "\n" if found[1] in "nrt" else found[1], text)
    return text


def spelled(text: str) -> Iterator[tuple[int, int, str]]:
    """Each stretch that is written letter by letter, with the word that it spells."""
    for match in _SPELLED.finditer(text):
        yield match.start(), match.end(), re.sub(f"[{_APART}]", "", match[0])

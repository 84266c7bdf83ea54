"""Builds the folding table from Unicode, look-alikes and OpenCC's traditional characters.

Run it by `python -m training.folding`. `traditional.txt` pairs each traditional character with its simplified one: the
single-character rows of TSCharacters.txt of OpenCC (https://github.com/BYVoid/OpenCC, Apache-2.0), first choice only.
"""

from __future__ import annotations

import unicodedata
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gateway.signals.folding import SIZE

SHIPPED = Path(__file__).parents[2] / "gateway" / "signals" / "models" / "folding.npz"

# Letters that look like Latin ones: Cyrillic, Greek, Armenian, Latin phonetic and small capitals.
_ALIKE = (
    "аa еe оo рp сc хx уy іi јj ѕs һh ԁd ԛq ԝw кk мm тt вb нh зz гr "
    "αa οo εe ιi κk νv ρp τt υu χx ηn βb γy ωw "
    "օo սu հh ոn ցg ɑa ɡg ıi ᴀa ʙb ᴄc ᴅd ᴇe ꜰf ɢg ʜh ɪi ᴊj ᴋk ʟl ᴍm ɴn ᴏo ᴘp ʀr ꜱs ᴛt ᴜu ᴠv ᴡw ʏy ᴢz "
    "đd øo łl ħh ŧt ß" + "s"
)
_INVISIBLE = frozenset("\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u3164\ufeff\uffa0\u2800")
_SINGLE = ((0x3041, 0x3100), (0x3400, 0xA000), (0xAC00, 0xD7A4), (0xF900, 0xFB00))  # kana, ideographs, Hangul


def build() -> tuple[NDArray[np.uint16], NDArray[np.uint8]]:
    """The table by code point, and the kind by plain letter."""
    alike = {pair[0]: pair[1:] for pair in _ALIKE.split()}
    lines = (Path(__file__).parent / "traditional.txt").read_text(encoding="utf-8").split()
    simplified = {line[0]: line[1] for line in lines}
    table = np.array([_plain(code, alike, simplified) for code in range(SIZE)], np.uint16)
    while (again := table[table]).tolist() != table.tolist():  # a plain letter stays as it is
        table = again
    kinds = np.array([_kind(code) for code in range(0x10000)], np.uint8)
    return table, kinds


def _plain(code: int, alike: dict[str, str], simplified: dict[str, str]) -> int:
    letter = chr(code)
    if unicodedata.category(letter) in ("Cs", "Cn", "Co") and code < 0x10000:
        return ord(" ")
    if letter in _INVISIBLE or unicodedata.category(letter) in ("Mn", "Me", "Cf") or 0x200B <= code <= 0x200F:
        return 0
    if 0x1F1E6 <= code <= 0x1F1FF:  # flags are written with these letters
        return ord("a") + code - 0x1F1E6
    if 0xAC00 <= code < 0xD7A4:
        return code  # a Hangul syllable would decompose
    for _ in range(2):
        letter = unicodedata.normalize("NFKD", letter).lower().lstrip("( ")[:1] or " "
    letter = simplified.get(letter, letter)
    letter = alike.get(letter, letter)
    return ord(letter) if ord(letter) < 0x10000 else ord(" ")


def _kind(code: int) -> int:
    if any(first <= code < end for first, end in _SINGLE):
        return 2
    return int(chr(code).isalnum())

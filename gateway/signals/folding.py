"""Which letter stands for which: the table that makes disguised, accented and traditional letters plain.

The table is built by `training.folding` and shipped; reading it is the package's own data, once, and no other I/O.
"""

from __future__ import annotations

import io
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

SIZE = 0x20000  # code points told apart; all above read as a space


@cache
def _file() -> dict[str, NDArray[np.generic]]:
    packed = files("gateway.signals.models").joinpath("folding.npz").read_bytes()
    with np.load(io.BytesIO(packed), allow_pickle=False) as file:
        return dict(file)


@cache
def table() -> NDArray[np.uint16]:
    """By code point below SIZE: its plain letter, 0 for what is invisible."""
    return _file()["table"].astype(np.uint16)


@cache
def plain_ascii() -> tuple[bytes, bytes]:
    """What `bytes.translate` takes to fold ASCII: the plain letter of each byte, and the bytes that are invisible."""
    letters = table()[:0x80].tolist()
    return bytes(letters) + bytes(0x80), bytes(code for code, letter in enumerate(letters) if not letter)


@cache
def kinds() -> NDArray[np.uint8]:
    """By plain letter: 0 between words, 1 part of a word, 2 a word by itself (ideograph, kana, Hangul)."""
    return _file()["kinds"].astype(np.uint8)

"""Linear text models over hashed n-grams: folding, features and scores, vectorised and pure.

How to use it. `fold(text)` gives the letters that all models see: lower case, without accents, full-width and
look-alike letters as Latin, traditional Chinese as simplified, invisible characters left out. `features(codes, bits)`
gives buckets for every token (a word, or one Chinese character): the word, its stem or four characters, pairs and
triples. `Linear.scores(codes)` is one number a label, the log odds before the threshold; `Linear.windows(codes, size)`
is the same for every stretch of `size` tokens, so that one passage in a long text is seen. `extra` carries named
features that the caller found in another way (a lexicon's hits, a length class): they weigh in full, whatever the
length of the text.

A score is `bias + Σ weight·rarity / √Σ rarity² + Σ weight of extra`. Training multiplies by the same `rarity`, so what
`training.linear` fits is what is computed here. At most `LIMIT` characters are read at a time: cut longer text first.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from gateway.signals import folding

LIMIT = 8192  # characters read at a time
KINDS = 4  # features a token: itself, stem or four characters, pair, triple
STEM = 5  # letters of a word that its inflections share

_BASE = 0x9E3779B97F4A7C15
_MIX = np.uint64(0xD6E8FEB86659FD93)
_PAIR = np.uint64(0xA0761D6478BD642F)
_KIND = np.array([[0x1], [0x51ED270B], [0x2545F491], [0x4F6CDD1D]], np.uint64)

Codes = NDArray[np.uint16]
Scores = NDArray[np.float32]


def fold(text: str) -> Codes:
    """The text as the models and lexicons see it, one 16-bit code a character."""
    wide = np.frombuffer(text.encode("utf-32-le", "replace"), np.uint32)
    codes = folding.table()[np.minimum(wide, folding.SIZE - 1)]
    return codes if codes.all() else codes[codes > 0]


def unfold(codes: Codes) -> str:
    """Folded codes as a string, for lexicons; positions are those of `codes`."""
    return codes.astype("<u2").tobytes().decode("utf-16-le", "replace")


@cache
def _powers() -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    inverse = pow(_BASE, -1, 2**64)
    up = np.full(LIMIT + 1, _BASE, np.uint64)
    down = np.full(LIMIT + 1, inverse, np.uint64)
    up[0] = down[0] = 1
    return np.cumprod(up, dtype=np.uint64), np.cumprod(down, dtype=np.uint64)


def tokens(codes: Codes) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.bool_]]:
    """Where each token begins and ends, and whether it is a single ideograph."""
    kinds = folding.kinds()[codes]
    before = np.concatenate((np.zeros(1, np.uint8), kinds))
    after = np.concatenate((kinds, np.zeros(1, np.uint8)))
    edge = before != after
    ideograph = before[1:] == 2
    starts = np.flatnonzero((edge[:-1] & (kinds == 1)) | ideograph)
    ends = np.flatnonzero((edge[1:] & (kinds == 1)) | ideograph) + 1
    return starts, ends, ideograph[starts]


def features(codes: Codes, bits: int) -> NDArray[np.uint64]:
    """Buckets below 2**bits, shape (KINDS, tokens), of the first LIMIT codes."""
    codes = codes[:LIMIT]
    starts, ends, ideograph = tokens(codes)
    up, down = _powers()
    sums = np.concatenate((np.zeros(1, np.uint64), np.cumsum(codes * up[: len(codes)], dtype=np.uint64)))
    words = _mixed((sums[ends] - sums[starts]) * down[starts])
    pairs = _mixed(words * _PAIR + _shifted(words, 1))
    triples = _mixed(pairs * _PAIR + _shifted(words, 2))
    stems = _mixed((sums[np.minimum(ends, starts + STEM)] - sums[starts]) * down[starts])
    quads = _mixed(triples * _PAIR + _shifted(words, 3))
    rows = np.stack((words, np.where(ideograph, quads, stems), pairs, triples))
    return _mixed(rows * _KIND + _KIND) >> np.uint64(64 - bits)


def named(names: Iterable[str], bits: int) -> list[int]:
    """Buckets of named features; stable between machines and versions."""
    return [zlib.crc32(name.encode()) * 0x9E3779B1 % 2**32 >> (32 - bits) for name in names]


def _mixed(hashes: NDArray[np.uint64]) -> NDArray[np.uint64]:
    mixed: NDArray[np.uint64] = (hashes ^ (hashes >> np.uint64(32))) * _MIX
    return mixed


def _shifted(hashes: NDArray[np.uint64], by: int) -> NDArray[np.uint64]:
    return np.concatenate((hashes[by:], np.zeros(min(by, len(hashes)), np.uint64)))


@dataclass(frozen=True, slots=True, eq=False)
class Linear:
    """One linear model a label, over shared buckets."""

    labels: tuple[str, ...]
    bits: int
    table: Scores  # (2**bits, labels + 1): weight·rarity a label, then rarity²
    extras: Scores  # (2**EXTRA_BITS, labels): weights of named features
    bias: Scores

    def scores(self, codes: Codes, extra: Iterable[str] = ()) -> Scores:
        """Log odds a label for the first LIMIT codes."""
        found: Scores = self.table[features(codes, self.bits)].sum((0, 1))
        scores: Scores = self._scaled(found) + self.extra(extra)
        return scores

    def windows(self, codes: Codes, size: int) -> Scores:
        """Log odds a label, shape (windows, labels), for stretches of `size` tokens that overlap by half."""
        each: Scores = self.table[features(codes, self.bits)].sum(0)
        starts = np.arange(0, max(len(each) - size // 2, 1), size // 2)
        sums: Scores = np.concatenate((np.zeros((1, each.shape[1]), np.float32), np.cumsum(each, 0)))
        return self._scaled(sums[np.minimum(starts + size, len(each))] - sums[starts])

    def extra(self, names: Iterable[str]) -> Scores:
        """What named features add to every label."""
        weights: Scores = self.extras[named(names, EXTRA_BITS)].sum(0)
        return weights

    def _scaled(self, sums: Scores) -> Scores:
        length: Scores = np.sqrt(np.maximum(sums[..., -1:], np.float32(1e-6)))
        return np.divide(sums[..., :-1], length) + self.bias


EXTRA_BITS = 12


def load(packed: bytes) -> Linear:
    """A model as `training.linear` writes it: whole-number weights and one step a label."""
    with np.load(io.BytesIO(packed), allow_pickle=False) as file:
        rarity = file["rarity"].astype(np.float32) * file["rarity_step"]
        weights = file["weights"].astype(np.float32) * file["step"]
        return Linear(
            labels=tuple(str(label) for label in file["labels"]),
            bits=int(file["bits"]),
            table=np.concatenate((weights * rarity[:, None], rarity[:, None] ** 2), 1),
            extras=file["extras"].astype(np.float32),
            bias=file["bias"].astype(np.float32),
        )

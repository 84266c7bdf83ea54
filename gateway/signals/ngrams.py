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
A model may keep a row for its commonest buckets only; row 0 then stands for all others, whose weight is 0.

Scores are made by `ngrams.lua` where LuaJIT is, else by numpy; they differ in the last digits of a float32 at most.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
from numpy.typing import NDArray

from gateway.signals import folding, luajit

LIMIT = 8192  # characters read at a time
KINDS = 4  # features a token: itself, stem or four characters, pair, triple
STEM = 5  # letters of a word that its inflections share
OPENING = 64  # characters in which the first word is looked for
TALK = "opens"  # what begins with no word that asks or orders
OPENERS = frozenset(  # first words that say how a text means to be taken; few, so that no two share a bucket
    "how what why where when who which is are was were do does did can could should would will has have if please i we"
    " you he she they it my your the this that a an no not so yes and but in on at give tell write create make explain"
    " describe list provide suggest draft outline design develop generate propose show help teach find identify analyze"
    " compare summarize translate discuss pretend imagine ignore compose produce prove recommend name"
    " 为 如 怎 什 请 写 教 帮 给 你 我 他 她 在 谁 哪 是 有 列 介 分 解 描 假 从 编 生 提 设".split()
)

_BASE = 0x9E3779B97F4A7C15
_MIX = np.uint64(0xD6E8FEB86659FD93)
_PAIR = np.uint64(0xA0761D6478BD642F)
_KIND = np.array([0xD1342543DE82EF95, 0xAF251AF3B0F025B5, 0x9FB21C651E98DF25, 0xC2B2AE3D27D4EB4F], np.uint64)[:, None]

Codes = NDArray[np.uint16]
Scores = NDArray[np.float32]
Spans = tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.bool_]]  # begins, ends, is an ideograph


def fold(text: str) -> Codes:
    """The text as the models and lexicons see it, one 16-bit code a character."""
    if text.isascii():  # several times faster
        return np.frombuffer(text.encode().translate(*folding.plain_ascii()), np.uint8).astype(np.uint16)
    wide = np.frombuffer(text.encode("utf-32-le", "replace"), np.uint32)
    codes = folding.table().take(wide, mode="clip")
    return codes if np.count_nonzero(codes) == len(codes) else codes[codes > 0]


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


def tokens(codes: Codes) -> Spans:
    """Where each token begins and ends, and whether it is a single ideograph."""
    around = np.zeros(len(codes) + 2, np.uint8)
    folding.kinds().take(codes, out=around[1:-1], mode="clip")  # clip: unbuffered, and all are in range
    word = around == 1
    edges = np.flatnonzero(word[1:] != word[:-1])
    starts, ends = edges[::2], edges[1::2]
    if b"\x02" not in around.tobytes():
        return starts, ends, np.zeros(len(starts), np.bool_)
    singles = np.flatnonzero(around[1:-1] == 2)
    starts, ends = np.concatenate((starts, singles)), np.concatenate((ends, singles + 1))
    starts.sort()
    ends.sort()
    return starts, ends, around[starts + 1] == 2


def features(codes: Codes, bits: int, spans: Spans | None = None) -> NDArray[np.intp]:
    """Buckets below 2**bits, shape (KINDS, tokens), of the first LIMIT codes; `spans` are their tokens, if known."""
    codes = codes[:LIMIT]
    starts, ends, ideograph = tokens(codes) if spans is None else spans
    count = len(starts)
    up, down = _powers()
    sums = np.zeros(len(codes) + 1, np.uint64)
    np.cumsum(codes * up[: len(codes)], out=sums[1:])
    stops = np.empty((2, count), np.intp)  # of the word and of its stem
    stops[0] = ends
    np.minimum(ends, starts + STEM, out=stops[1])
    words = sums.take(stops)
    words -= sums.take(starts)
    words *= down.take(starts)
    following = np.zeros(count + 3, np.uint64)  # a text ends in three words that are 0
    rows = np.empty((KINDS, count), np.uint64)
    rows[:2] = _mixed(words)
    following[:count] = rows[0]
    linked = following * _PAIR
    np.add(linked[:-3], following[1:-2], out=rows[2])
    np.multiply(rows[2], _PAIR, out=rows[3])
    rows[3] += following[2:-1]
    if ideograph.any():
        np.copyto(rows[1], rows[3] * _PAIR + following[3:], where=ideograph)
    rows *= _KIND
    rows >>= np.uint64(64 - bits)
    return rows.view(np.int64)


def opening(codes: Codes) -> str:
    """The named feature of how a text begins: a question or an order begins otherwise than talk does."""
    head = unfold(codes[:OPENING]).split(maxsplit=1)
    word = head[0].strip("'\"(*-#>") if head else ""
    return next((f"opens:{name}" for name in (word, word.rstrip(",:."), word[:1]) if name in OPENERS), TALK)


def named(names: Iterable[str], bits: int) -> list[int]:
    """Buckets of named features; stable between machines and versions."""
    return [zlib.crc32(name.encode()) * 0x9E3779B1 % 2**32 >> (32 - bits) for name in names]


def _mixed(hashes: NDArray[np.uint64]) -> NDArray[np.uint64]:
    hashes ^= hashes >> np.uint64(32)
    hashes *= _MIX
    return hashes


@dataclass(frozen=True, eq=False)
class Linear:
    """One linear model a label, over shared buckets."""

    labels: tuple[str, ...]
    bits: int
    table: Scores  # (rows, labels + 1): weight·rarity a label, then rarity²
    extras: Scores  # (2**EXTRA_BITS, labels): weights of named features
    bias: Scores
    rows: NDArray[np.uint16] | None = None  # the row of each of 2**bits buckets; None: as many rows as buckets

    def scores(self, codes: Codes, extra: Sequence[str] = ()) -> Scores:
        """Log odds a label for the first LIMIT codes."""
        scores: Scores = self.windows(codes, 2 * LIMIT)[0][0]
        return scores + self.extra(extra) if extra else scores

    def windows(self, codes: Codes, size: int) -> tuple[Scores, list[int]]:
        """Log odds a label, shape (windows, labels), and where each half of a window begins.

        Windows have `size` tokens (an even number) and overlap by half; the last one is the whole, on their average.
        Not to be written to.
        """
        if self._loop is None:
            return self.windows_by_numpy(codes, size)
        packed = self._loop(codes.tobytes(), size // 2)
        labels = len(self.labels)
        halves = len(packed) // (4 * labels + 4)
        scores = np.frombuffer(packed, np.float32, halves * labels).reshape(halves, labels)
        return scores, np.frombuffer(packed, np.int32, offset=scores.nbytes).tolist()

    def windows_by_numpy(self, codes: Codes, size: int) -> tuple[Scores, list[int]]:
        """What `windows` says, without LuaJIT."""
        spans = tokens(codes[:LIMIT])
        count = len(spans[0])
        half = min(size // 2, max(count, 1))
        halves = max(-(-count // half), 1)
        buckets = features(codes, self.bits, spans)
        rows = np.zeros((KINDS, halves * half, self.table.shape[1]), np.float32)
        rows[:, :count] = self.table.take(buckets if self.rows is None else self.rows.take(buckets), 0)
        sums = rows.reshape(KINDS, halves, half, -1).sum((0, 2))
        both = np.concatenate((sums[:-1] + sums[1:], sums.sum(0, keepdims=True)))
        if halves > 1:
            both[-1, :-1] *= np.float32((2 / halves) ** 0.5)  # as much as one window: length alone says nothing
        length = np.sqrt(np.maximum(both[:, -1:], np.float32(1e-6)))
        return both[:, :-1] / length + self.bias, spans[0][::half].tolist() or [0]

    @cached_property
    def _loop(self) -> luajit.Loop | None:
        where = (luajit.address(array) for array in (self.table, self.rows, self.bias, folding.kinds()))
        return luajit.loop("gateway.signals", "ngrams.lua", self.table.shape[1], self.bits, *where, LIMIT)

    def extra(self, names: Iterable[str]) -> Scores:
        """What named features add to every label."""
        weights: Scores = self.extras[named(names, EXTRA_BITS)].sum(0)
        return weights


EXTRA_BITS = 12


def load(packed: bytes) -> Linear:
    """A model as `training.linear` writes it: whole-number weights and one step a label."""
    with np.load(io.BytesIO(packed), allow_pickle=False) as file:
        return unpacked(file)


def unpacked(file: Mapping[str, NDArray[np.generic]]) -> Linear:
    """A model from its named arrays."""
    rarity = file["rarity"].astype(np.float32) * file["rarity_step"].astype(np.float32)
    weights = file["weights"].astype(np.float32) * file["step"].astype(np.float32)
    bits = int(file["bits"].astype(np.int64))
    return Linear(
        labels=tuple(str(label) for label in file["labels"]),
        bits=bits,
        table=np.concatenate((weights * rarity[:, None], rarity[:, None] ** 2), 1),
        extras=file["extras"].astype(np.float32),
        bias=file["bias"].astype(np.float32),
        rows=_rows(file["gaps"].astype(np.int64), bits) if "gaps" in file else None,
    )


def _rows(gaps: NDArray[np.int64], bits: int) -> NDArray[np.uint16]:
    """Row 1 and on for the buckets that are `gaps` apart, row 0 for all others."""
    rows = np.zeros(2**bits, np.uint16)
    rows[np.cumsum(gaps)] = np.arange(1, len(gaps) + 1)
    return rows

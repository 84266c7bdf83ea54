"""Boosted decision trees as flat arrays: walked one by one by LuaJIT, or all together by numpy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from gateway.signals import luajit


@dataclass(frozen=True, eq=False)
class Trees:
    """`count` trees of the same depth, every one complete: where one ends early, both ways lead to the same value.

    Nodes stand level by level, those of a level tree by tree: below node i of a level are 2i and 2i + 1 of the next.
    """

    count: int
    depth: int  # at least 1
    feature: NDArray[np.intp]  # count · (2**depth - 1)
    threshold: NDArray[np.float32]  # a number above it goes to the second
    value: NDArray[np.float64]  # count · 2**depth: what each end adds to the log odds
    base: float

    def log_odds(self, numbers: NDArray[np.float32]) -> float:
        """For one row of numbers."""
        if self._loop is None:
            return self.log_odds_by_numpy(numbers)
        return self.base + float(self._loop(numbers[: self._longest].tobytes()))

    def log_odds_by_numpy(self, numbers: NDArray[np.float32]) -> float:
        """What `log_odds` says, without LuaJIT: all trees take one step at a time together."""
        above = (numbers.take(self.feature) > self.threshold).view(np.uint8)
        at, begin, width = np.arange(self.count), 0, self.count
        for _ in range(self.depth):
            step = above[begin : begin + width].take(at)
            at = at + at
            at += step
            begin, width = begin + width, 2 * width
        return self.base + float(self.value.take(at).sum())

    @cached_property
    def _loop(self) -> luajit.Loop | None:
        where = (luajit.address(self._nodes), luajit.address(self.value))
        given = (self.count, self.depth, self._longest, *where)
        return luajit.loop("gateway.outcome.refusal", "trees.lua", *given)

    @cached_property
    def _longest(self) -> int:
        """How many numbers of a row are read."""
        return int(self.feature.max()) + 1

    @cached_property
    def _nodes(self) -> NDArray[np.int32]:
        """Number and threshold of every node, tree by tree; a threshold by the bits of its float32."""
        nodes = np.empty((self.count, 2**self.depth - 1, 2), np.int32)
        for level in range(self.depth):
            first, width = 2**level - 1, 2**level
            there = slice(self.count * first, self.count * (first + width))
            nodes[:, first : first + width, 0] = self.feature[there].reshape(-1, width)
            nodes[:, first : first + width, 1] = self.threshold[there].view(np.int32).reshape(-1, width)
        return nodes


def unpack(file: Mapping[str, NDArray[np.generic]], name: str) -> Trees:
    """One set of trees out of a file that holds several."""
    return Trees(
        count=int(file[f"{name}_count"]),
        depth=int(file[f"{name}_depth"]),
        feature=file[f"{name}_feature"].astype(np.intp),
        threshold=file[f"{name}_threshold"].astype(np.float32),
        value=file[f"{name}_value"].astype(np.float64),
        base=float(file[f"{name}_base"]),
    )

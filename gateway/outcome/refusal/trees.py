"""Boosted decision trees as flat arrays: all trees take one step at a time together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
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
        above = (numbers.take(self.feature) > self.threshold).view(np.uint8)
        at, begin, width = np.arange(self.count), 0, self.count
        for _ in range(self.depth):
            step = above[begin : begin + width].take(at)
            at = at + at
            at += step
            begin, width = begin + width, 2 * width
        return self.base + float(self.value.take(at).sum())


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

"""Boosted decision trees as flat arrays: all trees take one step at a time together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Trees:
    """Nodes of all trees, one after the other; a leaf leads to itself."""

    roots: NDArray[np.intp]
    feature: NDArray[np.intp]
    threshold: NDArray[np.float64]
    below: NDArray[np.intp]  # where a number at or below the threshold leads
    above: NDArray[np.intp]
    value: NDArray[np.float64]  # what a leaf adds to the log odds
    base: float
    depth: int

    def log_odds(self, numbers: NDArray[np.float32]) -> float:
        """For one row of numbers."""
        at = self.roots
        for _ in range(self.depth):
            low = numbers.take(self.feature.take(at)) <= self.threshold.take(at)
            at = np.where(low, self.below.take(at), self.above.take(at))
        return self.base + float(self.value.take(at).sum())


def unpack(file: Mapping[str, NDArray[np.generic]], name: str) -> Trees:
    """One set of trees out of a file that holds several."""
    return Trees(
        roots=file[f"{name}_roots"].astype(np.intp),
        feature=file[f"{name}_feature"].astype(np.intp),
        threshold=file[f"{name}_threshold"].astype(np.float64),
        below=file[f"{name}_below"].astype(np.intp),
        above=file[f"{name}_above"].astype(np.intp),
        value=file[f"{name}_value"].astype(np.float64),
        base=float(file[f"{name}_base"]),
        depth=int(file[f"{name}_depth"]),
    )

"""Writes what was fitted as the files that the package ships."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

import gateway.outcome.refusal
from gateway.outcome.refusal.model import Limits
from gateway.outcome.refusal.trees import Trees
from training import linear
from training.files import write
from training.refusal.fit import Fitted

MODELS = Path(gateway.outcome.refusal.__file__).parent / "models"


def pack(fitted: Fitted, limits: Mapping[str, Limits], folder: Path = MODELS) -> None:
    """Small types; the trees are rounded before they are measured, so nothing is lost here."""
    arrays: dict[str, np.ndarray] = {}
    for (stage, label), trees in fitted.trees.items():
        arrays |= _arrays(f"{stage}_{label}", trees)
    arrays |= _arrays("suspect", fitted.suspect) | _arrays("broken", fitted.broken)
    for stage, limit in limits.items():
        arrays[f"{stage}_limits"] = np.array([limit.refused, limit.declined, limit.broken])
    write(folder / "trees.npz", **arrays)
    linear.save(folder / "words.npz", fitted.words)


def _arrays(name: str, trees: Trees) -> dict[str, np.ndarray]:
    return {
        f"{name}_count": np.array(trees.count),
        f"{name}_depth": np.array(trees.depth),
        f"{name}_feature": trees.feature.astype(np.uint8),
        f"{name}_threshold": trees.threshold,
        f"{name}_value": trees.value.astype(np.float32),
        f"{name}_base": np.array(trees.base),
    }

"""Fits the refusal model: a linear model over words first, then trees over its scores and the other numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import GroupKFold

from gateway.outcome.refusal.breakdown import signs
from gateway.outcome.refusal.features import HEAD, LOOKS, numbers, read_prompt, read_reply
from gateway.outcome.refusal.trees import Trees
from gateway.signals import ngrams
from gateway.signals.ngrams import Linear
from training import linear
from training.refusal.broken import broken, sound
from training.refusal.rows import Row

BITS = 16
STRENGTH = 6.0
HOLD = 160  # characters of an opening that the words are learnt from
FOLDS = 4  # in which the trees see words' scores that were not fitted on the row itself
LABELS = ("refused", "declined")
SEEDS = 3  # fits of the same trees whose mean is taken
REFUSAL_WEIGHT = 2.5  # a refusal counts so much more than an answer: there are fewer
TREES = {
    "max_iter": 220, "learning_rate": 0.06, "max_features": 0.25, "max_depth": 4, "min_samples_leaf": 10,
    "l2_regularization": 1.0, "early_stopping": False,
}  # fmt: skip
BROKEN = TREES | {"max_iter": 120, "learning_rate": 0.08, "max_features": 0.3, "max_depth": 3}
SUSPECT = TREES | {"max_iter": 60, "learning_rate": 0.12, "max_features": 1.0, "max_depth": 3}
SUSPECT_WEIGHT = 3.0  # a breakdown counts so much more than a sound reply: none is to be overlooked


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """What one fit gives; the thresholds are chosen elsewhere."""

    words: linear.Fitted
    suspect: Trees
    broken: Trees
    trees: dict[tuple[str, str], Trees]  # by stage and label


def fixed(rows: Sequence[Row]) -> np.ndarray:
    """The numbers that need no fitting, one line a row."""
    return np.array([_line(row.prompt, row.answer, final=row.final) for row in rows], np.float32)


@cache
def _line(prompt: str, answer: str, *, final: bool) -> list[float]:
    return numbers(_asked(prompt), answer, read_reply(answer, final=final), final=final)


_asked = cache(read_prompt)


def truths(rows: Sequence[Row]) -> np.ndarray:
    """Refused and declined, one line a row."""
    return np.array([(row.refused, row.label == "denial") for row in rows], bool)


def fit(rows: Sequence[Row], fixed_numbers: np.ndarray) -> Fitted:
    """`rows` are whole replies and openings together; each stage learns from its own."""
    said = _scores_of_others(rows)
    table = np.hstack((fixed_numbers, said)).astype(np.float32)
    whole = np.array([row.final for row in rows])
    truth, worths = truths(rows), np.array([row.worth for row in rows])
    trees = {}
    for stage, picked in (("whole", whole), ("opening", ~whole)):
        refused, worth = truth[picked, 0], worths[picked]
        for column, (label, other) in enumerate((("refused", 1.0), ("declined", 0.3))):
            weights = worth * np.where(refused, REFUSAL_WEIGHT, other)
            trees[stage, label] = _boost(table[picked], truth[picked, column], weights)
    return Fitted(_words(rows), *_breakdowns(rows), trees)


def looks_of(rows: Sequence[Row]) -> np.ndarray:
    """What the trees for a breakdown read, one line a row."""
    return np.array([_look(row.prompt, row.answer) for row in rows], np.float32)


@cache
def _look(prompt: str, answer: str) -> list[float]:
    return [*_line(prompt, answer, final=True)[:LOOKS], *signs(answer)]


def _breakdowns(rows: Sequence[Row]) -> tuple[Trees, Trees]:
    """Trees that tell replies broken for it from sound ones, first by few signs, then by all.

    Recorded refusals are not learnt from.
    """
    answered = [row for row in rows if row.final and not row.refused]
    every = [*answered, *broken([row for row in answered if row.source in ("speechmap", "own")]), *sound()]
    table, truth = looks_of(every), np.array([row.refused for row in every])
    suspect = _boost(table[:, :LOOKS], truth, np.where(truth, SUSPECT_WEIGHT, 1.0), SUSPECT, seeds=1)
    return suspect, _boost(table, truth, np.ones(len(every)), BROKEN)


def word_scores(words: Linear, rows: Sequence[Row]) -> np.ndarray:
    """What the words say of each label, one line a row."""
    return np.array([words.scores(ngrams.fold(row.answer[:HEAD])) for row in rows], np.float32)


def _words(rows: Sequence[Row]) -> linear.Fitted:
    """From whole replies and from what a hold sees of them."""
    examples = [
        linear.Example(
            text=row.answer[:HEAD],
            labels={"refused": int(row.refused), "declined": int(row.label == "denial")},
            weight=row.worth * (REFUSAL_WEIGHT if row.refused else 1.0) * (1.0 if row.final else 0.3),
        )
        for row in rows
        if row.final or len(row.answer) == HOLD
    ]
    return linear.fit(examples, LABELS, BITS, STRENGTH)


def _scores_of_others(rows: Sequence[Row]) -> np.ndarray:
    said = np.zeros((len(rows), len(LABELS)), np.float32)
    groups = [row.group for row in rows]
    for seen, unseen in GroupKFold(FOLDS).split(groups, groups=groups):
        words = linear.packed(_words([rows[i] for i in seen]))
        said[unseen] = word_scores(words, [rows[i] for i in unseen])
    return said


def _boost(
    table: np.ndarray,
    truth: np.ndarray,
    weights: np.ndarray,
    how: Mapping[str, Any] = TREES,
    *,
    seeds: int = SEEDS,
) -> Trees:
    """The mean of fits that differ in chance alone: one by itself is up to a hundredth of F1 better or worse."""
    nodes, base = [], 0.0
    for seed in range(seeds):
        model = HistGradientBoostingClassifier(**how, random_state=seed)
        model.fit(table, truth, sample_weight=weights)
        # The only way to a fitted tree's nodes: the library offers none, and its version is pinned.
        nodes += [stage[0].nodes for stage in model._predictors]
        base += float(model._baseline_prediction.ravel()[0])
    return _flat(nodes, base / seeds, how["max_depth"], seeds)


def _flat(trees: list[np.ndarray], base: float, depth: int, seeds: int) -> Trees:
    """Complete trees: an end that comes early stands for all that would be below it."""
    at = np.zeros((len(trees), 1), np.intp)
    features, thresholds = [], []
    for _ in range(depth):
        found = _nodes(trees, at)
        leaf = found["is_leaf"].astype(bool)
        features.append(np.where(leaf, 0, found["feature_idx"]).ravel())
        thresholds.append(np.where(leaf, np.inf, found["num_threshold"]).ravel())
        left, right = (np.where(leaf, at, found[side]) for side in ("left", "right"))
        at = np.stack((left, right), -1).reshape(len(trees), -1)
    return Trees(
        count=len(trees),
        depth=depth,
        feature=np.concatenate(features).astype(np.intp),
        threshold=np.concatenate(thresholds).astype(np.float32),
        value=(_nodes(trees, at)["value"].ravel() / seeds).astype(np.float32).astype(np.float64),
        base=base,
    )


def _nodes(trees: list[np.ndarray], at: np.ndarray) -> np.ndarray:
    return np.stack([nodes[places] for nodes, places in zip(trees, at, strict=True)])

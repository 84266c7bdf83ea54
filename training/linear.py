"""Fits the linear n-gram models that `gateway.signals.ngrams` computes, and writes them small.

examples = [Example(text, {"refusal": 1}, weight=2.0, extra=("short",)), …]
model = fit(examples, ("refusal",), bits=17, strength=4.0)
save(path, model)        # reads back by gateway.signals.ngrams.load(path.read_bytes())

With `most`, only that many of the commonest buckets are learnt from: a word seen once says little of other texts, and
as all others share one row, there can be so many buckets that few words share one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import numpy as np
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from gateway.signals import ngrams
from training.files import write

EXTRA_SCALE = 0.25  # how strongly a named feature speaks while fitting, against the whole text's 1
CONTRAST_PRIOR = 3.0  # texts of either answer that every bucket counts as seen in
CONTRAST_LEAST = 0.5


@dataclass(frozen=True, slots=True)
class Example:
    """One text to learn from."""

    text: str
    labels: Mapping[str, int]  # 1 yes, 0 no; a label left out is not learnt from this text
    weight: float = 1.0
    extra: tuple[str, ...] = field(default=())
    less: Mapping[str, float] = field(default_factory=dict)  # by label, what its weight is multiplied by


@dataclass(frozen=True, slots=True)
class Fitted:
    """A model before it is made small."""

    labels: tuple[str, ...]
    bits: int
    weights: np.ndarray  # (rows, labels), to be multiplied by rarity
    rarity: np.ndarray
    extras: np.ndarray
    bias: np.ndarray
    kept: np.ndarray | None  # the buckets of row 1 and on; None: a row a bucket


def matrix(examples: Sequence[Example], bits: int) -> sparse.csr_matrix:
    """Counts of buckets, one row a text."""
    found = [_buckets(e.text, bits) for e in examples]
    ends = np.cumsum([0] + [len(f) for f in found])
    columns = np.concatenate(found)
    counts = sparse.csr_matrix((np.ones(len(columns), np.float32), columns, ends), (len(examples), 2**bits))
    counts.sum_duplicates()
    return counts


@cache
def _buckets(text: str, bits: int) -> np.ndarray:
    """Kept, because a cross-validation reads each text in most of its folds."""
    return ngrams.features(ngrams.fold(text), bits).ravel().astype(np.int32)


def fit(
    examples: Sequence[Example],
    labels: tuple[str, ...],
    bits: int,
    strength: float,
    most: int | None = None,
    contrasted: Mapping[str, float] | None = None,
) -> Fitted:
    """One logistic regression a label, over the examples that say yes or no to it; `contrasted` have own strengths."""
    contrasted = contrasted or {}
    counts, kept = matrix(examples, bits), None
    if most is not None:
        counts, kept = _commonest(counts, most)
    rarity = _rarity(counts, shared=kept is not None)
    together = sparse.hstack((_scaled(counts, rarity, kept is not None), _extras(examples) * EXTRA_SCALE)).tocsr()
    weights = np.zeros((together.shape[1], len(labels)), np.float32)
    bias = np.zeros(len(labels), np.float32)
    for column, label in enumerate(labels):
        rows = np.array([i for i, e in enumerate(examples) if label in e.labels])
        wanted = np.array([examples[i].labels[label] for i in rows])
        worth = _balanced(wanted, _weights([examples[i] for i in rows], label))
        scale = _contrast(together[rows], wanted, worth) if label in contrasted else np.ones(together.shape[1])
        regression = LogisticRegression(
            C=contrasted.get(label, strength), solver="liblinear", tol=1e-3, max_iter=200, random_state=0
        )
        regression.fit(together[rows] @ sparse.diags(scale), wanted, worth)
        weights[:, column], bias[column] = regression.coef_[0] * scale, regression.intercept_[0]
    split = len(rarity)
    return Fitted(labels, bits, weights[:split], rarity, weights[split:] * EXTRA_SCALE, bias, kept)


def _contrast(found: sparse.csr_matrix, wanted: np.ndarray, worth: np.ndarray) -> np.ndarray:
    """How unequally yes and no have each column, as in NB-SVM (Wang and Manning 2012): what both have may say less."""
    there = found.copy()
    there.data[:] = 1
    yes, no = (there.T @ (worth * (wanted == answer)) + CONTRAST_PRIOR for answer in (1, 0))
    contrast: np.ndarray = np.abs(np.log(yes / yes.sum() * no.sum() / no)) + CONTRAST_LEAST
    return contrast


def _weights(examples: Sequence[Example], label: str) -> np.ndarray:
    return np.array([e.weight * e.less.get(label, 1.0) for e in examples])


def _balanced(wanted: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The weights, with a rarer answer counting more: by the square root of how much rarer."""
    yes, no = weights[wanted == 1].sum(), weights[wanted == 0].sum()
    return np.where(wanted == 1, weights * np.sqrt(no / yes), weights) if 0 < yes < no else weights


def _commonest(counts: sparse.csr_matrix, most: int) -> tuple[sparse.csr_matrix, np.ndarray]:
    """Column 0 for all buckets but the `most` commonest that stand in two texts or more, and which these are."""
    seen = np.bincount(counts.indices, minlength=counts.shape[1])
    order = np.argsort(-seen, kind="stable")[:most]
    kept = np.sort(order[seen[order] > 1])
    own = counts[:, kept]
    return sparse.hstack((sparse.csr_matrix(counts.sum(1) - own.sum(1)), own)).tocsr(), kept


def _rarity(counts: sparse.csr_matrix, *, shared: bool) -> np.ndarray:
    seen = np.bincount(counts.indices, minlength=counts.shape[1])
    rarity = np.log((1 + counts.shape[0]) / (1 + seen)).astype(np.float32)
    if shared:
        seen[0] = 0
    rarity[seen == 0] = np.log(1 + counts.shape[0]) * 0.5  # unseen words thin the evidence, but only half
    return rarity


def _scaled(counts: sparse.csr_matrix, rarity: np.ndarray, shared: bool) -> sparse.csr_matrix:
    """Every text with length 1; of what shares a row nothing is learnt."""
    norms = np.sqrt(np.maximum(np.asarray(counts @ (rarity**2)[:, None]).ravel(), 1e-6))
    taught = np.where(np.arange(len(rarity)) == 0, 0, rarity) if shared else rarity
    return sparse.diags(1 / norms) @ counts.multiply(taught[None, :]).tocsr()


def _extras(examples: Sequence[Example]) -> sparse.csr_matrix:
    rows = [(i, bucket) for i, e in enumerate(examples) for bucket in ngrams.named(e.extra, ngrams.EXTRA_BITS)]
    found = sparse.csr_matrix(
        (np.ones(len(rows), np.float32), ([i for i, _ in rows], [b for _, b in rows])),
        (len(examples), 2**ngrams.EXTRA_BITS),
    )
    return found


def small(model: Fitted) -> dict[str, np.ndarray]:
    """As whole numbers of 8 bits, under the names that `gateway.signals.ngrams.load` reads."""
    step = np.maximum(np.abs(model.weights).max(0) / 127, 1e-9)
    rarity_step = model.rarity.max() / 255
    gaps = {} if model.kept is None else {"gaps": np.diff(model.kept, prepend=0).astype(np.uint32)}
    return gaps | {
        "labels": np.array(model.labels),
        "bits": np.array(model.bits),
        "weights": np.round(model.weights / step).astype(np.int8),
        "step": step.astype(np.float32),
        "rarity": np.round(model.rarity / rarity_step).astype(np.uint8),
        "rarity_step": np.float32(rarity_step),
        "extras": model.extras.astype(np.float16),
        "bias": model.bias,
    }


def save(path: Path, model: Fitted) -> None:
    """The same model gives the same bytes."""
    write(path, **small(model))


def packed(model: Fitted) -> ngrams.Linear:
    """As it would be after saving and loading."""
    return ngrams.unpacked(small(model))


def shifted(model: Fitted, thresholds: Mapping[str, Mapping[str, float]]) -> Fitted:
    """The same model, with 0 as the threshold: by label, one for all texts (`""`) and more for named features."""
    bias, extras = model.bias.copy(), model.extras.copy()
    for column, label in enumerate(model.labels):
        for name, threshold in thresholds[label].items():
            if name:
                extras[ngrams.named([name], ngrams.EXTRA_BITS), column] -= threshold
            else:
                bias[column] -= threshold
    return replace(model, bias=bias, extras=extras)

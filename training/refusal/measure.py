"""How good the refusal model is: cross-validated by group, by vendor left out, and on rows kept elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from joblib import Parallel, delayed
from sklearn.model_selection import GroupKFold

from gateway.outcome.refusal.features import read_prompt
from gateway.outcome.refusal.model import SURE, Limits, is_suspect, load
from training import linear
from training.refusal.fit import LABELS, Fitted, fit, fixed, looks_of, truths, word_scores
from training.refusal.rows import Row, opened

FOLDS = 5
DRAWS = 400  # of whole groups, for an interval
Split = Iterator[tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """Rows with log odds from a model that did not see their group (or vendor)."""

    rows: list[Row]
    odds: np.ndarray  # refused, declined and, before limits are taken off, broken

    def where(self, wanted: Callable[[Row], bool]) -> Scored:
        picked = [i for i, row in enumerate(self.rows) if wanted(row)]
        return Scored([self.rows[i] for i in picked], self.odds[picked])


def by_group(rows: Sequence[Row]) -> Split:
    """Folds that share no question."""
    groups = [row.group for row in rows]
    yield from GroupKFold(FOLDS, shuffle=True, random_state=0).split(groups, groups=groups)


def by_vendor(rows: Sequence[Row]) -> Split:
    """Each vendor of a model judged by a model that never saw it."""
    vendors = np.array([row.vendor for row in rows])
    for vendor in sorted(set(vendors)):
        yield np.flatnonzero(vendors != vendor), np.flatnonzero(vendors == vendor)


def crossed(rows: list[Row], always: list[Row], splits: Split, size: int) -> tuple[Scored, Scored]:
    """Whole replies, and their first `size` characters. `always` is learnt from in every fold."""
    whole, first = np.zeros((len(rows), 3)), np.zeros((len(rows), 3))
    cut, folds = [opening(row, size) for row in rows], list(splits)
    found = Parallel(n_jobs=-1)(delayed(_of_others)(rows, cut, always, *fold) for fold in folds)
    for (_, unseen), (ended, going) in zip(folds, found, strict=True):
        whole[unseen], first[unseen] = ended, going
    return Scored(rows, whole), Scored(cut, first)


def _of_others(
    rows: list[Row], cut: list[Row], always: list[Row], seen: np.ndarray, unseen: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    known = [*(rows[i] for i in seen), *always]
    known += opened(known)
    fitted = fit(known, fixed(known))
    return odds(fitted, [rows[i] for i in unseen]), odds(fitted, [cut[i] for i in unseen])


def opening(row: Row, size: int) -> Row:
    """The row as it stands after `size` characters; whole if it is no longer than that."""
    return row if len(row.answer) <= size else opened([row], (size,))[0]


def odds(fitted: Fitted, rows: Sequence[Row]) -> np.ndarray:
    """Of refused, declined and broken, one line a row, each by the stage it belongs to."""
    table = np.hstack((fixed(rows), word_scores(linear.packed(fitted.words), rows))).astype(np.float32)
    found = []
    for row, line, look in zip(rows, table, looks_of(rows), strict=True):
        stage = "whole" if row.final else "opening"
        said = (fitted.trees[stage, label].log_odds(line) for label in LABELS)
        suspected = row.final and is_suspect(fitted.suspect, look, len(row.answer))
        found.append((*said, fitted.broken.log_odds(look) if suspected else -np.inf))
    return np.array(found)


def f1(truth: np.ndarray, said: np.ndarray, weights: np.ndarray) -> float:
    """Of the positives, weighted by inverse sampling rate."""
    hit = weights[truth & said].sum()
    return float(2 * hit / max(weights[truth].sum() + weights[said].sum(), 1e-9))


def shipped_odds(rows: Sequence[Row]) -> np.ndarray:
    """The same, beyond the thresholds, as the shipped model gives them."""
    shipped = load()
    scores = [shipped.score(read_prompt(row.prompt), row.answer, final=row.final) for row in rows]
    return np.array([(score.refused, score.declined) for score in scores]).reshape(-1, 2)


def verdicts(scored: Scored) -> np.ndarray:
    """Refused and declined as the detector would say, if the odds are beyond the thresholds."""
    refused = scored.odds[:, 0] > 0
    return np.stack((refused, refused & (scored.odds[:, 1] > 0)), 1)


def figures(scored: Scored) -> dict[str, float]:
    """F1 of refused with its interval, F1 of declined, and how many answers are flagged."""
    truth, said = truths(scored.rows).reshape(-1, 2), verdicts(scored)
    weights = np.array([row.weight for row in scored.rows])
    low, high = _interval(scored.rows, truth[:, 0], said[:, 0], weights)
    answered = ~truth[:, 0]
    return {
        "rows": len(scored.rows),
        "refused": int(truth[:, 0].sum()),
        "f1": f1(truth[:, 0], said[:, 0], weights),
        "low": low,
        "high": high,
        "declined_f1": f1(truth[:, 1], said[:, 1], weights),
        "flagged": float(weights[answered & said[:, 0]].sum() / max(weights[answered].sum(), 1e-9)),
    }


def beyond(scored: Scored, limits: Mapping[str, Limits]) -> Scored:
    """Odds beyond the limits of the stage that each row belongs to."""
    passed = []
    for row, (refused, declined, broken) in zip(scored.rows, scored.odds, strict=True):
        limit = limits["whole" if row.final else "opening"]
        above = refused - limit.refused
        above = max(above, broken - limit.broken) if above > SURE else above
        passed.append((above, declined - limit.declined))
    return Scored(scored.rows, np.array(passed))


def _interval(rows: list[Row], truth: np.ndarray, said: np.ndarray, weights: np.ndarray) -> tuple[float, float]:
    groups = np.unique([row.group for row in rows], return_inverse=True)[1]
    hits, actual, claimed = (
        np.bincount(groups, weights * picked) for picked in (truth & said, truth, said)
    )  # sums a group: a draw of groups is a sum of these
    draws = np.random.default_rng(0).integers(0, len(hits), (DRAWS, len(hits)))
    sampled = 2 * hits[draws].sum(1) / np.maximum(actual[draws].sum(1) + claimed[draws].sum(1), 1e-9)
    low, high = np.quantile(sampled, (0.025, 0.975))
    return float(low), float(high)

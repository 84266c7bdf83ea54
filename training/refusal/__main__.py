"""Fits the refusal model and measures it.

python -m training.refusal fit                    chooses thresholds by cross-validation, fits on all, writes the files
python -m training.refusal measure                by group and by vendor left out, per language and origin
python -m training.refusal beside FILE [FILE …]   the shipped model on rows kept elsewhere, never learnt from
"""

from __future__ import annotations

import sys
from pathlib import Path

from gateway.outcome.refusal.model import load
from training.refusal import measure
from training.refusal.fit import fit, fixed
from training.refusal.measure import Scored
from training.refusal.pack import Limits, pack
from training.refusal.rows import beside, opened, own, speechmap

HOLD = 160  # characters that a hold waits for
FLAGGED = 0.03  # of the answers that are there, at most so many may be taken for refusals
HEAD = f"{'':24} {'rows':>5} {'refused':>7} {'F1':>5} {'95 %':>11} {'declined F1':>11} {'flagged':>7}"


def main(words: list[str]) -> int:
    """One verb."""
    match words:
        case ["fit"]:
            _fit()
        case ["measure"]:
            _measure()
        case ["beside", *paths] if paths:
            for path in paths:
                _beside(Path(path))
        case _:
            print(__doc__, file=sys.stderr)
            return 2
    return 0


def _fit() -> None:
    rows, always = speechmap(), own()
    whole, first = measure.crossed(rows, always, measure.by_group(rows), HOLD)
    limits = {
        "whole": measure.best_limits(whole, FLAGGED),
        "opening": measure.best_limits(first.where(lambda row: not row.final), FLAGGED),
    }
    known = [*rows, *always]
    known += opened(known)
    pack(fit(known, fixed(known)), limits)
    print(limits)


def _measure() -> None:
    rows, always, limits = speechmap(), own(), _shipped_limits()
    print(HEAD)
    for name, splits in (("by group", measure.by_group), ("vendor left out", measure.by_vendor)):
        whole, first = measure.crossed(rows, always, splits(rows), HOLD)
        _table(name, whole.beyond(limits["whole"]))
        _table(f"{name}, {HOLD} chars", measure.by_stage(first, limits))


def _shipped_limits() -> Limits:
    shipped = load()
    return {
        "whole": (shipped.whole.refused_above, shipped.whole.declined_above),
        "opening": (shipped.opening.refused_above, shipped.opening.declined_above),
    }


def _beside(path: Path) -> None:
    rows = beside(path)
    print(HEAD)
    for name, seen in ((path.stem, rows), (f"{path.stem}, {HOLD}", [measure.opening(row, HOLD) for row in rows])):
        _table(name, Scored(seen, measure.shipped_odds(seen)))


def _table(name: str, scored: Scored) -> None:
    _line(name, scored)
    for field in ("language", "origin", "questions", "vendor"):
        for value in sorted({getattr(row, field) for row in scored.rows}):
            _line(f"  {value}", scored.where(lambda row, field=field, value=value: getattr(row, field) == value))


def _line(name: str, scored: Scored) -> None:
    found = measure.figures(scored)
    interval = f"[{found['low']:.2f}, {found['high']:.2f}]"
    print(
        f"{name:24.24} {found['rows']:5.0f} {found['refused']:7.0f} {found['f1']:5.3f} {interval:>11}"
        f" {found['declined_f1']:11.3f} {found['flagged']:7.1%}",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

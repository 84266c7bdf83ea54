"""Fits the refusal model and measures it.

python -m training.refusal fit                    fits on all rows and writes the files that ship
python -m training.refusal measure [FILE …]       by group and by vendor left out, per language and origin; by group
                                                  once more together with rows kept elsewhere, as the shipped model
                                                  judges them
python -m training.refusal beside FILE [FILE …]   the shipped model on rows kept elsewhere, never learnt from
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from gateway.outcome.refusal.model import Limits
from training.refusal import measure
from training.refusal.fit import fit, fixed
from training.refusal.made import made
from training.refusal.measure import Scored
from training.refusal.pack import pack
from training.refusal.rows import Row, beside, opened, speechmap, written

# Log odds above which a reply is a refusal, and above which a refusal is an open one:
# chosen over cross-validated rows, XSTest and vendors left out, between new questions and new vendors.
LIMITS = {"whole": Limits(0.4, -0.6, broken=1.5), "opening": Limits(0.5, -0.5)}
HOLD = 160  # characters that a hold waits for
HEAD = f"{'':24} {'rows':>5} {'refused':>7} {'F1':>5} {'95 %':>11} {'declined F1':>11} {'flagged':>7}"


def main(words: list[str]) -> int:
    """One verb."""
    match words:
        case ["fit"]:
            _fit()
        case ["measure", *paths]:
            _measure([row for path in paths for row in beside(Path(path))])
        case ["beside", *paths] if paths:
            for path in paths:
                _beside(Path(path))
        case _:
            print(__doc__, file=sys.stderr)
            return 2
    return 0


def _fit() -> None:
    known = [*speechmap(), *written(), *made()]
    known += opened(known)
    pack(fit(known, fixed(known)), LIMITS)


def _measure(others: list[Row]) -> None:
    rows, always = speechmap(), [*written(), *made()]
    print(HEAD)
    for name, splits in (("by group", measure.by_group), ("vendor left out", measure.by_vendor)):
        found = measure.crossed(rows, always, splits(rows), HOLD)
        for size, scored in zip(("", f", {HOLD} chars"), found, strict=True):
            held_out = measure.beyond(scored, LIMITS)
            _table(name + size, held_out)
            if others and splits is measure.by_group:
                cut = [measure.opening(row, HOLD) for row in others] if size else others
                odds = np.concatenate((held_out.odds, measure.shipped_odds(cut)))
                _line(f"and elsewhere{size}", Scored([*held_out.rows, *cut], odds))


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

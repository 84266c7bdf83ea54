"""Fits the refusal model and measures it.

python -m training.refusal fit                    fits on all rows and writes the files that ship
python -m training.refusal measure                by group and by vendor left out, per language and origin
python -m training.refusal beside FILE [FILE …]   the shipped model on rows kept elsewhere, never learnt from
"""

from __future__ import annotations

import sys
from pathlib import Path

from gateway.outcome.refusal.model import Limits
from training.refusal import measure
from training.refusal.fit import fit, fixed
from training.refusal.made import made
from training.refusal.measure import Scored
from training.refusal.pack import pack
from training.refusal.rows import beside, opened, speechmap, written

# Log odds above which a reply is a refusal, and above which a refusal is an open one:
# best over cross-validated rows and XSTest together.
LIMITS = {"whole": Limits(0.5, -0.6, broken=2.0), "opening": Limits(0.5, -0.5)}
HOLD = 160  # characters that a hold waits for
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
    known = [*speechmap(), *written(), *made()]
    known += opened(known)
    pack(fit(known, fixed(known)), LIMITS)


def _measure() -> None:
    rows, always = speechmap(), [*written(), *made()]
    print(HEAD)
    for name, splits in (("by group", measure.by_group), ("vendor left out", measure.by_vendor)):
        whole, first = measure.crossed(rows, always, splits(rows), HOLD)
        _table(name, measure.beyond(whole, LIMITS))
        _table(f"{name}, {HOLD} chars", measure.beyond(first, LIMITS))


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

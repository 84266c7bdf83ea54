"""How far scores fall from one test to the next, by origin, with exact p-values: `python -m tools.shrinkage FILE`."""

from __future__ import annotations

import csv
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, islice
from math import comb
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gateway.report.table import NotATable, as_csv

MOST_SPLITS = 20_000_000  # ways to divide the models into two groups, each of which is tried
_AT_ONCE = 100_000
_P = ("p_points", "p_points_one_sided", "p_percent", "p_percent_one_sided")
_EVEN = 1e-9  # differences closer than this are the same


@dataclass(frozen=True, slots=True)
class Scored:
    """A model's scores in two tests."""

    model: str
    origin: str
    before: float
    after: float

    @property
    def points(self) -> float:
        """Percentage points lost."""
        return self.before - self.after

    @property
    def percent(self) -> float:
        """Lost of what it had."""
        return 100 * self.points / self.before


def read_scores(text: str) -> list[Scored]:
    """A CSV of model, origin and two scores, with a header. Raises NotATable."""
    lines = [line for line in csv.reader(text.splitlines()) if line]
    if not lines or len(lines[0]) != 4:
        raise NotATable("the file needs a header and four columns: model, origin, the first score, the second score")
    return [_scored(line, number) for number, line in enumerate(lines[1:], 2)]


def _scored(line: Sequence[str], number: int) -> Scored:
    try:
        model, origin, before, after = line
        found = Scored(model.strip(), origin.strip(), float(before), float(after))
    except ValueError:
        raise NotATable(f"line {number} is not a model, an origin and two numbers: {', '.join(line)}") from None
    if found.before <= 0:
        raise NotATable(f"line {number}: the first score of {found.model} must be above 0")
    return found


def shrinkage(scores: Sequence[Scored]) -> dict[str, Any]:
    """The report as JSON: each origin against all others; p is the share of all divisions at least as uneven."""
    origins = sorted({each.origin for each in scores})
    points, percent = [each.points for each in scores], [each.percent for each in scores]
    rows = []
    for origin in origins:
        inside = [each.origin == origin for each in scores]
        rows.append(
            _row(origin, scores, inside) | _tested("points", points, inside) | _tested("percent", percent, inside)
        )
        if len(origins) > 2:
            rows.append(_row(f"not {origin}", scores, [not member for member in inside]))
    return {"models": len(scores), "rows": rows}


def _row(name: str, scores: Sequence[Scored], inside: Sequence[bool]) -> dict[str, Any]:
    group = [each for each, member in zip(scores, inside, strict=True) if member]
    before, after = sum(each.before for each in group), sum(each.after for each in group)
    return {
        "origin": name,
        "models": len(group),
        "fall_points": (before - after) / len(group),
        "fall_percent": sum(each.percent for each in group) / len(group),
        "fall_percent_pooled": 100 * (before - after) / before,
        **dict.fromkeys(_P),
    }


def _tested(what: str, values: Sequence[float], inside: Sequence[bool]) -> dict[str, float | None]:
    either, larger = p_values(values, inside)
    return {f"p_{what}": either, f"p_{what}_one_sided": larger}


def p_values(values: Sequence[float], inside: Sequence[bool]) -> tuple[float | None, float | None]:
    """Exact, over every way to choose as many: at least as uneven, and falling at least as much more.

    None if one group is empty. Raises NotATable if the ways are too many.
    """
    n, k = len(values), sum(inside)
    if not 0 < k < n:
        return None, None
    if comb(n, k) > MOST_SPLITS:
        raise NotATable(f"{k} of {n} models can be chosen in more than {MOST_SPLITS:,} ways; compare fewer models")
    numbers = np.array(values)
    found = float(_difference(numbers[np.array(inside)].sum(), numbers.sum(), k, n))
    ways = combinations(range(n), k)
    uneven = larger = total = 0
    while chosen := list(islice(ways, _AT_ONCE)):
        differences = _difference(numbers[np.array(chosen)].sum(axis=1), numbers.sum(), k, n)
        uneven += int((np.abs(differences) >= abs(found) - _EVEN).sum())
        larger += int((differences >= found - _EVEN).sum())
        total += len(chosen)
    return uneven / total, larger / total


def _difference(inside: NDArray[np.float64], whole: float, k: int, n: int) -> NDArray[np.float64]:
    return inside / k - (whole - inside) / (n - k)


def main(arguments: Sequence[str]) -> int:
    """Prints the table as CSV; the exit code."""
    try:
        [file] = arguments
        print(as_csv(shrinkage(read_scores(Path(file).read_text(encoding="utf-8-sig")))), end="")
    except (NotATable, OSError, ValueError) as wrong:
        print(f"error: {wrong}; used as: python -m tools.shrinkage FILE.csv", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

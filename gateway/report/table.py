"""A report as rows of cells, for a terminal or a spreadsheet. Pure."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from io import StringIO
from typing import Any

Cells = tuple[Sequence[str], list[list[str]]]  # header, lines


class NotATable(ValueError):
    """What is wrong with the file, and the way out."""


def cells(report: Mapping[str, Any]) -> Cells:
    """The report's rows; one without rows becomes one line a figure."""
    rows = report.get("rows")
    if rows is None:
        return ("figure", "value"), [[name, _cell(value)] for name, value in _flat(report)]
    header = list(rows[0]) if rows else []
    return header, [[_cell(row[name]) for name in header] for row in rows]


def as_csv(report: Mapping[str, Any]) -> str:
    """With a header."""
    header, lines = cells(report)
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([_safe(cell) for cell in line] for line in lines)
    return text.getvalue()


def _safe(text: str) -> str:
    """What a spreadsheet would take for a formula is quoted; a negative number is none."""
    return f"'{text}" if text[:1] in ("=", "+", "@") or (text[:1] == "-" and not text[1:2].isdigit()) else text


def _flat(report: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for name, value in report.items():
        found += _flat(value, f"{prefix}{name}.") if isinstance(value, Mapping) else [(prefix + name, value)]
    return found


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return " ".join(map(str, value))
    return f"{value:.4f}" if isinstance(value, float) else str(value)

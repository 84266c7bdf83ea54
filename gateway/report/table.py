"""A report as rows of cells, for a terminal or a spreadsheet. Pure."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from io import StringIO
from typing import Any

from gateway.report.digits import figure, heading

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_NUMBER = re.compile(r"-\d+(\.\d+)?(E[+-]?\d+)?", re.IGNORECASE)
_RATES = frozenset({"rate", "difference", "agreement", "complied", "corrected"})  # of reports on refusals
Cells = tuple[Sequence[str], list[list[str]]]  # header, lines


class NotATable(ValueError):
    """What is wrong with the file, and the way out."""


def readable(report: Mapping[str, Any]) -> Cells:
    """For readers: headings with units, and digits that say something."""
    rows = report.get("rows")
    if rows is None:
        return ("figure", "value"), [[heading(name), figure(name, value)] for name, value in _flat(report)]
    header = list(rows[0]) if rows else []
    return [heading(name) for name in header], [[figure(name, row[name]) for name in header] for row in rows]


def _cells(report: Mapping[str, Any]) -> Cells:
    """The report's rows, exactly; one without rows becomes one line a figure."""
    rows = report.get("rows")
    if rows is None:
        return ("figure", "value"), [[name, _exact(value)] for name, value in _flat(report)]
    header = list(rows[0]) if rows else []
    return header, [[_exact(row[name]) for name in header] for row in rows]


def enough_said(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """For readers: a rate on too few is called so, since an empty cell would look like nothing at all."""
    return [
        {name: "not enough" if value is None and name in _RATES else value for name, value in row.items()}
        for row in rows
    ]


def as_csv(report: Mapping[str, Any]) -> str:
    """With a header; nothing is rounded."""
    header, lines = _cells(report)
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([plain_cell(cell) for cell in line] for line in lines)
    return text.getvalue()


def plain_cell(text: str) -> str:
    """What a spreadsheet would take for a formula is quoted; a number is none, whatever its sign."""
    return f"'{text}" if text.startswith(_FORMULA) and not _NUMBER.fullmatch(text) else text


def _flat(report: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for name, value in report.items():
        found += _flat(value, f"{prefix}{name}.") if isinstance(value, Mapping) else [(prefix + name, value)]
    return found


def _exact(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return " ".join(map(str, value))
    return repr(value) if isinstance(value, float) else str(value)

"""Plots as inline SVG: bars, intervals, shares by day, curves. Colours and fonts come from the page. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from math import log10

WIDTH = 760
_LABEL = 300  # pixels of names on the left
_ROW = 30
_RIGHT = 120  # pixels of figures on the right
_TOP = 8
_SERIES = 8  # colours
_LONGEST = 36  # letters of a label
_WIDEST = 64  # pixels of a column


@dataclass(frozen=True, slots=True)
class Mark:
    """One row of a plot."""

    label: str
    value: float
    text: str  # the figure as written
    low: float | None = None
    high: float | None = None
    series: int = 0


def bars(marks: Sequence[Mark], *, title: str) -> str:
    """Horizontal bars from zero, with their interval where there is one."""
    return _rows(marks, title, filled=True)


def points(marks: Sequence[Mark], *, title: str) -> str:
    """A dot and its interval a row."""
    return _rows(marks, title, filled=False)


def _rows(marks: Sequence[Mark], title: str, *, filled: bool) -> str:
    if not marks:
        return ""
    ends = [end for mark in marks for end in (mark.value, mark.low, mark.high) if end is not None]
    low, high = min(0.0, *ends), max(0.0, *ends)
    span = (high - low) or 1.0

    def x(value: float) -> float:
        return _LABEL + (value - low) / span * (WIDTH - _LABEL - _RIGHT)

    drawn = [f'<line class="axis" x1="{x(0):.1f}" x2="{x(0):.1f}" y1="0" y2="{_TOP + len(marks) * _ROW}"/>']
    for place, mark in enumerate(marks):
        y = _TOP + place * _ROW + _ROW / 2
        drawn.append(_text(_LABEL - 10, y + 4, mark.label, "end"))
        if filled:
            left, width = min(x(0), x(mark.value)), abs(x(mark.value) - x(0))
            drawn.append(
                f'<rect class="s{mark.series % _SERIES}" x="{left:.1f}" y="{y - 9:.1f}" width="{width:.1f}"'
                ' height="18" rx="2"/>'
            )
        if mark.low is not None and mark.high is not None:
            drawn.append(_whisker(x(mark.low), x(mark.high), y))
        if not filled:
            drawn.append(f'<circle class="s{mark.series % _SERIES}" cx="{x(mark.value):.1f}" cy="{y:.1f}" r="5"/>')
        drawn.append(_text(WIDTH - _RIGHT + 12, y + 4, mark.text, "start", "figure"))
    return _svg(drawn, _TOP * 2 + len(marks) * _ROW, title)


def _whisker(low: float, high: float, y: float) -> str:
    ends = "".join(
        f'<line class="whisker" x1="{x:.1f}" x2="{x:.1f}" y1="{y - 5:.1f}" y2="{y + 5:.1f}"/>' for x in (low, high)
    )
    return f'<line class="whisker" x1="{low:.1f}" x2="{high:.1f}" y1="{y:.1f}" y2="{y:.1f}"/>{ends}'


def shares(days: Sequence[tuple[str, Mapping[str, int]]], keys: Sequence[str], *, title: str) -> str:
    """One column a day, divided by key; the same order and colours as `keys`."""
    if not days:
        return ""
    height, left = 220, 56
    step = min((WIDTH - left - 10) / len(days), _WIDEST)
    drawn = [
        f'<line class="grid" x1="{left}" x2="{WIDTH - 10}" y1="{10 + share * 2:.0f}" y2="{10 + share * 2:.0f}"/>'
        + _text(left - 8, 14 + share * 2, f"{100 - share} %", "end")
        for share in (0, 25, 50, 75, 100)
    ]
    every = max(1, len(days) // 8)
    for place, (day, counts) in enumerate(days):
        total, y, x = sum(counts.values()) or 1, 210.0, left + place * step
        for series, key in enumerate(keys):
            tall = counts.get(key, 0) / total * 200
            y -= tall
            drawn.append(
                f'<rect class="s{series % _SERIES}" x="{x + 1:.1f}" y="{y:.1f}" width="{max(step - 2, 1):.1f}"'
                f' height="{tall:.1f}"><title>{escape(day)} {escape(key)}: {counts.get(key, 0)}</title></rect>'
            )
        if place % every == 0:
            drawn.append(_text(x + step / 2, height + 6, day[5:], "middle"))
    return _svg(drawn, height + 16, title)


@dataclass(frozen=True, slots=True)
class Curve:
    """A line by its points; both axes are logarithmic."""

    label: str
    points: Sequence[tuple[float, float]]
    dashed: bool = False


def curves(lines: Sequence[Curve], *, title: str, across: str, up: str) -> str:
    """All in one frame, each named at its right end."""
    every = [point for line in lines for point in line.points if min(point) > 0]
    if not every:
        return ""
    left, right, height, bottom = 70, 290, 320, 280
    (x_low, x_high), (y_low, y_high) = (_decades([point[axis] for point in every]) for axis in (0, 1))

    def place(point: tuple[float, float]) -> tuple[float, float]:
        x = left + (log10(point[0]) - x_low) / (x_high - x_low) * (WIDTH - left - right)
        return x, bottom - (log10(point[1]) - y_low) / (y_high - y_low) * (bottom - 14)

    drawn = [_text(left, height + 6, across, "start", "note"), _text(4, 10, up, "start", "note")]
    for power in range(int(x_low), int(x_high) + 1):
        x, _ = place((10.0**power, 10.0**y_low))
        drawn.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="14" y2="{bottom}"/>')
        drawn.append(_text(x, bottom + 18, _power(power), "middle"))
    for power in range(int(y_low), int(y_high) + 1):
        _, y = place((10.0**x_low, 10.0**power))
        drawn.append(f'<line class="grid" x1="{left}" x2="{WIDTH - right}" y1="{y:.1f}" y2="{y:.1f}"/>')
        drawn.append(_text(left - 6, y + 4, f"${_power(power)}", "end"))
    taken: list[float] = []
    for series, line in enumerate(lines):
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in map(place, line.points))
        drawn.append(f'<polyline class="l{series % _SERIES}{" dashed" if line.dashed else ""}" points="{path}"/>')
        y = _free(place(line.points[-1])[1] + 4, taken)
        dot = f'<rect class="s{series % _SERIES}" x="{WIDTH - right + 8}" y="{y - 9:.1f}" width="9" height="9" rx="2"/>'
        drawn += [dot, _text(WIDTH - right + 23, y, line.label, "start")]
    return _svg(drawn, height + 14, title)


def _power(power: int) -> str:
    return f"{10.0**power:,.{max(-power, 0)}f}"


def _decades(values: Sequence[float]) -> tuple[float, float]:
    low, high = log10(min(values)) // 1, -(-log10(max(values)) // 1)
    return low, max(high, low + 1)


def _free(y: float, taken: list[float]) -> float:
    """A height at which no other label stands."""
    while any(abs(y - other) < 15 for other in taken):
        y -= 15
    taken.append(y)
    return y


def _text(x: float, y: float, text: str, anchor: str, kind: str = "label") -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(_short(text))}</text>'


def _short(text: str) -> str:
    """Names differ at their ends more than at their beginnings."""
    return text if len(text) <= _LONGEST else f"{text[:8]}…{text[9 - _LONGEST :]}"


def _svg(drawn: Sequence[str], height: float, title: str) -> str:
    return (
        f'<figure><figcaption>{escape(title)}</figcaption><svg viewBox="0 0 {WIDTH} {height:.0f}" role="img"'
        f' aria-label="{escape(title)}">{"".join(drawn)}</svg></figure>'
    )

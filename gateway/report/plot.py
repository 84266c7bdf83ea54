"""Plots as HTML and inline SVG: bars, intervals, shares by day, curves. Colours and fonts are the page's. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from math import log10

WIDTH = 760
SERIES = 8  # colours
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
    paint: str = ""  # a class of the style that says its colour; else that of the series

    @property
    def colour(self) -> str:
        """A class of the style."""
        return self.paint or f"s{self.series % SERIES}"


def bars(marks: Sequence[Mark], *, title: str) -> str:
    """Horizontal bars from zero, with their interval where there is one."""
    return _rows(marks, title, filled=True)


def points(marks: Sequence[Mark], *, title: str) -> str:
    """A dot and its interval a row."""
    return _rows(marks, title, filled=False)


def _rows(marks: Sequence[Mark], title: str, *, filled: bool) -> str:
    """Name, track and figure side by side; on a phone the track has a line of its own."""
    if not marks:
        return ""
    ends = [end for mark in marks for end in (mark.value, mark.low, mark.high) if end is not None]
    low, high = min(0.0, *ends), max(0.0, *ends)
    span = (high - low) or 1.0

    def x(value: float) -> float:
        return 1 + 98 * (value - low) / span

    rows = "".join(
        f'<div class="bar"><span>{escape(mark.label)}</span>{_track(mark, x, filled=filled)}'
        f"<b>{escape(mark.text)}</b></div>"
        for mark in marks
    )
    return f'<figure role="group" aria-label="{escape(title)}">{_caption(title)}{rows}</figure>'


def _track(mark: Mark, x: Callable[[float], float], *, filled: bool) -> str:
    """`x`: from a value to a percentage of the width."""
    zero, value = x(0), x(mark.value)
    drawn = [f'<line class="axis" x1="{zero:.2f}%" x2="{zero:.2f}%" y1="0" y2="100%"/>']
    if filled:
        left, width = min(zero, value), abs(value - zero)
        drawn.append(f'<rect class="{mark.colour}" x="{left:.2f}%" y="4" width="{width:.2f}%" height="18" rx="2"/>')
    if mark.low is not None and mark.high is not None:
        drawn.append(_whisker(x(mark.low), x(mark.high)))
    if not filled:
        drawn.append(f'<circle class="{mark.colour}" cx="{value:.2f}%" cy="13" r="5"/>')
    return f'<svg class="track" aria-hidden="true">{"".join(drawn)}</svg>'


def _whisker(low: float, high: float) -> str:
    ends = "".join(f'<line class="whisker" x1="{x:.2f}%" x2="{x:.2f}%" y1="8" y2="18"/>' for x in (low, high))
    return f'<line class="whisker" x1="{low:.2f}%" x2="{high:.2f}%" y1="13" y2="13"/>{ends}'


def shares(
    days: Sequence[tuple[str, Mapping[str, int]]], keys: Sequence[str], *, title: str, paints: Sequence[str] = ()
) -> str:
    """One column a day, divided by key; the same order and colours as `keys`. `paints`: classes, else the series'."""
    if not days:
        return ""
    height, left = 226, 84
    step = min((WIDTH - left - 10) / len(days), _WIDEST)
    drawn = [
        f'<line class="grid" x1="{left}" x2="{WIDTH - 10}" y1="{10 + share * 2:.0f}" y2="{10 + share * 2:.0f}"/>'
        + _text(left - 8, 14 + share * 2, f"{100 - share} %", "end")
        for share in (0, 25, 50, 75, 100)
    ]
    every = max(1, len(days) // 8)
    paints = paints or [f"s{series % SERIES}" for series in range(len(keys))]
    for place, (day, counts) in enumerate(days):
        total, y, x = sum(counts.values()) or 1, 210.0, left + place * step
        for series, key in enumerate(keys):
            tall = counts.get(key, 0) / total * 200
            y -= tall
            drawn.append(
                f'<rect class="{paints[series]}" x="{x + 1:.1f}" y="{y:.1f}" width="{max(step - 2, 1):.1f}"'
                f' height="{tall:.1f}"><title>{escape(day)} {escape(key)}: {counts.get(key, 0)}</title></rect>'
            )
        if place % every == 0:
            drawn.append(_text(x + step / 2, height + 10, day[5:], "middle"))
    return _svg(drawn, height + 20, title)


@dataclass(frozen=True, slots=True)
class Curve:
    """A line by its points; both axes are logarithmic."""

    label: str
    points: Sequence[tuple[float, float]]
    dashed: bool = False


def curves(lines: Sequence[Curve], *, title: str, across: str, up: str) -> str:
    """All in one frame, named below it."""
    every = [point for line in lines for point in line.points if min(point) > 0]
    if not every:
        return ""
    left, right, height, bottom = 120, 50, 320, 262
    (x_low, x_high), (y_low, y_high) = (_decades([point[axis] for point in every]) for axis in (0, 1))

    def place(point: tuple[float, float]) -> tuple[float, float]:
        x = left + (log10(point[0]) - x_low) / (x_high - x_low) * (WIDTH - left - right)
        return x, bottom - (log10(point[1]) - y_low) / (y_high - y_low) * (bottom - 14)

    drawn = [_text(left, height + 8, across, "start", "note"), _text(4, 10, up, "start", "note")]
    for power in range(int(x_low), int(x_high) + 1):
        x, _ = place((10.0**power, 10.0**y_low))
        drawn.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="14" y2="{bottom}"/>')
        drawn.append(_text(x, bottom + 26, _power(power), "middle"))
    for power in range(int(y_low), int(y_high) + 1):
        _, y = place((10.0**x_low, 10.0**power))
        drawn.append(f'<line class="grid" x1="{left}" x2="{WIDTH - right}" y1="{y:.1f}" y2="{y:.1f}"/>')
        drawn.append(_text(left - 6, y + 4, f"${_power(power)}", "end"))
    for series, line in enumerate(lines):
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in map(place, line.points))
        drawn.append(f'<polyline class="l{series % SERIES}{" dashed" if line.dashed else ""}" points="{path}"/>')
    return _svg(drawn, height + 14, title, legend(line.label for line in lines))


def legend(names: Iterable[str]) -> str:
    """Names with their colours, in the order of the series."""
    dots = (f'<i class="s{series % SERIES}"></i>{escape(name)}' for series, name in enumerate(names))
    return f'<ul class="legend">{"".join(f"<li>{dot}</li>" for dot in dots)}</ul>'


def _power(power: int) -> str:
    return f"{10.0**power:,.{max(-power, 0)}f}"


def _decades(values: Sequence[float]) -> tuple[float, float]:
    low, high = log10(min(values)) // 1, -(-log10(max(values)) // 1)
    return low, max(high, low + 1)


def _text(x: float, y: float, text: str, anchor: str, kind: str = "label") -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _caption(title: str) -> str:
    return f"<figcaption>{escape(title)}</figcaption>"


def _svg(drawn: Sequence[str], height: float, title: str, below: str = "") -> str:
    return (
        f'<figure>{_caption(title)}<svg class="plot" viewBox="0 0 {WIDTH} {height:.0f}" role="img"'
        f' aria-label="{escape(title)}">{"".join(drawn)}</svg>{below}</figure>'
    )

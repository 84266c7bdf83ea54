"""A refusal map as one self-contained page: a heat map drawn in SVG, and its figures below. Pure."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any

from gateway.probe.figures import Rows
from gateway.report.table import cells

_LEFT, _TOP, _WIDTH, _HEIGHT = 340, 60, 118, 34
_COLD, _HOT = (238, 242, 246), (178, 24, 43)
_DARK = 0.55  # from this rate on the text is white
Cell = Mapping[str, Any]


def as_html(title: str, maps: Mapping[str, Rows], tables: Mapping[str, Rows]) -> str:
    """`maps` are drawn, `tables` written out; both by their headings."""
    drawn = "".join(f"<h2>{html.escape(name)}</h2>\n{svg(rows)}\n" for name, rows in maps.items())
    written = "".join(f"<h2>{html.escape(name)}</h2>\n{_table(rows)}\n" for name, rows in tables.items() if rows)
    return _PAGE.format(title=html.escape(title), drawn=drawn, written=written)


def svg(rows: Rows) -> str:
    """One line for weights on an operator's machines, one column for a topic in a language."""
    lines = list(dict.fromkeys((row["model"], row["operator"]) for row in rows))
    columns = sorted({(row["topic"], row["language"]) for row in rows})
    at = {(row["model"], row["operator"], row["topic"], row["language"]): row for row in rows}
    parts = [_text(_LEFT + (x + 0.5) * _WIDTH, _TOP - 26, topic) for x, (topic, _) in enumerate(columns)]
    parts += [_text(_LEFT + (x + 0.5) * _WIDTH, _TOP - 9, language) for x, (_, language) in enumerate(columns)]
    for y, (model, operator) in enumerate(lines):
        parts.append(_text(_LEFT - 8, _TOP + y * _HEIGHT + 21, f"{model} @ {operator}", anchor="end"))
        for x, column in enumerate(columns):
            parts.append(_cell(at.get((model, operator, *column)), x, y))
    width, height = _LEFT + len(columns) * _WIDTH + 8, _TOP + len(lines) * _HEIGHT + 8
    inside = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="refusal rates" '
        f'viewBox="0 0 {width} {height}" width="{width}" height="{height}">\n{inside}\n</svg>'
    )


def _cell(row: Cell | None, x: int, y: int) -> str:
    left, top = _LEFT + x * _WIDTH, _TOP + y * _HEIGHT
    rate = row["rate"] if row else None
    fill = "#ffffff" if rate is None else _colour(rate)
    box = (
        f'<rect x="{left}" y="{top}" width="{_WIDTH - 2}" height="{_HEIGHT - 2}" fill="{fill}" stroke="#c8ccd0">'
        f"<title>{html.escape(_told(row))}</title></rect>"
    )
    if row is None:
        return box
    shown = f"{rate:.0%}" if rate is not None else f"not enough ({row['n']})"
    ink = "#ffffff" if rate is not None and rate >= _DARK else "#1c2126" if rate is not None else "#767c82"
    return box + _text(left + _WIDTH / 2 - 1, top + 21, shown, ink=ink)


def _told(row: Cell | None) -> str:
    if row is None:
        return "not asked"
    if row["rate"] is None:
        return f"{row['n']} replies are not enough for a rate"
    return f"{row['rate']:.1%} refused, {row['low']:.1%} to {row['high']:.1%}, {row['n']} replies"


def _colour(rate: float) -> str:
    mixed = (round(cold + (hot - cold) * rate) for cold, hot in zip(_COLD, _HOT, strict=True))
    return "#" + "".join(f"{part:02x}" for part in mixed)


def _text(x: float, y: float, text: str, *, anchor: str = "middle", ink: str = "#1c2126") -> str:
    return f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}" fill="{ink}">{html.escape(text)}</text>'


def _table(rows: Rows) -> str:
    header, lines = cells({"rows": rows})
    return (
        f"<table><tr>{_row('th', header)}</tr>\n"
        + "\n".join(f"<tr>{_row('td', line)}</tr>" for line in lines)
        + ("</table>")
    )


def _row(tag: str, texts: Sequence[str]) -> str:
    return "".join(f"<{tag}>{html.escape(text.replace('_', ' ') if tag == 'th' else text)}</{tag}>" for text in texts)


_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{title}</title>
<style>
body {{ font: 14px sans-serif; color: #1c2126; background: #ffffff }}
svg {{ font: 12px sans-serif }}
table {{ border-collapse: collapse; font-size: 12px }}
td, th {{ border: 1px solid #c8ccd0; padding: 3px 6px; text-align: left }}
</style>
<h1>{title}</h1>
<p>Share of replies that were declined, evaded, filtered or blank. A pale cell answers, a red one
refuses; the 95 % interval stands in each cell's tooltip and in the tables.</p>
{drawn}{written}</html>
"""

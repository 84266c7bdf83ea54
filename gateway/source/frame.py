"""A Problem as an author reads it: the sentence, the place, the line with the spot underlined, and a way out."""

from __future__ import annotations

import re
import unicodedata

from gateway.errors import Problem

_BREAKS = re.compile("\r\n|[\n\r\x85\u2028\u2029]")  # where the parser begins a line
_WIDEST = 160  # characters of a line that are shown


def frame(problem: Problem, text: str | None = None) -> str:
    """`text` is the file the problem is in; without it, or without a place, the line is left out."""
    lines = [f"{problem.severity}: {problem.message}"]
    place = problem.place
    margin = ""
    if place is not None:
        lines.append(f" --> {place.file}:{place.line}:{place.column}")
        shown = lines_of(text) if text is not None else []
        if place.line <= len(shown):
            margin = " " * len(str(place.line))
            line, spot = _underlined(shown[place.line - 1], place.column - 1, place.width)
            lines += [f"{margin} |", f"{place.line} | {line}".rstrip(), f"{margin} | {spot}"]
    if problem.help:
        lines.append(f"{margin or ' '} = help: {problem.help}")
    return "\n".join(lines)


def lines_of(text: str) -> list[str]:
    """The lines as the parser counts them."""
    return _BREAKS.split(text)


def _underlined(line: str, column: int, width: int) -> tuple[str, str]:
    if len(line) > _WIDEST:
        start = max(0, column - _WIDEST // 2)
        line, column = line[start : start + _WIDEST], column - start
    line = "".join(letter if letter.isprintable() else "\ufffd" for letter in line.expandtabs(1))
    before, under = line[:column], line[column : column + width]
    return line, " " * _columns(before) + "^" * max(_columns(under), 1)


def _columns(text: str) -> int:
    """Terminal columns: ideographs take two, combining marks none."""
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in text)
    return len(text) + wide - sum(unicodedata.combining(letter) > 0 for letter in text)

"""The parser's complaints in our words."""

from __future__ import annotations

import yaml

from gateway.errors import Place, Problem
from gateway.source.frame import lines_of

_WORDS: tuple[tuple[str, str, str | None], ...] = (
    ("could not find expected ':'", "this line is no `key: value`", "write `key: value`, with a space after the colon"),
    ("mapping values are not allowed", "a second `:` stands on this line", "quote a text that holds `: `"),
    ("did not find expected ',' or ']'", "this list is not closed", "close it with `]`, and put `,` between its items"),
    (
        "did not find expected ',' or '}'",
        "this mapping is not closed",
        "close it with `}`, and put `,` between its entries",
    ),
    ("did not find expected key", "this line does not fit the lines above it", "indent keys of one mapping alike"),
    (
        "did not find expected '-' indicator",
        "this line does not fit the list above it",
        "indent the items of a list alike",
    ),
    ("found unexpected ':'", "this `:` does not fit here", "write `key: value`, with a space after the colon"),
    ("did not find expected node content", "a value is missing here", None),
    ("found unexpected end of stream", "the text ends inside quotes", "close the quotes"),
    ("found undefined alias", "no anchor has this name", "write the value out, or define `&name` above"),
    (
        "did not find expected <document start>",
        "this line does not belong to what stands above",
        "indent it, or remove it",
    ),
    ("block sequence entries are not allowed", "a list cannot start here", "start it on the next line, indented"),
    (
        "found unknown escape character",
        "no escape sequence is written like this",
        "use single quotes for a text with backslashes",
    ),
    ("found incompatible YAML document", "this YAML version is not read", "remove the %YAML line"),
    ("exceeded max depth", "values are nested too deeply", None),
)


def syntax_problem(wrong: yaml.YAMLError, text: str, file: str) -> Problem:
    """One Problem for what the parser could not read."""
    said = str(getattr(wrong, "problem", None) or getattr(wrong, "reason", None) or "this is not YAML")
    mark = getattr(wrong, "problem_mark", None)
    if mark is None:
        return _unreadable(said, text, file, int(getattr(wrong, "position", 0) or 0))
    lines = lines_of(text)
    line = min(mark.line, len(lines) - 1)
    place = Place(file, line + 1, min(mark.column, len(lines[line])) + 1)
    if "\t" in lines[line][: mark.column + 1] and ("cannot start any token" in said or "tab" in said):
        return Problem("a tab cannot indent YAML", place, "use spaces")
    if "cannot start any token" in said:
        return Problem(f"a value cannot start with `{lines[line][mark.column : mark.column + 1]}`", place, "quote it")
    for part, message, way_out in _WORDS:
        if part in said:
            return Problem(message, place, way_out)
    return Problem(said, place)


def _unreadable(said: str, text: str, file: str, position: int) -> Problem:
    before = text.encode()[:position].decode("utf-8", "ignore")
    place = Place(file, before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1)
    if "control characters" in said:
        return Problem("a control character cannot stand in YAML", place, "remove it")
    return Problem(said, place)

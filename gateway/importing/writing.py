"""Plain data as YAML in the form of the shipped files: a block of sections, one flow-style row a line."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from gateway.source import Real, Whole, spelled

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./@-]*( [A-Za-z0-9_./@-]+)*")
_WORDS = frozenset("true false null yes no on off y n".split())
_WIDEST = 110


def flow(value: Any) -> str:
    """One value on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{scalar(key)}: {flow(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(flow(inner) for inner in value) + "]"
    return scalar(value)


def scalar(value: Any) -> str:
    """A number, a bool, null or text; text is quoted wherever a reader could take it for anything else."""
    if isinstance(value, Whole | Real):
        return str(spelled(value))
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, int | Decimal):
        return str(value)
    if isinstance(value, float):
        return format(Decimal(repr(value)), "f")
    text = str(value)
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        return text
    return _quoted(text)


def _quoted(text: str) -> str:
    quoted = json.dumps(text, ensure_ascii=False)
    return "".join(letter if letter.isprintable() else _escaped(letter) for letter in quoted)


def _escaped(letter: str) -> str:
    code = ord(letter)
    return f"\\U{code:08x}" if code > 0xFFFF else f"\\u{code:04x}"


def document(schema: str, sections: Mapping[str, Any]) -> bytes:
    """A file: each section that says something, its lists and mappings a row a line."""
    lines = [f"# yaml-language-server: $schema={schema}"]
    for name, value in sections.items():
        lines += _section(scalar(name), value, "")
    return ("\n".join(lines) + "\n").encode()


def _section(name: str, value: Any, indent: str) -> list[str]:
    if isinstance(value, Mapping) and value:
        inner = indent + "  "
        return [f"{indent}{name}:", *(line for key, row in value.items() for line in _entry(scalar(key), row, inner))]
    if isinstance(value, list) and value and isinstance(value[0], Mapping):
        return [f"{indent}{name}:", *(line for row in value for line in _row(row, indent + "  "))]
    return [f"{indent}{name}: {flow(value)}"]


def _entry(name: str, value: Any, indent: str) -> list[str]:
    line = f"{indent}{name}: {flow(value)}"
    return [line] if len(line) <= _WIDEST or not isinstance(value, Mapping) else _section(name, value, indent)


def _row(row: Mapping[str, Any], indent: str) -> list[str]:
    line = f"{indent}- {flow(row)}"
    if len(line) <= _WIDEST:
        return [line]
    inner = [line for key, value in row.items() for line in _field(scalar(key), value, indent + "  ")]
    return [f"{indent}- {inner[0].strip()}", *inner[1:]]


def _field(name: str, value: Any, indent: str) -> list[str]:
    line = f"{indent}{name}: {flow(value)}"
    if len(line) <= _WIDEST or not isinstance(value, list):
        return [line]
    return [f"{indent}{name}:", *(f"{indent}  - {flow(item)}" for item in value)]


def rows(given: Sequence[Mapping[str, Any]], head: str) -> bytes:
    """A file that is nothing but a list."""
    lines = [f"# yaml-language-server: $schema={head}", *(line for row in given for line in _row(row, ""))]
    return ("\n".join(lines) + "\n").encode()

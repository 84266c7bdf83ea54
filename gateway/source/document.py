"""One YAML file read into plain data that remembers where every part stands; what cannot be read becomes Problems.

Documents are built from the parser's events with a stack of our own: deep nesting cannot exhaust C's stack, and
duplicate keys, unknown tags and exploding anchors are seen before anything is expanded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from gateway.errors import Place, Problem, Problems
from gateway.source.nodes import Node, Span, build
from gateway.source.syntax import syntax_problem

MOST_BYTES = 4_000_000
Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """The plain data of one file: dict, list, str, bool, None, and numbers that keep their spelling."""

    file: str
    text: str
    data: object
    root: Node | None

    def place(self, path: Sequence[str | int], *, key: bool = False) -> Place:
        """Where the value at `path` stands, or its key; the nearest part above it if there is none."""
        node, span = self.root, Span(0, 0, 1)
        if node is None:
            return Place(self.file, 1, 1)
        for depth, step in enumerate(path):
            found = node.step(step)
            if found is None:
                break
            key_span, node = found
            if key and depth == len(path) - 1 and key_span is not None:
                span = key_span
                return Place(self.file, span.line + 1, span.column + 1, span.width)
        span = node.span
        return Place(self.file, span.line + 1, span.column + 1, span.width)

    def at(self, path: Sequence[str | int]) -> Any:
        """What the author wrote at the path of something that was read from here."""
        data: Any = self.data
        for step in path:
            data = data[step]
        return data

    def under(self, name: str) -> Document:
        """The same document as the entry `name` of a mapping, for files that hold nothing but a list."""
        if self.root is None:
            return Document(self.file, self.text, {name: []}, None)
        root = Node(self.root.span, entries={name: (self.root.span, self.root)})
        return Document(self.file, self.text, root.plain(), root)

    def problem(
        self, message: str, path: Sequence[str | int], *, key: bool = False, help: str | None = None
    ) -> Problem:
        """A mistake at `path`."""
        return Problem(message, self.place(path, key=key), help)


def parse(data: bytes, file: str) -> Document:
    """Raises Problems."""
    document, problems = read(data, file)
    if problems:
        raise Problems(problems)
    return document


def read(data: bytes, file: str) -> tuple[Document, list[Problem]]:
    """The document as far as it can be read (its data is None where it cannot), and everything wrong with it."""
    empty = Document(file, "", None, None)
    if len(data) > MOST_BYTES:
        size = f"the file has {len(data) / 1e6:.1f} MB; at most {MOST_BYTES / 1e6:.0f} MB are read"
        return empty, [Problem(size, Place(file, 1, 1), "split it; a folder may hold many files")]
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        return empty, [_not_utf8(data, file, wrong.start)]
    try:
        root, mistakes = build(text)
    except yaml.YAMLError as wrong:
        return Document(file, text, None, None), [syntax_problem(wrong, text, file)]
    problems = [
        Problem(
            mistake.message,
            Place(file, mistake.span.line + 1, mistake.span.column + 1, mistake.span.width),
            mistake.help,
        )
        for mistake in mistakes
    ]
    return Document(file, text, root.plain() if root else None, root), problems


def _not_utf8(data: bytes, file: str, position: int) -> Problem:
    before = data[:position]
    column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace")) + 1
    place = Place(file, before.count(b"\n") + 1, column)
    return Problem(f"byte 0x{data[position]:02x} is not UTF-8", place, "save the file as UTF-8")

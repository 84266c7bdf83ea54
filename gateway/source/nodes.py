"""A tree of nodes from parser events: each knows its span, and its aliases have been counted before they expand."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import yaml
from yaml import events

from gateway.source.scalar import NotANumber, resolve

DEEPEST = 32
MOST_ALIASED = 10_000
_UNWRITABLE = re.compile("[\0\ud800-\udfff]")
_CORE = "tag:yaml.org,2002:"


@dataclass(frozen=True, slots=True)
class Span:
    """Where something stands; line and column count from 0."""

    line: int
    column: int
    width: int


@dataclass(frozen=True, slots=True)
class Mistake:
    """Something wrong that does not stop the reading."""

    message: str
    span: Span
    help: str | None = None


@dataclass(slots=True, eq=False)
class Node:
    """A scalar, a list or a mapping; entries keep the span of their key."""

    span: Span
    scalar: object = None
    items: list[Node] | None = None
    entries: dict[str, tuple[Span, Node]] | None = None
    size: int = 1  # nodes in it, aliases expanded

    def step(self, step: str | int) -> tuple[Span | None, Node] | None:
        """The entry or item under `step`, with the span of its key."""
        if self.entries is not None:
            return self.entries.get(str(step))
        if self.items is not None and isinstance(step, int) and step < len(self.items):
            return None, self.items[step]
        return None

    def plain(self) -> object:
        """Plain data; at most DEEPEST deep."""
        if self.entries is not None:
            return {key: node.plain() for key, (_, node) in self.entries.items()}
        if self.items is not None:
            return [node.plain() for node in self.items]
        return self.scalar


def build(text: str) -> tuple[Node | None, list[Mistake]]:
    """The root, None for an empty file, and what is wrong in it. Raises yaml.YAMLError for what is not YAML."""
    builder = _Builder()
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        if not builder.take(event):
            break
    return builder.root, builder.mistakes


@dataclass(slots=True)
class _Open:
    """A list or mapping that is being read."""

    node: Node
    anchor: str | None
    key: tuple[str, Span] | None = None  # the key whose value comes next


@dataclass(slots=True)
class _Builder:
    root: Node | None = None
    mistakes: list[Mistake] = field(default_factory=list)
    stack: list[_Open] = field(default_factory=list)
    anchors: dict[str, Node] = field(default_factory=dict)
    aliased: int = 0
    documents: int = 0

    def take(self, event: events.Event) -> bool:
        """False when there is no point in reading on."""
        match event:
            case events.ScalarEvent():
                return self._place(self._scalar(event), event.anchor)
            case events.AliasEvent():
                return self._alias(event)
            case events.MappingStartEvent():
                return self._open(event, Node(_span(event), entries={}))
            case events.SequenceStartEvent():
                return self._open(event, Node(_span(event), items=[]))
            case events.MappingEndEvent() | events.SequenceEndEvent():
                return self._close(event)
            case events.DocumentStartEvent():
                return self._document(event)
        return True

    def _document(self, event: events.DocumentStartEvent) -> bool:
        self.documents += 1
        if self.documents > 1:
            self.mistakes.append(Mistake("a second document starts here", _span(event), "keep one document a file"))
        return self.documents == 1

    def _scalar(self, event: events.ScalarEvent) -> Node:
        span = _span(event)
        tag = event.tag
        if _UNWRITABLE.search(event.value):  # from an escape: no database, header or file name takes it
            self.mistakes.append(Mistake("a NUL or half a character cannot stand in a value", span, "remove it"))
            return Node(span, scalar=_UNWRITABLE.sub("", event.value))
        value: object = event.value
        try:
            if tag is None and event.implicit[0]:
                value = resolve(event.value)
            elif tag not in (None, "!", _CORE + "str"):
                value = self._tagged(tag, event.value, span)
        except NotANumber:
            words = f"`{event.value[:40]}` is not a number that can be compared"
            self.mistakes.append(Mistake(words, span, "quote it if it is a name"))
        return Node(span, scalar=value)

    def _tagged(self, tag: str, text: str, span: Span) -> object:
        value = resolve(text)
        kinds = {"int": int, "float": float, "bool": bool, "null": type(None)}
        kind = kinds.get(tag.removeprefix(_CORE)) if tag.startswith(_CORE) else None
        if kind is None or not isinstance(value, kind):
            self._unknown_tag(tag, span)
        return value

    def _unknown_tag(self, tag: str, span: Span) -> None:
        written = f"!!{tag.removeprefix(_CORE)}" if tag.startswith(_CORE) else tag
        self.mistakes.append(Mistake(f"no tag is called `{written}`", span, "remove the tag and write the plain value"))

    def _open(self, event: events.CollectionStartEvent, node: Node) -> bool:
        if event.tag not in (None, "!", _CORE + "map", _CORE + "seq"):
            self._unknown_tag(event.tag, node.span)
        if len(self.stack) >= DEEPEST:
            self.mistakes.append(Mistake(f"values are nested more than {DEEPEST} deep", node.span))
            return False
        key_stands_next = bool(self.stack) and self.stack[-1].node.entries is not None and self.stack[-1].key is None
        if key_stands_next:
            words = "a key is one word, not a list or mapping"
            self.mistakes.append(Mistake(words, node.span, "quote it if it starts with a bracket"))
            return False
        self.stack.append(_Open(node, event.anchor))
        return True

    def _close(self, event: events.Event) -> bool:
        done = self.stack.pop()
        start, end = done.node.span, _end(event)
        if end.line == start.line and end.column > start.column:
            done.node.span = Span(start.line, start.column, end.column - start.column)
        return self._place(done.node, done.anchor)

    def _alias(self, event: events.AliasEvent) -> bool:
        span = _span(event)
        node = self.anchors.get(str(event.anchor))
        if node is None:
            inside = any(part.anchor == event.anchor for part in self.stack)
            words = f"`*{event.anchor}` stands inside itself" if inside else f"no anchor is called `{event.anchor}`"
            self.mistakes.append(Mistake(words, span, "write the value out"))
            return self._place(Node(span), None)
        self.aliased += node.size
        if self.aliased > MOST_ALIASED:
            words = f"anchors expand to more than {MOST_ALIASED:,} values"
            self.mistakes.append(Mistake(words, span, "write the values out"))
            return False
        return self._place(node, None)

    def _place(self, node: Node, anchor: str | None) -> bool:
        """Puts a finished node where it belongs."""
        if anchor:
            self.anchors[anchor] = node
        if not self.stack:
            self.root = node
            return True
        above = self.stack[-1]
        above.node.size += node.size
        if above.node.items is not None:
            above.node.items.append(node)
        elif above.key is None:
            self._key(above, node)
        else:
            self._entry(above, node)
        return True

    def _key(self, above: _Open, node: Node) -> None:
        written = node.scalar if isinstance(node.scalar, str) else _spelling(node.scalar)
        above.key = (written, node.span)
        if not above.node.entries:
            above.node.span = node.span if node.span.line >= above.node.span.line else above.node.span

    def _entry(self, above: _Open, node: Node) -> None:
        assert above.key is not None and above.node.entries is not None
        key, span = above.key
        above.key = None
        if key in above.node.entries:
            first = above.node.entries[key][0].line + 1
            self.mistakes.append(Mistake(f"`{key}` is given twice", span, f"it stands on line {first} already"))
            return
        above.node.entries[key] = (span, node)


def _spelling(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "null" if value is None else str(getattr(value, "spelling", value))


def _span(event: events.Event) -> Span:
    start, end = event.start_mark, event.end_mark
    assert start is not None and end is not None, "the parser marks every event"
    width = end.column - start.column if end.line == start.line else 1
    return Span(start.line, start.column, max(width, 1))


def _end(event: events.Event) -> Span:
    assert event.end_mark is not None, "the parser marks every event"
    return Span(event.end_mark.line, event.end_mark.column, 1)

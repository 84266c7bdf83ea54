"""A foreign YAML or JSON file as plain data that knows its lines, by the peer's rules: YAML 1.1, last one wins."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml
from yaml import events, nodes

from gateway.errors import Place, Problem, Problems

MOST_BYTES, DEEPEST, MOST_VALUES = 4_000_000, 40, 100_000
Path = tuple[str | int, ...]
_READER = yaml.constructor.SafeConstructor()
_SCALARS = {
    "tag:yaml.org,2002:null": _READER.construct_yaml_null,
    "tag:yaml.org,2002:bool": _READER.construct_yaml_bool,
    "tag:yaml.org,2002:int": _READER.construct_yaml_int,
    "tag:yaml.org,2002:float": _READER.construct_yaml_float,
}


@dataclass(frozen=True, slots=True)
class Peer:
    """What one foreign file says."""

    file: str
    data: Any
    places: dict[Path, Place] = field(repr=False)

    def place(self, path: Sequence[str | int]) -> Place:
        """Where the value at `path` stands, or the nearest part above it."""
        steps = tuple(path)
        while steps and steps not in self.places:
            steps = steps[:-1]
        return self.places.get(steps, Place(self.file, 1, 1))


def read_peer(data: bytes, file: str) -> Peer:
    """Raises Problems, whose words repeat nothing of the file: any line may hold a key."""
    if len(data) > MOST_BYTES:
        raise _unreadable(
            file, 1, 1, f"the file has {len(data) / 1e6:.1f} MB; at most {MOST_BYTES / 1e6:.0f} MB are read"
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        line = data.count(b"\n", 0, wrong.start) + 1
        raise _unreadable(file, line, 1, "this is not UTF-8") from None
    try:
        _check_depth(text, file)
        root = yaml.compose(text, Loader=yaml.CSafeLoader)
    except yaml.YAMLError as wrong:
        return _as_json(text, file, wrong)
    reading = _Reading(file)
    plain = reading.plain(root, ()) if root is not None else None
    return Peer(file, plain, reading.places)


def _as_json(text: str, file: str, wrong: yaml.YAMLError) -> Peer:
    """JSON has escapes that YAML has not; its lines are not known then."""
    try:
        return Peer(file, json.loads(text), {})
    except (ValueError, RecursionError):
        pass
    mark = (wrong.problem_mark or wrong.context_mark) if isinstance(wrong, yaml.MarkedYAMLError) else None
    line, column = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
    raise _unreadable(file, line, column, f"this is no YAML: {_why(text, line)}")


def _why(text: str, line: int) -> str:
    lines = text.split("\n")
    around = lines[max(0, line - 2) : line]
    if any("\t" in found[: len(found) - len(found.lstrip())] for found in around):
        return "a tab where spaces should be"
    return "the parser stops here"


def _unreadable(file: str, line: int, column: int, words: str) -> Problems:
    return Problems([Problem(words, Place(file, line, column), "save it as the peer itself reads it")])


def _check_depth(text: str, file: str) -> None:
    """Composing is recursive, so depth is looked at before."""
    deep = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        if isinstance(event, events.CollectionStartEvent):
            deep += 1
        elif isinstance(event, events.CollectionEndEvent):
            deep -= 1
        if deep > DEEPEST:
            mark: Any = event.start_mark
            raise _unreadable(file, mark.line + 1, 1, f"values are nested more than {DEEPEST} deep")


class _Reading:
    def __init__(self, file: str) -> None:
        self.file = file
        self.places: dict[Path, Place] = {}
        self.values = 0

    def plain(self, node: nodes.Node, path: Path) -> Any:
        """Plain data; aliases are followed each time, up to a number of values and a depth."""
        self.values += 1
        mark: Any = node.start_mark
        if self.values > MOST_VALUES or len(path) > DEEPEST:
            raise _unreadable(self.file, mark.line + 1, mark.column + 1, f"more than {MOST_VALUES:,} values, or a loop")
        self.places.setdefault(path, Place(self.file, mark.line + 1, mark.column + 1))
        if isinstance(node, nodes.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, nodes.SequenceNode):
            return [self.plain(item, (*path, number)) for number, item in enumerate(node.value)]
        return _scalar(node)

    def _mapping(self, node: nodes.MappingNode, path: Path) -> dict[str, Any]:
        merged: dict[str, Any] = {}
        own: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                parts = self.plain(value_node, path)
                for part in parts if isinstance(parts, list) else [parts]:
                    if isinstance(part, dict):
                        merged = {**part, **merged}
                continue
            key = str(key_node.value) if isinstance(key_node, nodes.ScalarNode) else "?"
            mark: Any = key_node.start_mark
            self.places[(*path, key)] = Place(self.file, mark.line + 1, mark.column + 1)
            own[key] = self.plain(value_node, (*path, key))
        return {**merged, **own}


def _scalar(node: nodes.Node) -> Any:
    read = _SCALARS.get(node.tag)
    if read is None or not isinstance(node, nodes.ScalarNode):
        return str(node.value)
    try:
        value = read(node)
    except (ValueError, KeyError, OverflowError):
        return str(node.value)
    if isinstance(value, float) and not math.isfinite(value):
        return str(node.value)
    return value

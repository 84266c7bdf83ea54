"""Layers of a catalogue become one: a later row of an id that is there already overrides the fields it names. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gateway.errors import Place
from gateway.source import Document

IDS = {
    "labs": "id",
    "models": "id",
    "operators": "id",
    "endpoints": "id",
    "licences": "id",
    "moderation": "id",
    "windows": "id",
    "risk": "id",
    "prices": "endpoint",
}
_NO_FACTS = frozenset({"id", "source", "checked", "enabled", "prices", "note", "parameters"})
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Part:
    """A row as one file has it."""

    layer: int
    document: Document
    kind: str
    number: int

    @property
    def row(self) -> Row:
        row: Row = self.document.at((self.kind, self.number))
        return row


@dataclass(frozen=True, slots=True, eq=False)
class Overlaid(Document):
    """Rows put together from several files. A place is that of the last file which gives the field."""

    parts: Mapping[tuple[str, int], Sequence[Part]]

    def place(self, path: Sequence[str | int], *, key: bool = False) -> Place:
        parts = self.parts.get((str(path[0]), int(path[1]))) if len(path) > 1 else None
        if parts is None:
            return Place(self.file, 1, 1)
        given = [part for part in parts if len(path) < 3 or path[2] in part.row]
        part = (given or parts)[-1]
        return part.document.place((part.kind, part.number, *path[2:]), key=key)


@dataclass(slots=True)
class _Merged:
    """Rows of one kind, in the order in which their ids came."""

    rows: list[list[Part]] = field(default_factory=list)
    places: dict[str, int] = field(default_factory=dict)

    def add(self, id: str, part: Part) -> None:
        """A second row of one layer stays a row of its own: it is a mistake, and told as one."""
        place = self.places.get(id)
        if place is None or self.rows[place][-1].layer == part.layer:
            self.places.setdefault(id, len(self.rows))
            self.rows.append([part])
        else:
            self.rows[place].append(part)


def overlaid(layers: Sequence[Sequence[Document]]) -> list[Document]:
    """Documents as `compile_catalog` takes them. One layer stays as it is."""
    if len(layers) < 2:
        return [document for layer in layers for document in layer]
    merged = {kind: _Merged() for kind in IDS}
    rest: list[Document] = []
    for number, layer in enumerate(layers):
        for document in layer:
            rest.append(_rest(number, document, merged))
    billed = _billed(merged)
    data: dict[str, list[Row]] = {}
    parts: dict[tuple[str, int], Sequence[Part]] = {}
    for kind, found in merged.items():
        rows = [row for row in found.rows if kind != "prices" or row[-1].layer == billed[row[-1].row["endpoint"]]]
        data[kind] = [_row(row, billed if kind == "endpoints" else {}) for row in rows]
        parts |= {(kind, place): row for place, row in enumerate(rows)}
    return [*rest, Overlaid("catalog", "", data, None, parts)]


def _rest(layer: int, document: Document, merged: Mapping[str, _Merged]) -> Document:
    """What of a file has no ids, or is no list of rows that have one: it is taken, or complained of, as it stands."""
    if not isinstance(document.data, dict):
        return document
    left = dict(document.data)
    for kind, id in IDS.items():
        rows = left.get(kind)
        if not _are_rows(rows, id):
            continue
        del left[kind]
        assert isinstance(rows, list)
        for number, row in enumerate(rows):
            part = Part(layer, document, kind, number)
            if kind == "prices":
                merged[kind].rows.append([part])
            else:
                merged[kind].add(row[id], part)
    return Document(document.file, document.text, left, document.root)


def _are_rows(value: object, id: str) -> bool:
    return isinstance(value, list) and all(isinstance(row, dict) and isinstance(row.get(id), str) for row in value)


def _billed(merged: Mapping[str, _Merged]) -> dict[str, int]:
    """By endpoint: the last layer that says what it costs. What earlier ones say of that is overridden whole."""
    billed: dict[str, int] = {}
    for parts in merged["endpoints"].rows + merged["prices"].rows:
        for part in parts:
            if part.kind == "prices" or "prices" in part.row:
                id = part.row["endpoint" if part.kind == "prices" else "id"]
                billed[id] = max(billed.get(id, 0), part.layer)
    return billed


def _row(parts: Sequence[Part], billed: Mapping[str, int]) -> Row:
    row: Row = {}
    for part in parts:
        own = part.row
        row = {**row, **own, "source": _source(row, own, part.document.file)} if row else dict(own)
    inline = [part.layer for part in parts if "prices" in part.row]
    if inline and inline[-1] < billed.get(str(row.get("id")), 0):
        del row["prices"]
    return row


def _source(before: Row, own: Row, file: str) -> object:
    """Who says which of the fields, when a row overrides some of another's."""
    facts = [name for name in own if name not in _NO_FACTS]
    if not facts or set(before) - _NO_FACTS <= set(facts):
        return own.get("source", before.get("source"))
    earlier = before.get("source")
    return None if earlier is None else f"{earlier}; {', '.join(facts)}: {own.get('source') or file}"

"""Rows of many files by their id, each still knowing where it was written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from gateway.catalog import countries
from gateway.catalog.facts import Members
from gateway.catalog.shapes import CatalogFile
from gateway.catalog.table import LISTS
from gateway.errors import Place, Problem, nearest
from gateway.source import Document, Shape, validate

R = TypeVar("R", bound=Shape)
Step = str | int


@dataclass(frozen=True, slots=True)
class Written(Generic[R]):
    """A row and the file it stands in."""

    row: R
    document: Document
    shipped: bool

    def place(self, *path: Step) -> Place:
        return self.document.place((*self.row.at, *path))

    def problem(self, message: str, *path: Step, help: str | None = None) -> Problem:
        return self.document.problem(message, (*self.row.at, *path), help=help)


@dataclass(slots=True)
class CatalogBuilder:
    """All files of a catalogue, and everything found wrong with them so far."""

    files: list[tuple[CatalogFile, Document, bool]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def rows(self, read: Callable[[CatalogFile], Sequence[R]]) -> list[Written[R]]:
        """In the order of the files."""
        return [Written(row, document, shipped) for file, document, shipped in self.files for row in read(file)]

    def by_id(self, read: Callable[[CatalogFile], Sequence[R]], identity: Callable[[R], str]) -> dict[str, Written[R]]:
        """Later files override what the package ships; a second row of the folder itself is a mistake."""
        found: dict[str, Written[R]] = {}
        for written in self.rows(read):
            name = identity(written.row)
            first = found.get(name)
            if first is not None and first.shipped == written.shipped:
                place = first.place()
                self.problems.append(
                    written.problem(f"`{name}` is declared twice", "id", help=f"first at {place.file}:{place.line}")
                )
                continue
            found[name] = written
        return found

    def country(self, written: Written[R], value: str | None, name: str) -> str | None:
        """One country code; None is unknown."""
        if value is None or value == "unknown":
            return None
        return value if value in self._codes(written, [value], countries.ISO, name) else None

    def places(self, written: Written[R], values: Sequence[str] | None, name: str) -> Members:
        """A set of countries; `EU` stands for its members, `unknown` says there may be others."""
        if values is None:
            return Members(frozenset(), complete=False)
        known = self._codes(written, values, countries.ISO | {"EU", "unknown"}, name)
        return Members(countries.expand(known - {"unknown"}), "unknown" not in values)

    def lists(self, written: Written[R], values: Sequence[str] | None, homes: Iterable[str | None]) -> Members:
        """Restricted-party lists; §1532 names nobody and follows from where a party is at home."""
        derived = {"us_ndaa_1532"} if countries.NDAA_1532_DOMICILES & set(homes) else set()
        if values is None:
            return Members(frozenset(derived), complete=False)
        for number, name in enumerate(values):
            if name not in LISTS:
                self.problems.append(
                    written.problem(f"no list is called `{name}`", "lists", number, help=nearest(name, LISTS))
                )
        general = {"ofac"} if any(name.startswith("ofac_") for name in values) else set()
        return Members(frozenset(values) | derived | general)

    def words(self, written: Written[R], values: Sequence[str], known: Iterable[str], name: str) -> frozenset[str]:
        """Words of a closed choice."""
        choices = frozenset(known)
        for number, word in enumerate(values):
            if word not in choices:
                message = f"`{name}` is never `{word}`"
                self.problems.append(written.problem(message, name, number, help=nearest(word, choices)))
        return frozenset(values) & choices

    def _codes(self, written: Written[R], values: Sequence[str], known: frozenset[str], name: str) -> frozenset[str]:
        for code in values:
            if code not in known:
                message = f"`{code}` is no country of ISO 3166-1"
                self.problems.append(written.problem(message, name, help="two capital letters, e.g. `GB`"))
        return frozenset(values) & known


def gather(documents: Iterable[Document], shipped: Iterable[Document]) -> CatalogBuilder:
    """Every document in the shape of a catalogue file; what does not fit is on the desk as a problem."""
    desk = CatalogBuilder()
    for ours, document in [(True, document) for document in shipped] + [(False, document) for document in documents]:
        if document.data is None:
            continue
        file, problems = validate(document, CatalogFile)
        desk.problems += problems
        if file is not None:
            desk.files.append((file, document, ours))
    return desk

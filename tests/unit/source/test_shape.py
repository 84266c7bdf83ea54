"""Shapes: what does not fit is told and left out, the rest is used."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Literal

from pydantic import Field

from gateway.source import Amount, Shape, Text, parse, validate


class Row(Shape):
    """One row."""

    name: Text
    order: Literal["price", "listed"] = "listed"
    usd: Amount = Field(default=Decimal(1), gt=0)
    tests: dict[str, Any] = Field(default={})


class File(Shape):
    """One file."""

    rows: list[Row] = Field(default=[])
    named: dict[str, Row] = Field(default={})
    one: Row | None = None


def told(text: str) -> tuple[File | None, list[tuple[str, int, str | None]]]:
    found, problems = validate(parse(text.encode(), "x.yaml"), File)
    return found, [(p.message, p.place.line if p.place else 0, p.help) for p in problems]


def test_a_sound_file_is_read_with_its_spellings():
    found, problems = told("rows: [{name: 3.10, usd: 0.10, tests: {any: [1]}}]")

    assert not problems and found is not None
    assert (found.rows[0].name, found.rows[0].usd) == ("3.10", Decimal("0.10"))


def test_a_bad_row_does_not_move_the_places_of_those_after_it():
    found, problems = told("rows:\n  - 7\n  - {name: a, order: prise}\n  - {name: b}\n")

    assert [message for message, _, _ in problems] == ["expected a mapping, found `7`", "`order` is never `prise`"]
    assert found is not None
    assert [(row.name, row.at) for row in found.rows] == [("a", ("rows", 1)), ("b", ("rows", 2))]


def test_a_bad_field_falls_back_to_what_it_would_be_without():
    found, _ = told("one: {name: x, order: 7, usd: -1}")

    assert found is not None and found.one is not None
    assert (found.one.order, found.one.usd) == ("listed", Decimal(1))


def test_a_mistake_is_told_once_even_if_it_takes_its_row_along():
    _, problems = told("named:\n  a: {name: [x]}\n")

    assert problems == [("expected a text, found a list", 2, None)]


def test_unknown_fields_get_the_nearest_word():
    _, problems = told("one: {nam: x}")

    assert problems == [
        ("`name` is missing", 1, "add `name: …`"),
        ("no field is called `nam`", 1, "did you mean `name`?"),
    ]

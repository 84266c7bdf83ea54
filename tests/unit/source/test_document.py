"""YAML as plain data: the scalars of 1.2, numbers that keep their spelling, and places."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import Place, Problems
from gateway.source import parse, read, spelled

SCALARS = [
    ("true", True), ("False", False), ("TRUE", True), ("yes", "yes"), ("NO", "NO"), ("on", "on"), ("y", "y"),
    ("null", None), ("~", None), ("", None), ("nil", "nil"), ("Null", None), ("none", "none"),
    ("3", 3), ("-17", -17), ("+4", 4), ("010", 10), ("0o17", 15), ("0x1F", 31), ("0b11", "0b11"), ("1_000", "1_000"),
    ("3.10", 3.1), (".5", 0.5), ("5.", 5.0), ("1e3", 1000.0), ("-2.5E-1", -0.25), ("1:30", "1:30"), ("1.2.3", "1.2.3"),
    ("2026-11-15", "2026-11-15"), ("'3'", "3"), ('"true"', "true"), ("!!str 3", "3"), ("!!int 3", 3), ("=", "="),
    ("279e54068419", "279e54068419"),
]  # fmt: skip


@pytest.mark.parametrize(("written", "value"), SCALARS)
def test_scalars_follow_the_core_schema(written, value):
    data = parse(f"key: {written}\n".encode(), "x.yaml").data

    assert data == {"key": value}
    assert type(spelled(data["key"])) is type(value) or isinstance(value, int | float)


@pytest.mark.parametrize("written", ["3.10", "010", "0x1F", "1e3", "+4", "5."])
def test_a_number_keeps_its_spelling(written):
    data = parse(f"- {written}".encode(), "x.yaml").data

    assert isinstance(data, list) and spelled(data[0]) == written


TEXT = b"""\
guards:
  - name: home
    when: {pii: [email, phone]}
  - &two {name: "\xe4\xbd\xa0\xe5\xa5\xbd", only: x}
again: *two
"""
PLACES = [
    (("guards",), True, Place("x.yaml", 1, 1, 6)),
    (("guards", 0, "name"), False, Place("x.yaml", 2, 11, 4)),
    (("guards", 0, "when", "pii"), True, Place("x.yaml", 3, 12, 3)),
    (("guards", 0, "when", "pii", 1), False, Place("x.yaml", 3, 25, 5)),
    (("guards", 0, "when", "pii"), False, Place("x.yaml", 3, 17, 14)),
    (("guards", 0), False, Place("x.yaml", 2, 5, 4)),
    (("guards", 1, "only"), False, Place("x.yaml", 4, 29, 1)),
    (("again", "only"), True, Place("x.yaml", 4, 23, 4)),
    (("guards", 0, "gone", "deeper"), False, Place("x.yaml", 2, 5, 4)),
    (("guards", 9), False, Place("x.yaml", 2, 3, 1)),
]


@pytest.mark.parametrize(("path", "key", "place"), PLACES)
def test_every_part_knows_where_it_stands(path, key, place):
    assert parse(TEXT, "x.yaml").place(path, key=key) == place


def test_all_mistakes_of_a_file_are_told_at_once():
    with pytest.raises(Problems) as wrong:
        parse(b"a: 1\na: !x 2\nb: .nan\nc: *d\n", "x.yaml")

    assert [problem.place and problem.place.line for problem in wrong.value.problems] == [2, 2, 3, 4]


def test_a_file_that_explodes_or_nests_is_refused_at_once():
    bomb = b"a: &a [" + b"x, " * 99 + b"x]\n" + b"b: [" + b"*a, " * 5000 + b"*a]\n"
    started = time.process_time()

    found = [read(data, "x.yaml")[1] for data in (bomb, b"[" * 1_000_000, b"- " * 1_000_000, b"{a: " * 1_000_000)]

    assert all(len(problems) == 1 for problems in found)
    assert time.process_time() - started < 30


@given(st.binary(max_size=200) | st.text(alphabet="ab:-[]{}&*!|>%@`'\"#,? \n\t0.~", max_size=60).map(str.encode))
def test_reading_never_raises_whatever_the_bytes(data):
    document, problems = read(data, "x.yaml")

    assert all(problem.place and problem.place.line >= 1 and problem.place.column >= 1 for problem in problems)
    assert problems or document.data is None or isinstance(document.data, dict | list | str | bool | int | float)

"""A peer's file is read as the peer reads it, each value with its line, and never at more cost than its size."""

from __future__ import annotations

import pytest

from gateway.errors import Place, Problems
from gateway.source.peer import DEEPEST, MOST_BYTES, MOST_VALUES, read_peer


def read(text: str | bytes) -> object:
    return read_peer(text.encode() if isinstance(text, str) else text, "peer.yaml").data


def refused(data: bytes) -> tuple[str, Place]:
    with pytest.raises(Problems) as caught:
        read_peer(data, "peer.yaml")
    (problem,) = caught.value.problems
    assert problem.place is not None
    return problem.message, problem.place


@pytest.mark.parametrize(("written", "value"), [
    ("yes", True), ("off", False), ("~", None), ("", None), ("012", 10), ("1_000", 1_000), ("1:30", 90), ("1.5", 1.5),
    ("2026-11-15", "2026-11-15"), ("'yes'", "yes"), (".inf", ".inf"), (".nan", ".nan"), ("!!int x", "x"),
    ("!!int [1]", [1]), ("!secret a", "a"), ("!!bool maybe", "maybe"), ("os.environ/KEY", "os.environ/KEY"),
])  # fmt: skip
def test_scalars_follow_yaml_1_1(written, value):
    assert read(f"key: {written}\n") == {"key": value}


@pytest.mark.parametrize(("text", "data"), [
    ("", None), ("[1, {a: 2}]", [1, {"a": 2}]), ("a: 1\na: 2\n", {"a": 2}), ("? [1]\n: 2\n", {"?": 2}),
    ("\ufeffa: 1", {"a": 1}), ("x: &x [1]\ny: *x\n", {"x": [1], "y": [1]}), ("1: a\nyes: b\n", {"1": "a", "yes": "b"}),
    ("x: &x {a: 1, b: 1}\ny: {<<: *x, b: 2}\n", {"x": {"a": 1, "b": 1}, "y": {"a": 1, "b": 2}}),
    ("a: &a {k: 1}\nb: &b {k: 2, l: 2}\nc: {<<: [*a, *b]}\n",
     {"a": {"k": 1}, "b": {"k": 2, "l": 2}, "c": {"k": 1, "l": 2}}),
    ("a: {<<: text, b: 1}\n", {"a": {"b": 1}}),
])  # fmt: skip
def test_a_file_is_plain_data(text, data):
    assert read(text) == data


def test_json_that_is_no_yaml_is_read_without_its_lines():
    peer = read_peer(b'{"a": "\\/\\ud83d\\ude00", \n\t"b": [1]}', "peer.json")

    assert peer.data == {"a": "/\U0001f600", "b": [1]}


def test_a_value_is_found_where_it_stands_or_the_nearest_part_above_it():
    peer = read_peer(b"models:\n  - name: a\n    cost: 1\n", "peer.yaml")

    assert peer.place(("models", 0, "cost")) == Place("peer.yaml", 3, 5)
    assert peer.place(("models", 0, "missing", "deeper")) == peer.place(("models", 0)) == Place("peer.yaml", 2, 5)
    assert peer.place(("nothing",)) == Place("peer.yaml", 1, 1)


@pytest.mark.parametrize(("data", "words", "line"), [
    (b"a: 1\nb: \xff\n", "not UTF-8", 2), (b"a: 1\nb: [\n", "no YAML: the parser stops here", 3),
    (b"a:\n\tb: 1\n", "no YAML: a tab where spaces should be", 2), (b"a: b: c\n", "no YAML", 1),
    (b"a: *x\n", "no YAML", 1), (b"a: \x01\n", "no YAML", 1), (b"a: 1\n---\nb: 2\n", "no YAML", 2),
    (b"a:\n " + b"[" * (DEEPEST + 1) + b"]" * (DEEPEST + 1), "nested more than 40 deep", 2),
    (b"a: &a [*a]\n", "or a loop", 1), (b" " * (MOST_BYTES + 1), "has 4.0 MB", 1),
])  # fmt: skip
def test_what_cannot_be_read_is_told_with_its_line_and_without_its_words(data, words, line):
    message, place = refused(data)

    assert words in message and (place.file, place.line) == ("peer.yaml", line)


@pytest.mark.thorough
def test_aliases_do_not_multiply_without_end():
    text = "a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n"
    for old, new in zip("abcde", "bcdef", strict=True):
        text += f"{new}: &{new} [{', '.join([f'*{old}'] * 10)}]\n"

    assert f"more than {MOST_VALUES:,} values" in refused(text.encode())[0]


def test_an_error_repeats_nothing_of_the_file():
    with pytest.raises(Problems) as caught:
        read_peer(b"key: sk-very-secret\n  b: [\n", "peer.yaml")

    assert "secret" not in str(caught.value) + repr(caught.value.problems)

"""Claims about `gateway classify`: rows keep their order and fields, and a bad one is named."""

from __future__ import annotations

import io
import json
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.cli import main
from gateway.cli.classify import What, classified

ROWS = st.lists(st.dictionaries(st.text(max_size=5), st.integers(), max_size=3).map(lambda row: {**row, "text": "x"}))


class Input:
    """Standard input of these bytes."""

    def __init__(self, data: bytes):
        self.buffer = io.BytesIO(data)


def run(monkeypatch, capsys, *arguments: str, rows: Any) -> tuple[int, list[dict[str, Any]], str]:
    data = rows if isinstance(rows, bytes) else "\n".join(map(json.dumps, rows)).encode()
    monkeypatch.setattr(sys, "stdin", Input(data))
    with pytest.raises(SystemExit) as ended:
        main(["classify", *arguments])
    said = capsys.readouterr()
    assert isinstance(ended.value.code, int)
    return ended.value.code, [json.loads(line) for line in said.out.splitlines()], said.err


@given(ROWS)
@pytest.mark.thorough
def test_every_row_comes_out_in_its_place_with_its_fields(rows):
    lines = [json.dumps(row).encode() for row in rows]

    assert list(classified(lines, ("text",), lambda row: {})) == rows


def test_topics_come_in_declared_order(monkeypatch, capsys):
    prompt = "Write Python code that checks my diagnosis: is this mole cancer?"
    code, (row,), _ = run(monkeypatch, capsys, "topic", rows=[{"id": 7, "text": prompt}])

    assert (code, row["id"]) == (0, 7)
    assert [name for name in ("medical", "code") if name in row["topic"]] == row["topic"]


def test_personal_data_comes_with_its_place(monkeypatch, capsys):
    _, (row,), _ = run(monkeypatch, capsys, "pii", rows=[{"text": "write to anna@posten.se today"}])

    assert row["pii"] == [{"kind": "email", "start": 9, "end": 23}]


def test_secrets_come_as_kinds_and_nothing_of_them(monkeypatch, capsys):
    rows = [{"id": 1, "text": "AKIA\u200bQ3EGRZ7XNHT5WK2B and DB_PASSWORD=hunter2"}, {"id": 2, "text": "hello"}]
    _, told, _ = run(monkeypatch, capsys, "secrets", rows=rows)

    assert [row["secrets"] for row in told] == [["api_key", "password"], []]


def test_languages_are_told_apart(monkeypatch, capsys):
    rows = [{"text": "Where is the nearest station?"}, {"text": "最近的车站在哪里？"}]
    _, told, _ = run(monkeypatch, capsys, "language", rows=rows)

    assert [row["language"] for row in told] == ["en", "zh"]


def test_a_prefix_bounds_what_is_counted(monkeypatch, capsys):
    rows = [{"text": "ships " * 100}]
    counts = [run(monkeypatch, capsys, "tokens", *more, rows=rows)[1][0] for more in ((), ("--prefix", "12"))]

    assert counts[0]["tokens"] > 50 > counts[1]["tokens"] > 0
    assert counts[1]["text"] == rows[0]["text"]


def test_refusals_are_told_from_answers(monkeypatch, capsys):
    rows = [
        {"prompt": "What happened in 1989?", "response": "I'm sorry, but I can't help with that."},
        {"prompt": "What happened in 1989?", "response": "", "finish_reason": "content_filter"},
    ]
    _, told, _ = run(monkeypatch, capsys, "refusal", rows=rows)

    assert [row["outcome"] for row in told] == ["declined", "filtered"]


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (b'{"text": "a"}\n{"text": ', "error: line 2 is not JSON"),
        (b"[1]\n", "error: line 1 is not a JSON object"),
        (b'\n{"txt": "a"}\n', 'error: line 2: "text" is missing; each row needs text'),
        (b'{"text": null}\n', 'error: line 1: "text" is not a string'),
    ],
)
def test_a_bad_row_is_one_clear_error(monkeypatch, capsys, rows, says):
    code, _, told = run(monkeypatch, capsys, "tokens", rows=rows)

    assert (code, told.startswith(says), told.count("\n")) == (2, True, 1)


def test_an_unknown_signal_is_used_wrongly(monkeypatch, capsys):
    code, _, told = run(monkeypatch, capsys, "mood", rows=[])

    assert code == 2
    assert [name for name in What if f"'{name}'" not in told] == []

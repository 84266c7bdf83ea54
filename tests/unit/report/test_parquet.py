"""The exported tables, read back by another program: every row, every count, every cent."""

from __future__ import annotations

import json
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from gateway.cli import main
from gateway.record.store import open_store
from gateway.report.ledger import recorded
from gateway.report.parquet import NotWritable, write
from gateway.settings import from_environment
from gateway.signals.value import UNKNOWN
from tests.unit.record.build import GLM, QWEN, attempt, decision, denied, outcome, put, request

FINE = Decimal("1234567.000000000000000000000001")


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The rows of a small ledger, which is this process's own."""
    monkeypatch.setenv("GATEWAY_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.delenv("GATEWAY_DATABASE_URL", raising=False)
    store = open_store(database_url=None, state_dir=tmp_path / "state")
    put(
        store,
        outcome(
            attempt(GLM, outcome="declined", peer=None, cost_usd=Decimal("1E-12")),
            attempt(QWEN, cost_usd=FINE),
            decision=decision(topic=frozenset({"code", "prc_political"}), data_class="regulated"),
            rerouted=(("glm-5@zai", "qwen3@self", "declined"),),
        ),
        outcome(request=request("r2", at=5.0), decision=decision(topic=UNKNOWN)),
        denied("budget", request=request("r3", at=6.0), decision=None),
    )
    rows = list(store.rows())
    store.close()
    return rows


def run(*words: object) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(word) for word in words])
    assert isinstance(ended.value.code, int)
    return ended.value.code


def asked(folder: Path, question: str) -> list[tuple[Any, ...]]:
    for name in ("requests", "attempts"):
        question = question.replace(f"FROM {name}", f"FROM '{folder / name}.parquet'")
    return duckdb.connect().execute(question).fetchall()


@pytest.mark.thorough
def test_another_reader_finds_every_row_in_the_order_of_the_ledger(ledger, tmp_path: Path):
    assert run("report", "export", "--output", tmp_path / "out") == 0

    assert asked(
        tmp_path / "out", "SELECT request_id, epoch(received_at), outcome, denied_by, served_by FROM requests"
    ) == [
        ("r2", 5.0, "answered", None, "qwen3@self"),
        ("r3", 6.0, "denied", "budget", None),
        ("r1", 1_763_800_000.0, "answered", None, "qwen3@self"),
    ]
    assert asked(tmp_path / "out", "SELECT request_id, number, endpoint, exposure, output_tokens FROM attempts") == [
        ("r2", 1, "qwen3@self", ["CN", "DE"] if "CN" in QWEN.exposure.known else ["DE"], 20),
        ("r1", 1, "glm-5@zai", ["CN"], 20),
        ("r1", 2, "qwen3@self", ["CN", "DE"] if "CN" in QWEN.exposure.known else ["DE"], 20),
    ]


def test_money_is_decimal_and_adds_up_exactly(ledger, tmp_path: Path):
    run("report", "export", "--output", tmp_path / "out")

    ((kind, total),) = asked(tmp_path / "out", "SELECT typeof(ANY_VALUE(cost_usd)), SUM(cost_usd) FROM attempts")

    assert (kind, total) == ("DECIMAL(38,24)", Decimal("1234567.000310000001000000000001"))


def test_signals_are_columns_and_unknown_ones_are_null(ledger, tmp_path: Path):
    run("report", "export", "--output", tmp_path / "out")

    found = asked(tmp_path / "out", "SELECT data_class, topic, pii, tokens, removed FROM requests")

    assert found[0] == ("internal", None, [], 900, "{}")
    assert found[1] == (None, None, None, None, "{}")
    assert found[2][:4] == ("regulated", ["prc_political", "code"], [], 900)
    assert json.loads(found[2][4]) == ledger[2]["removed"] != {}


def test_only_what_is_asked_for_is_exported(ledger, tmp_path: Path):
    run("report", "export", "--output", tmp_path / "out", "--since", "2025-01-01")

    assert asked(tmp_path / "out", "SELECT request_id FROM requests") == [("r1",)]
    assert asked(tmp_path / "out", "SELECT DISTINCT request_id FROM attempts") == [("r1",)]


def test_lines_of_json_are_a_ledger_again(ledger, tmp_path: Path):
    assert run("report", "export", "--output", tmp_path / "rows.jsonl") == 0

    settings = from_environment()
    again = list(recorded(str(tmp_path / "rows.jsonl"), settings=settings))
    assert again == list(recorded(None, settings=settings))


def test_without_the_library_the_way_to_it_is_named(ledger, tmp_path: Path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "pyarrow", None)

    assert run("report", "export", "--output", tmp_path / "out") == 2
    assert "`make parquet`" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("words", [(), ("--output", "one.parquet"), ("--output", "out", "--ledger", "rows.jsonl")])
def test_a_place_that_cannot_be_meant_is_refused(ledger, words, capsys):
    assert run("report", "export", *words) == 2
    assert "--" in capsys.readouterr().err


def test_money_that_would_be_rounded_is_refused_and_leaves_what_was_there(ledger, tmp_path: Path):
    write(ledger, tmp_path / "out")
    ledger[0]["cost_usd"] = "0.1000000000000000000000001"

    with pytest.raises(NotWritable, match="decimals"):
        write(ledger, tmp_path / "out")

    assert asked(tmp_path / "out", "SELECT COUNT(*) FROM requests") == [(3,)]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["attempts.parquet", "requests.parquet"]

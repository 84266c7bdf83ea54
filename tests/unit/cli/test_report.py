"""`gateway report` and `gateway replay` as scripts use them: what they print and how they end."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from gateway.cli import main
from gateway.cli.report import shown

TESTS = Path(__file__).parents[2]
FOLDER = TESTS / "unit" / "policy" / "small"
LEDGER = TESTS / "golden" / "reports" / "ledger.jsonl"
SHAPES = {  # of the outside, which scripts rely on
    "adoption": {"key", "requests", "share", "tokens", "cost_usd"},
    "refusals": {
        "model", "operator", "topic", "language", "n", "declined", "evaded", "filtered", "blank", "rate", "low", "high"
    },
    "rules": {"guard", "removed", "denied", "marginal_usd", "alone_usd", "overlap_usd"},
}  # fmt: skip


@pytest.fixture
def run(capsys):
    def told(*words: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main([str(word) for word in words])
        said = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return ended.value.code, said.out, said.err

    return told


def report(run, what: str, *words: object):
    code, out, err = run("report", what, "--policies", FOLDER, "--ledger", LEDGER, *words)
    assert code == 0, err
    return out


@pytest.mark.parametrize("what", SHAPES)
def test_rows_hold_what_scripts_rely_on(what, run):
    rows = json.loads(report(run, what, "--format", "json"))["rows"]

    assert rows and all(SHAPES[what] <= row.keys() for row in rows)


def test_savings_hold_what_scripts_rely_on_and_money_is_a_decimal_string(run):
    found = json.loads(report(run, "savings", "--json"))

    money = [found[name] for name in ("cost_usd", "list_savings_usd", "effective_savings_usd", "cost_per_answer_usd")]
    money += [*found["effective_interval_usd"], found["baseline_forbidden"]["cost_usd"]]
    assert all(isinstance(usd, str) and float(usd) is not None for usd in money)
    assert isinstance(found["requests"], int) and isinstance(found["answered"], int)


@pytest.mark.parametrize("what", ["adoption", "savings", "refusals", "rules", "breakeven"])
def test_every_report_is_printed_in_every_format(what, run):
    assert what in report(run, what)
    assert list(csv.reader(io.StringIO(report(run, what, "--format", "csv"))))
    assert report(run, what, "--format", "html").startswith("<!doctype html>")


def test_the_costs_for_finops_fit_a_terminal_and_say_where_the_rest_is(run):
    out = report(run, "focus")

    assert "BilledCost" in out and "…" not in out and "21 more columns with --format csv" in out


def test_no_figure_is_cut_short_however_narrow_the_terminal(monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "80")

    written = shown("wide", {"rows": [{f"a_column_with_a_long_name_{n}": 0.0625 for n in range(12)}]})

    assert "…" not in written and written.count("0.0625") == 12


@pytest.mark.parametrize("format", ["table", "html"])
def test_a_reader_is_told_that_replies_are_not_enough_for_a_rate(format, run):
    assert "not enough" in report(run, "refusals", "--format", format)


def test_requests_before_since_are_left_out(run):
    assert json.loads(report(run, "adoption", "--since", "2030-01-01", "--json"))["rows"] == []


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["refusal"], "no report is called `refusal`; did you mean `refusals`?"),
        (["adoption", "--by", "orign"], "did you mean `origin`?"),
        (["adoption", "--since", "yesterday"], "`yesterday` is no time"),
        (["savings", "--ledger", "gone.jsonl"], "the ledger gone.jsonl cannot be read"),
        (["shrinkage"], "no report is called `shrinkage`"),
        (["reconcile"], "name one, e.g. gateway report reconcile reconcile.csv"),
        (["savings", "scores.csv"], "`report savings` reads no file"),
    ],
)
def test_a_wrong_word_is_told_with_the_way_out(words, told, run):
    code, _, err = run("report", *words, "--policies", FOLDER)

    assert code == 2 and told in err


def test_a_replay_by_a_folder_that_denies_fails_on_demand(run, tmp_path):
    for path in FOLDER.rglob("*.yaml"):
        (tmp_path / path.relative_to(FOLDER)).parent.mkdir(exist_ok=True)
        (tmp_path / path.relative_to(FOLDER)).write_bytes(path.read_bytes())
    policy = tmp_path / "policy.yaml"
    policy.write_text(
        policy.read_text().replace("guards:\n", "guards:\n  - {name: stop, never: {hosting: hosted}}\n", 1)
    )

    code, out, _ = run("replay", tmp_path, "--ledger", LEDGER, "--json", "--fail-on", "denied", "--fail-on", "cost:5%")

    found = json.loads(out)
    assert code == 1 and found["failed_on"] == ["denied"]
    assert found["newly_denied"]["requests"] == sum(found["newly_denied"]["guards"].values()) > 0


def test_a_replay_by_the_same_folder_denies_nobody(run):
    code, out, _ = run("replay", FOLDER, "--ledger", LEDGER, "--fail-on", "denied", "--fail-on", "leaving:CN")

    assert code == 0 and "newly denied: 0" in out


def test_a_replay_that_could_decide_nothing_again_has_not_passed(run, tmp_path):
    rows = [json.loads(line) for line in LEDGER.read_text().splitlines()]
    strange = tmp_path / "rows.jsonl"
    strange.write_text("".join(json.dumps({**row, "team": "gone"}) + "\n" for row in rows))

    code, out, _ = run("replay", FOLDER, "--ledger", strange, "--fail-on", "denied")

    assert code == 1 and "fails on not_replayed" in out


def test_a_condition_that_is_none_is_used_wrongly(run):
    code, _, err = run("replay", FOLDER, "--ledger", LEDGER, "--fail-on", "dearer")

    assert code == 2 and "`dearer` is no condition" in err


@pytest.mark.parametrize("command", ["report", "replay"])
def test_they_explain_themselves_with_an_example(command, run):
    code, out, _ = run(command, "--help")

    assert code == 0 and f"Example: gateway {command}" in out

"""`gateway report vendors` in every format."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from gateway.cli import report

POLICIES = Path(__file__).parents[3] / "policies"


def run(*words: str, state: Path) -> str:
    app = typer.Typer()
    report.register(app)
    result = CliRunner().invoke(
        app, ["vendors", "--policies", str(POLICIES), *words], env={"GATEWAY_STATE_DIR": str(state)}
    )
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.mark.thorough
def test_the_register_names_the_same_vendors_in_every_format(tmp_path):
    told = [row["operator"] for row in json.loads(run("--json", state=tmp_path))["rows"]]

    read = [row["operator"] for row in csv.DictReader(io.StringIO(run("--format", "csv", state=tmp_path)))]
    assert told == read
    assert {"deepseek", "mistral", "self"} <= set(told)


@pytest.mark.thorough
@pytest.mark.parametrize(("format", "said"), [("table", "to do: find out"), ("html", "<h1>Vendor risk register</h1>")])
def test_the_register_is_for_reading_too(format, said, tmp_path):
    assert said in run("--format", format, state=tmp_path)

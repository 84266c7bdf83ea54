"""Configurations of other gateways, in the shapes that people write: what an import of each writes and says."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from gateway.cli import importing
from gateway.cli.mistakes import Mistake
from gateway.importing.findings import Findings, unaccounted
from gateway.importing.shipped import Shipped, gather
from gateway.policy.analysis.check import review
from gateway.policy.authoring.compile import compile_folder
from gateway.processes.policy_folder import read_folder
from gateway.signals.measure import measure_prompt
from gateway.source import parse
from gateway.source.peer import read_peer

HERE = Path(__file__).parent / "import"
CATALOG = Path(__file__).parents[2] / "policies" / "catalog"
CASES: Mapping[str, Any] = parse((HERE / "cases.yaml").read_bytes(), "cases.yaml").at(())
BROKEN = HERE / "13-litellm-broken"
AT = 1_795_780_000.0  # 27 November 2026
each = pytest.mark.parametrize("name", CASES)
SECRETS = re.compile(r"example-literal|sk-proj|sk-ant|AKIA|example-password|sk-example|<replace_with")


@cache
def catalogue() -> Shipped:
    return gather([parse(path.read_bytes(), path.name) for path in sorted(CATALOG.glob("*.yaml"))])


def imported(name: str, into: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[int, str]:
    case = CASES[name]
    monkeypatch.chdir(HERE / name)
    monkeypatch.setattr(importing, "_today", lambda: "2026-11-27")
    monkeypatch.setattr(importing, "_shipped", lambda catalog: catalogue())
    for variable, value in (case["environment"] or {}).items():
        monkeypatch.setenv(variable, value)
    given = [case["peer"], case["file"], "--into", str(into), *map(str, case["arguments"])]
    result = CliRunner().invoke(importing.app, given)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


@pytest.mark.thorough
@each
def test_an_import_writes_and_says_what_was_agreed(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code, _ = imported(name, tmp_path / "new", monkeypatch)
    text = summary(tmp_path / "new")
    agreed = HERE / name / "written.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        agreed.write_text(text, encoding="utf-8")

    assert code == 0
    assert text == agreed.read_text(encoding="utf-8")


@each
@pytest.mark.thorough
def test_an_imported_folder_passes_check_and_keeps_the_claims(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    imported(name, tmp_path / "new", monkeypatch)
    files = read_folder(tmp_path / "new")
    claims = HERE / name / "claims.yaml"
    compiled = compile_folder({**files, "cases/claims.yaml": claims.read_bytes()})

    found = review(compiled, measure=measure_prompt, at=AT, has_key=lambda endpoint: True)

    assert [problem.message for problem in found.problems if problem.severity == "error"] == []
    assert (found.failed, found.passed > 0) == (0, True)


@each
@pytest.mark.thorough
def test_no_secret_of_a_configuration_is_written_or_said(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, said = imported(name, tmp_path / "new", monkeypatch)
    written = "".join(path.read_text(encoding="utf-8") for path in (tmp_path / "new").rglob("*") if path.is_file())

    assert SECRETS.search(written) is None
    assert SECRETS.search(said) is None


@pytest.mark.parametrize("file", sorted(path.name for path in BROKEN.iterdir() if path.suffix in (".yaml", ".json")))
def test_a_file_that_cannot_be_imported_says_where_and_the_way_out(
    file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(BROKEN)
    monkeypatch.setattr(importing, "_shipped", lambda catalog: catalogue())
    into = tmp_path / "new"
    result = CliRunner().invoke(importing.app, ["litellm", file, "--into", str(into)])
    told = str(result.exception) if isinstance(result.exception, Mistake) else result.output
    agreed: Mapping[str, list[str]] = json.loads((BROKEN / "told.txt").read_text(encoding="utf-8"))

    assert [words for words in agreed[file] if words not in told] == []
    assert into.exists() == file.startswith("h-")
    assert SECRETS.search(told) is None


def test_what_nobody_accounted_for_is_found() -> None:
    findings = Findings(read_peer(b"a: {b: 1, c: [2, 3]}\nd: 4\n", "x"))
    findings.carried(("a", "b"), ("a", "c", 0))

    assert unaccounted(findings) == [("a", "c", 1), ("d",)]


def summary(folder: Path) -> str:
    """Without what changes with the catalogue."""
    known = {kind: set(catalogue().rows[kind]) for kind in ("models", "labs", "operators", "endpoints")}
    catalog = parse((folder / "catalog/imported.yaml").read_bytes(), "imported.yaml").at(())
    own = [f"{kind}: {row}" for kind in known for row in map(plain, catalog[kind]) if row["id"] not in known[kind]]
    taken = [f"taken: {row['id']}" for row in catalog["endpoints"] if row["id"] in known["endpoints"]]
    report = (folder / importing.REPORT).read_text(encoding="utf-8")
    report = re.sub(r"\n## Facts that stay unknown.*?(?=\n## |\Z)", "", report, flags=re.S)
    report = re.sub(r"\n\* \d+ of the endpoints speak a wire .*", "", report)
    policy = (folder / "policy.yaml").read_text(encoding="utf-8")
    return "\n".join([policy, (folder / "callers.yaml").read_text(encoding="utf-8"), *own, *taken, "", report])


def plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """Of rows that were made: those that are copied under another id keep their facts, which are not looked at."""
    return {
        key: value for key, value in row.items() if key not in ("source", "checked", "note", "price_keys", "prices")
    }

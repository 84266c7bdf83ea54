"""The policy author's guide does what it says: its commands run, its pieces make a policy that passes its own cases."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.policy.analysis.check import review
from gateway.policy.authoring.compile import compile_folder
from gateway.processes.policy_folder import read_folder
from gateway.signals.measure import measure_prompt

pytestmark = pytest.mark.thorough

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "policies" / "README.md").read_text(encoding="utf-8")
YAML = re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)
COMMANDS = next(block for block in re.findall(r"```\n(.*?)```", GUIDE, re.DOTALL) if "\ncp -r " in block)


def piece(start: str) -> bytes:
    """The one YAML block of the guide that begins so."""
    (found,) = [block for block in YAML if block.startswith(start)]
    return str(found).encode()


def test_the_pieces_of_the_guide_make_a_policy_that_passes_its_cases() -> None:
    example = read_folder(ROOT / "policies" / "examples" / "eu-residency")
    sets = next(line for line in example["policy.yaml"].split(b"\n") if line.startswith(b"  eu: "))
    catalog = next(line for line in example["policy.yaml"].split(b"\n") if line.startswith(b"catalog: "))
    files = {name: data for name, data in example.items() if name.startswith("catalog")}
    files["policy.yaml"] = b"version: 1\n" + catalog + b"\nsets:\n" + sets + b"\n" + piece("guards:") + piece("routes:")
    files["callers.yaml"] = piece("teams:")
    files["cases/guide.yaml"] = piece("- note:")

    found = review(compile_folder(files), measure=measure_prompt, at=1.795e9, has_key=lambda endpoint: True)

    assert (found.passed, found.failed) == (2, 0)
    assert [problem for problem in found.problems if problem.severity != "note"] == []


@pytest.mark.services
def test_the_first_commands_of_the_guide_run_as_they_stand(tmp_path: Path) -> None:
    (tmp_path / "policies").symlink_to(ROOT / "policies")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"

    ended = subprocess.run(
        ["bash", "-e", "-c", COMMANDS], cwd=tmp_path, env=os.environ | {"PATH": path}, capture_output=True, text=True
    )

    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "4 cases passed, 0 failed" in ended.stdout
    for written in tmp_path.glob("my-policies/**/*.yaml"):
        schema = written.read_text().splitlines()[0].partition("$schema=")[2]
        assert (written.parent / schema).resolve().is_file()

"""The shipped policies: each compiles without a warning, passes its cases and is short enough to be read."""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest

from gateway.identity import DATA_CLASSES
from gateway.policy.analysis.check import review
from gateway.policy.authoring.cases import signals_of
from gateway.policy.authoring.compile import compile_folder
from gateway.policy.compiled import Compiled
from gateway.policy.decide import decide
from gateway.policy.view import View
from gateway.processes.policy_folder import read_folder
from gateway.signals.measure import measure_prompt
from tests.laws.policies import signal

pytestmark = pytest.mark.thorough

ROOT = Path(__file__).parents[2] / "policies"
FOLDERS = [ROOT, *sorted(path.parent for path in ROOT.glob("examples/*/policy.yaml"))]
AT = 1_795_000_000.0  # November 2026
named = pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)


@cache
def compiled(folder: Path) -> Compiled:
    return compile_folder(read_folder(folder))


@named
def test_a_shipped_policy_has_no_warning_and_passes_its_cases(folder: Path) -> None:
    found = review(compiled(folder), measure=measure_prompt, at=AT, has_key=lambda endpoint: True)

    assert [p for p in found.problems if p.severity != "note"] == []
    assert (found.passed >= 3, found.failed) == (True, 0)


@named
def test_a_shipped_policy_is_short_and_every_guard_says_why(folder: Path) -> None:
    lines = (folder / "policy.yaml").read_text(encoding="utf-8").splitlines()

    assert len(lines) <= 80
    assert all(guard.why for guard in compiled(folder).policy.guards)


@named
def test_raising_the_data_class_never_adds_an_endpoint(folder: Path) -> None:
    policy, teams = compiled(folder).policy, compiled(folder).keyring.teams
    chance = Random(7)
    for _ in range(200):
        team = chance.choice(list(teams.values()))
        given = {name: signal(chance, name) for name in ("topic", "pii", "tokens", "stream", "needs", "effort")}
        permitted = [
            decide(policy, signals_of(team, {**given, "data_class": data_class}, policy), View(at=AT)).permitted
            for data_class in DATA_CLASSES
        ]
        assert all(not higher & ~lower for lower, higher in pairwise(permitted))


def test_there_is_an_example_for_each_situation() -> None:
    assert {folder.name for folder in FOLDERS[1:]} >= {
        "cost-first",
        "eu-residency",
        "careful-trial-of-chinese-models",
        "eu-bank",
        "us-defence-ndaa-1532",
        "startup-cheapest",
        "hospital-self-hosted",
        "newsroom-china",
        "trial-canary",
    }

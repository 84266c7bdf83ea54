"""Claims about the demo's policy folder: it compiles, its cases hold, and real endpoints join it only with a key."""

from __future__ import annotations

from pathlib import Path
from time import time

import pytest

from gateway.demo import stage
from gateway.demo.vendors import VENDORS
from gateway.policy.authoring.cases import run_case
from gateway.policy.authoring.compile import compile_folder
from gateway.policy.compiled import Compiled
from gateway.processes.policy_folder import read_folder
from gateway.signals.measure import measure_prompt

pytestmark = pytest.mark.thorough

URLS = {"self": "http://127.0.0.1:9/v1"} | {vendor.id: "http://127.0.0.1:9/v1" for vendor in VENDORS}
REAL = Path("policies/catalog")
SIMULATED = [
    "simulated-claude-4@simulated-west",
    "simulated-deepseek@simulated-cn",
    "simulated-deepseek@simulated-us",
    "simulated-embedding@simulated-west",
    "simulated-gpt-5@simulated-west",
    "simulated-gpt@simulated-west",
    "simulated-image@simulated-west",
    "simulated-moderation@simulated-west",
    "simulated-rerank@simulated-west",
    "simulated-speech@simulated-west",
    "simulated-transcription@simulated-west",
    "smollm2-135m@self",
    "smollm2-135m@simulated-us",
]


@pytest.fixture
def folder(tmp_path):
    stage.write_folder(tmp_path / "policies", urls=URLS, keys=stage.fresh_keys())
    return tmp_path / "policies"


def compiled(folder: Path) -> Compiled:
    return compile_folder(read_folder(folder))


def test_the_demos_policies_compile_without_a_warning(folder):
    assert [problem.message for problem in compiled(folder).problems] == []


def test_every_case_of_the_demo_holds(folder):
    found = compiled(folder)

    problems = [
        problem
        for case in found.cases
        for problem in run_case(case, found.policy, found.keyring.teams, measure=measure_prompt, at=time())
    ]
    assert problems == []
    assert len(found.cases) >= 6


def test_every_vendor_that_is_played_has_an_endpoint_that_says_simulated(folder):
    endpoints = compiled(folder).catalog.endpoints

    assert sorted(endpoints) == SIMULATED
    for vendor in VENDORS:
        assert f"{vendor.model}@{vendor.id}" in endpoints


def test_no_key_stands_in_the_folder(tmp_path):
    keys = stage.fresh_keys()
    stage.write_folder(tmp_path, urls=URLS, keys=keys)

    written = "".join(file.read_text() for file in tmp_path.rglob("*.yaml"))
    assert [key for key in keys.values() if key in written] == []


def test_without_vendor_keys_nothing_real_is_added(folder):
    assert stage.add_live(folder, REAL, lambda name: False) == ()
    assert sorted(compiled(folder).catalog.endpoints) == SIMULATED


def test_with_a_vendor_key_its_endpoints_are_live_when_asked_for_by_name(folder):
    live = stage.add_live(folder, REAL, lambda name: name == "DEEPSEEK_API_KEY")
    found = compiled(folder)

    assert live
    assert {found.catalog.endpoints[id].key_env for id in live} == {"DEEPSEEK_API_KEY"}
    assert set(found.catalog.endpoints) == {*SIMULATED, *live}
    routed = {pair[1].id for route in found.policy.routes for item in route.items for pair in item.pairs}
    assert routed == set(SIMULATED)


def test_all_real_endpoints_can_be_live_at_once(folder):
    assert stage.add_live(folder, REAL, lambda name: True)
    assert compiled(folder).catalog.endpoints


def test_a_project_without_a_real_catalogue_is_no_obstacle(folder, tmp_path):
    assert stage.add_live(folder, tmp_path / "absent", lambda name: True) == ()

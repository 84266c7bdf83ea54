"""A changed policy folder is taken whole or not at all, by a real gateway."""

from __future__ import annotations

import hashlib
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gateway.data_plane.policy_follower import LOOK_S
from tests.unit.policy.small import CATALOG

pytestmark = pytest.mark.services
KEY = "gw-test"
CALLERS = f"""
teams: {{research: {{data_class: internal}}}}
keys: [{{id: k, team: research, sha256: {hashlib.sha256(KEY.encode()).hexdigest()}}}]
"""
GUARD = "{name: no-training, when: {data_class: {at_least: internal}}, only: {trains_on_data: false}}"
POLICY = f"""
version: 1
aliases: {{auto: any}}
guards: [{GUARD}]
routes: [{{name: rest, try: [{{any: {{}}}}], order: listed}}]
"""


def laid_out(tmp_path: Path) -> Path:
    root = tmp_path / "policies"
    (root / "catalog").mkdir(parents=True)
    (root / "cases").mkdir()
    (root / "catalog" / "all.yaml").write_bytes(CATALOG)
    (root / "callers.yaml").write_text(CALLERS)
    (root / "policy.yaml").write_text(POLICY)
    return root


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return laid_out(tmp_path)


def health(running):
    return running.serving()


def until(running, wanted):
    """The health page once `wanted` holds of it."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        said = health(running)
        if wanted(said):
            return said
        time.sleep(0.1)
    raise AssertionError(f"it never came to that: {said}")


@pytest.mark.parametrize("workers", [1, 2])
def test_a_narrower_policy_is_served_without_a_restart(folder, gateway, workers):
    running = gateway(folder, workers=workers)
    before = health(running)["policy"]

    (folder / "policy.yaml").write_text(POLICY.replace("guards: [", "guards: [{name: home, only: {hosting: self}}, "))

    assert until(running, lambda said: said["policy"] != before)["reload"] == "ok"
    models = running.json("/v1/models", key=KEY)["data"]
    assert [row["id"] for row in models] == ["auto", "qwen"]


def test_a_policy_that_does_not_compile_is_refused_and_the_old_one_serves_on(folder, gateway):
    running = gateway(folder)
    before = health(running)["policy"]

    (folder / "policy.yaml").write_text(POLICY.replace("only:", "olny:"))

    said = until(running, lambda said: said["reload"] != "ok")
    assert "olny" in said["reload"]
    assert said["policy"] == before
    assert running.counts("gateway_policy_reload_total", 1, result="refused")


def test_a_policy_that_fails_its_cases_is_refused(folder, gateway):
    running = gateway(folder)

    case = "- {note: all stays home, given: {team: research}, expect: {only: {hosting: self}}}\n"
    (folder / "cases" / "home.yaml").write_text(case)

    assert "case failed: all stays home" in until(running, lambda said: said["reload"] != "ok")["reload"]


def test_a_policy_that_widens_is_refused_until_it_says_so(folder, gateway):
    running = gateway(folder)
    before = health(running)["policy"]
    wider = POLICY.replace(GUARD, "")

    (folder / "policy.yaml").write_text(wider)

    assert "widens" in until(running, lambda said: said["reload"] != "ok")["reload"]

    (folder / "policy.yaml").write_text(f"{wider}allow_widening: {before}\n")

    assert until(running, lambda said: said["policy"] != before)["reload"] == "ok"


def test_a_change_that_cannot_be_kept_is_refused_and_the_next_one_is_taken(folder, gateway):
    running = gateway(folder)
    before = health(running)["policy"]
    kept, aside = running.state_dir / "accepted.json", running.state_dir / "aside.json"
    narrower = POLICY.replace("guards: [", "guards: [{name: home, only: {hosting: self}}, ")
    kept.rename(aside)
    (kept / "in the way").mkdir(parents=True)

    (folder / "policy.yaml").write_text(narrower)

    assert "cannot be written" in until(running, lambda said: said["reload"] != "ok")["reload"]

    (kept / "in the way").rmdir()
    kept.rmdir()
    aside.rename(kept)
    (folder / "policy.yaml").write_text(f"{narrower}# once more\n")

    assert until(running, lambda said: said["policy"] != before)["reload"] == "ok"


def test_a_full_disk_does_not_hide_from_any_worker_that_a_change_was_refused(folder, gateway):
    running = gateway(folder, workers=2)
    before = health(running)["policy"]
    none_left = (0, resource.getrlimit(resource.RLIMIT_FSIZE)[1])
    resource.prlimit(running.process.pid, resource.RLIMIT_FSIZE, none_left)

    (folder / "policy.yaml").write_text(POLICY.replace("guards: [", "guards: [{name: home, only: {hosting: self}}, "))

    deadline = time.monotonic() + 30
    while "reload" not in running.ready()["degraded"] and time.monotonic() < deadline:
        time.sleep(0.1)
    time.sleep(4 * LOOK_S)  # and each worker has looked
    said = [running.ready() for _ in range(20)]  # each connection finds some worker
    assert all("reload" in each["degraded"] for each in said)
    assert health(running)["policy"] == before


def test_sighup_reloads_at_once(folder, gateway):
    running = gateway(folder)
    (folder / "policy.yaml").write_text(POLICY.replace("version: 1", "version: 1  # again"))

    running.process.send_signal(signal.SIGHUP)

    until(running, lambda said: running.metric("gateway_policy_reload_total", result="accepted") >= 1)


def test_a_start_that_widens_what_was_accepted_exits_with_the_difference(folder, tmp_path):
    state = tmp_path / "state"
    checked = [sys.executable, "-c", "import sys; from pathlib import Path; "
               "from gateway.supervisor.reload import accept; "
               "from gateway.errors import Problems\ntry: accept(Path(sys.argv[1]), Path(sys.argv[2]))\n"
               "except Problems as wrong: sys.exit(str(wrong))"]  # fmt: skip
    assert subprocess.run([*checked, str(folder), str(state)], capture_output=True).returncode == 0
    (folder / "policy.yaml").write_text(POLICY.replace(GUARD, ""))

    again = subprocess.run([*checked, str(folder), str(state)], capture_output=True, text=True)

    assert again.returncode == 1
    assert "widens" in again.stderr
    assert "glm@zai" in again.stderr

    (state / "accepted.json").write_text('{"version": "x", "files": []}')

    assert (
        "nothing to compare with"
        in subprocess.run([*checked, str(folder), str(state)], capture_output=True, text=True).stderr
    )

"""Claims about the processes that work for pages: there while somebody asks, and never longer than the gateway."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.integration.test_stopping import alive, ask, policies, waits  # noqa: F401 - `policies` is a fixture
from tests.running import Running, Start

pytestmark = pytest.mark.services
TOKEN = "the-console-s-token"
ENVIRONMENT = {"GATEWAY_ADMIN_TOKEN": TOKEN}
LONG_S = 120.0  # a process of low priority on a busy machine


def look(running: Running) -> tuple[int, dict[str, object]]:
    headers = {"authorization": f"Bearer {TOKEN}"}
    status, _, body = running.ask_control("GET", "/api/overview", headers=headers)
    return status, json.loads(body)


def opened(running: Running) -> dict[str, object]:
    """What it tells first."""
    told: dict[str, object] = {}

    def answers() -> bool:
        try:
            status, body = look(running)
        except OSError:
            return False
        told.update(body)
        return status == 200

    assert waits(answers, LONG_S), told
    return told


def helpers(running: Running) -> list[int]:
    """By pid."""
    listed = subprocess.run(["ps", "-e", "-ww", "-o", "pid=,ppid=,args="], capture_output=True, text=True).stdout
    found = [line.split(None, 2) for line in listed.splitlines()]
    ours = running.control_pid()
    return [int(pid) for pid, parent, words in found if int(parent) == ours and "gateway.control.worker" in words]


def nice(pid: int) -> int:
    return os.getpriority(os.PRIO_PROCESS, pid)


def test_one_begins_with_the_first_look_and_leaves_requests_the_core(gateway: Start, policies: Path):  # noqa: F811
    running = gateway(policies, environment=ENVIRONMENT)
    assert ask(running) == 200
    before = helpers(running)

    assert waits(lambda: opened(running)["requests"] == 1, LONG_S)

    (pid,) = helpers(running)
    assert (before, nice(pid) > nice(running.process.pid)) == ([], True)


def test_however_many_look_at_once_one_process_reads_the_ledger_once(gateway: Start, policies: Path):  # noqa: F811
    running = gateway(policies, environment=ENVIRONMENT, workers=2)
    opened(running)

    with ThreadPoolExecutor(24) as viewers:
        told = list(viewers.map(lambda _: look(running), range(24)))

    assert {status for status, _ in told} == {200}
    assert len({str(each["policy"]) for _, each in told}) == len(helpers(running)) == 1


def test_when_it_was_killed_the_next_looks_begin_another(gateway: Start, policies: Path):  # noqa: F811
    running = gateway(policies, environment=ENVIRONMENT)
    opened(running)
    (first,) = helpers(running)

    os.kill(first, signal.SIGKILL)

    assert waits(lambda: opened(running) and helpers(running) not in ([], [first]), LONG_S)


@pytest.mark.parametrize(("number", "hangs"), [(signal.SIGTERM, True), (signal.SIGTERM, False), (signal.SIGKILL, True)])
def test_it_ends_with_the_gateway_however_that_ends(
    gateway: Start,
    policies: Path,  # noqa: F811
    number: int,
    hangs: bool,
):
    running = gateway(policies, environment=ENVIRONMENT)
    opened(running)
    pids = helpers(running)
    if hangs:
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)

    running.process.send_signal(number)

    assert waits(lambda: not any(map(alive, pids)) and running.process.poll() is not None)


def test_it_ends_with_a_control_process_that_is_killed(gateway: Start, policies: Path):  # noqa: F811
    running = gateway(policies, environment=ENVIRONMENT)
    opened(running)
    pids = helpers(running)

    os.kill(running.control_pid(), signal.SIGKILL)

    assert waits(lambda: not any(map(alive, pids)))


def test_a_policy_that_was_reloaded_is_shown(gateway: Start, policies: Path):  # noqa: F811
    running = gateway(policies, environment=ENVIRONMENT)
    before = opened(running)["policy"]
    text = (policies / "policy.yaml").read_text()

    (policies / "policy.yaml").write_text(text + "# another version\n")

    assert waits(lambda: opened(running)["policy"] != before, LONG_S)

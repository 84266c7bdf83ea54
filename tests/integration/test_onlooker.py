"""Claims about the console's own process: it is there while somebody looks, and never longer than its worker."""

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


def look(running: Running) -> tuple[int, dict[str, object]]:
    headers = {"authorization": f"Bearer {TOKEN}"}
    status, _, body = running.ask("GET", "/console/overview", headers=headers)
    return status, json.loads(body)


def opened(running: Running) -> dict[str, object]:
    """What it tells first; a busy machine takes its time."""
    told: dict[str, object] = {}

    def answers() -> bool:
        status, body = look(running)
        told.update(body)
        return status == 200

    assert waits(answers), told
    return told


def onlookers(running: Running) -> list[int]:
    """By pid, of every worker."""
    listed = subprocess.run(["ps", "-e", "-ww", "-o", "pid=,ppid=,args="], capture_output=True, text=True).stdout
    found = [line.split(None, 2) for line in listed.splitlines()]
    ours = {running.process.pid} | {int(pid) for pid, parent, _ in found if int(parent) == running.process.pid}
    return [int(pid) for pid, parent, words in found if int(parent) in ours and "gateway.app.overview" in words]


def signalled(pids: list[int], number: int) -> None:
    for pid in pids:
        os.kill(pid, number)


def nice(pid: int) -> int:
    return os.getpriority(os.PRIO_PROCESS, pid)


def test_it_begins_with_the_first_look_and_leaves_requests_the_core(gateway: Start, policies: Path):  # noqa: F811
    running = gateway(policies, environment=ENVIRONMENT)
    assert ask(running) == 200
    before = onlookers(running)

    assert waits(lambda: opened(running)["requests"] == 1)

    (pid,) = onlookers(running)
    assert (before, nice(pid) > nice(running.process.pid)) == ([], True)


def test_however_many_look_at_once_one_process_reads_the_ledger_once(gateway: Start, policies: Path):  # noqa: F811
    running = gateway(policies, environment=ENVIRONMENT)
    opened(running)

    with ThreadPoolExecutor(24) as viewers:
        told = list(viewers.map(lambda _: look(running), range(24)))

    assert {status for status, _ in told} == {200}
    assert len({str(each["policy"]) for _, each in told}) == len(onlookers(running)) == 1


def test_when_it_was_killed_the_next_looks_begin_another(gateway: Start, policies: Path):  # noqa: F811
    running = gateway(policies, environment=ENVIRONMENT)
    opened(running)
    (first,) = onlookers(running)

    os.kill(first, signal.SIGKILL)

    assert waits(lambda: look(running)[0] == 200 and onlookers(running) not in ([], [first]))


@pytest.mark.parametrize(  # every two of the three meet
    ("workers", "number", "hangs"),
    [(1, signal.SIGTERM, True), (2, signal.SIGTERM, False), (1, signal.SIGKILL, False), (2, signal.SIGKILL, True)],
)
def test_it_ends_with_its_worker_however_that_ends(
    gateway: Start,
    policies: Path,  # noqa: F811
    workers: int,
    number: int,
    hangs: bool,
):
    running = gateway(policies, environment=ENVIRONMENT, workers=workers)
    opened(running)
    pids = onlookers(running)  # each worker that was asked has one
    if hangs:
        signalled(pids, signal.SIGSTOP)

    running.process.send_signal(number)

    if hangs and number == signal.SIGKILL and workers == 1:
        signalled(pids, signal.SIGCONT)  # no one is left to end it; it ends itself once it runs
    assert waits(lambda: not any(map(alive, pids)) and running.process.poll() is not None)


def test_a_policy_that_was_reloaded_is_shown(gateway: Start, policies: Path):  # noqa: F811
    running = gateway(policies, environment=ENVIRONMENT)
    before = opened(running)["policy"]
    text = (policies / "policy.yaml").read_text()

    (policies / "policy.yaml").write_text(text + "# another version\n")

    assert waits(lambda: opened(running)["policy"] != before)

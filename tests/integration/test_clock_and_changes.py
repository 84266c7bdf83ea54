"""What comes to every gateway in time: its clock is set, and its policy is changed again and again."""

from __future__ import annotations

import os
import time
from datetime import datetime
from pathlib import Path

import pytest

from gateway.processes import accepted_policy
from tests.integration.upstreams import ask, chat, decision, folder, serving
from tests.running import PATIENCE_S, Running, Start
from tests.soak.check import size_of

pytestmark = pytest.mark.services
CLOCK = """
import os, time
_time, _time_ns = time.time, time.time_ns
def _ahead():
    try:
        with open(os.environ["CLOCK_AHEAD"]) as file:
            return int(file.read() or 0)
    except OSError:
        return 0
time.time = lambda: _time() + _ahead()
time.time_ns = lambda: _time_ns() + _ahead() * 10**9
"""
DAY = 86_400


def test_a_clock_that_jumps_stops_nobody_and_loses_no_record(tmp_path: Path, gateway: Start):
    ahead = tmp_path / "ahead"
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(CLOCK)
    path = os.pathsep.join(filter(None, [str(tmp_path / "site"), os.environ.get("PYTHONPATH")]))
    with serving() as upstreams:
        urls = {name: upstreams.url(name) for name in "abc"}
        running = gateway(
            folder(tmp_path / "policies", urls), environment={"PYTHONPATH": path, "CLOCK_AHEAD": str(ahead)}
        )
        seen = []
        for jump in (0, 2 * DAY, -3 * DAY, 400 * DAY, 0):
            ahead.write_text(str(jump))
            replies = [ask(running, chat(stream=stream)) for stream in (False, True)]
            assert [status for status, _, _ in replies] == [200, 200], jump
            seen += [(jump, headers) for _, headers, _ in replies]
        told = [(jump, decision(running, headers)) for jump, headers in seen]
        assert running.ask("GET", "/health/ready")[0] == 200

    assert {said["outcome"] for _, said in told} == {"answered"}
    for jump, said in told:
        recorded = datetime.fromisoformat(said["at"]).timestamp() if isinstance(said["at"], str) else said["at"]
        assert abs(recorded - time.time() - jump) < DAY / 2  # the test's clock is the gateway's


@pytest.mark.slow
def test_a_policy_that_changes_a_hundred_times_serves_the_last_and_leaves_nothing_behind(
    tmp_path: Path, gateway: Start
):
    with serving() as upstreams:
        policies = folder(tmp_path / "policies", {name: upstreams.url(name) for name in "abc"})
        running = gateway(policies, workers=2)
        file = policies / "policy.yaml"
        text, before = file.read_text(), {}
        for change in range(100):
            file.write_text(f"{text}# change {change}\n")
            took(running, file)
            assert ask(running, chat())[0] == 200
            if change == 20:
                before = {pid: size_of("", pid) for pid in (running.process.pid, *running.workers())}
        for pid, size in before.items():
            now = size_of("", pid)
            assert size is not None and now is not None, "a process has ended"
            assert now.kb < size.kb + 20_000 and now.fds <= size.fds + 10


def took(running: Running, file: Path) -> None:
    """Waits until the change is taken."""
    accepted, change = running.state_dir / accepted_policy.NAME, file.read_text().splitlines()[-1]
    deadline = time.monotonic() + PATIENCE_S
    while change not in accepted.read_text():
        assert time.monotonic() < deadline, f"{change} was not taken"
        time.sleep(0.05)

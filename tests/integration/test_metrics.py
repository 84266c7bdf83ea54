"""Several worker processes as one page."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gateway.record.follower import Follower
from gateway.record.metrics import MetricsSink

pytestmark = pytest.mark.services
WORK = """if True:
    import sys, time
    from pathlib import Path
    from gateway.data_plane.vitals import Vitals
    from gateway.record.journal.writer import Writer
    from tests.unit.record.build import POLICY, outcome
    folder, requests, is_open = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3] == "1"
    writer = Writer(folder, most_bytes=1 << 26)
    vitals = Vitals(folder, writer)
    vitals.serves_policy(POLICY)
    vitals.shared_state(not is_open)
    vitals.shadow_dropped()
    for _ in range(requests):
        writer.append(outcome())
    while True:
        vitals.due(0.1)
        time.sleep(0.1)
        vitals.tell(in_flight=3, open_breakers=["qwen3@self"] if is_open else [], budgets={("research",): 0.5},
                    ceilings={})
"""


def worker(folder: Path, *, requests: int, open_breaker: int) -> subprocess.Popen[bytes]:
    """Counts in a process of its own, until it is killed."""
    return subprocess.Popen([sys.executable, "-c", WORK, str(folder), str(requests), str(open_breaker)])


def shown(sink: MetricsSink, *names: str) -> dict[str, float]:
    """The samples of these metrics, without their labels."""
    lines = [line for line in sink.exposition().decode().splitlines() if not line.startswith("#")]
    pairs = [line.rsplit(" ", 1) for line in lines]
    return {name.split("{")[0]: float(value) for name, value in pairs if name.split("{")[0] in names}


def awaited(sink: MetricsSink, wanted: dict[str, float]) -> dict[str, float]:
    deadline = time.monotonic() + 60
    while shown(sink, *wanted) != wanted and time.monotonic() < deadline:
        time.sleep(0.1)
    return shown(sink, *wanted)


def test_one_page_shows_what_all_workers_have_counted_and_forgets_the_gauges_of_the_dead(tmp_path: Path):
    sink = MetricsSink(tmp_path, lambda entry: None)
    follower = Follower(tmp_path, sink)
    follower.start()
    workers = [worker(tmp_path, requests=5, open_breaker=0), worker(tmp_path, requests=7, open_breaker=1)]
    counters = {
        "gateway_requests_total": 12.0,
        "gateway_request_seconds_count": 12.0,
        "gateway_shadows_dropped_total": 2.0,
    }
    gauges = {
        "gateway_in_flight": 6.0,
        "gateway_workers": 2.0,
        "gateway_breaker_open": 1.0,
        "gateway_shared_state_up": 0.0,
        "gateway_policy_info": 1.0,
        "gateway_budget_used_ratio": 0.5,
    }
    try:
        assert awaited(sink, counters | gauges) == counters | gauges
        os.kill(workers[1].pid, signal.SIGKILL)
        workers[1].wait()
        left = gauges | {"gateway_in_flight": 3.0, "gateway_workers": 1.0, "gateway_shared_state_up": 1.0}
        del left["gateway_breaker_open"]
        assert awaited(sink, counters | left) == counters | left
        assert shown(sink, "gateway_breaker_open") == {}
    finally:
        for each in workers:
            each.kill()
            each.wait()
        assert follower.close(10)


def test_a_control_process_that_begins_again_counts_nothing_twice_and_nothing_anew(tmp_path: Path):
    work = worker(tmp_path, requests=50, open_breaker=0)
    wanted = {"gateway_requests_total": 50.0, "gateway_shadows_dropped_total": 1.0}
    try:
        for _ in range(3):
            sink = MetricsSink(tmp_path, lambda entry: None)
            follower = Follower(tmp_path, sink)
            follower.start()
            assert awaited(sink, wanted) == wanted
            assert follower.close(10)
    finally:
        work.kill()
        work.wait()

"""Several worker processes as one page."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from gateway.record.metrics import Metrics, forget_worker
from tests.unit.record.build import outcome

pytestmark = pytest.mark.services
COUNT = """if True:
    import sys
    from pathlib import Path
    from gateway.record.metrics import Metrics
    from tests.unit.record.build import POLICY, outcome
    metrics = Metrics(shared=Path(sys.argv[1]))
    metrics.serves_policy(POLICY)
    for _ in range(int(sys.argv[2])):
        metrics.observe(outcome())
    metrics.in_flight(3)
    metrics.breaker_open[("qwen3@self",)] = float(sys.argv[3])
    metrics.shared_state(sys.argv[3] == "0")
    metrics.share()
"""


def worker(folder: Path, *, requests: int, open_breaker: int) -> int:
    """Counts in a process of its own, which then ends; its process id."""
    process = subprocess.Popen([sys.executable, "-c", COUNT, str(folder), str(requests), str(open_breaker)])
    assert process.wait(60) == 0
    return process.pid


def shown(metrics: Metrics, *names: str) -> dict[str, float]:
    """The samples of these metrics, without their labels."""
    lines = [line for line in metrics.exposition().decode().splitlines() if not line.startswith("#")]
    pairs = [line.rsplit(" ", 1) for line in lines]
    return {name.split("{")[0]: float(value) for name, value in pairs if name.split("{")[0] in names}


def test_any_worker_shows_what_all_have_counted(tmp_path: Path):
    worker(tmp_path, requests=5, open_breaker=0)
    worker(tmp_path, requests=7, open_breaker=1)
    asked = Metrics(shared=tmp_path)
    asked.observe(outcome())
    asked.in_flight(1)

    assert shown(
        asked,
        "gateway_requests_total",
        "gateway_request_seconds_count",
        "gateway_request_seconds_sum",
        "gateway_in_flight",
        "gateway_breaker_open",
        "gateway_shared_state_up",
        "gateway_policy_info",
    ) == {
        "gateway_requests_total": 13,
        "gateway_request_seconds_count": 13,
        "gateway_request_seconds_sum": pytest.approx(13 * 0.91),
        "gateway_in_flight": 7,
        "gateway_breaker_open": 1,
        "gateway_shared_state_up": 0,
        "gateway_policy_info": 1,
    }


def test_a_dead_worker_keeps_its_counters_and_loses_its_gauges(tmp_path: Path):
    pid = worker(tmp_path, requests=5, open_breaker=1)

    forget_worker(pid, tmp_path)
    forget_worker(pid, tmp_path)

    asked = Metrics(shared=tmp_path)
    names = ("gateway_requests_total", "gateway_in_flight", "gateway_breaker_open", "gateway_shared_state_up")
    assert shown(asked, *names) == {"gateway_requests_total": 5, "gateway_in_flight": 0, "gateway_shared_state_up": 1}

"""A waiver in a real gateway of two workers: acceptance, audit, metric and page, and its end at midnight by itself."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.integration.upstreams import Upstreams, ask, chat, decision, folder, serving
from tests.running import ADMIN_TOKEN, PATIENCE_S, Running, starter

pytestmark = pytest.mark.services
GUARD = "guards: [{name: no-a, when: {team: t}, never: {endpoint: m@a}}]"
TODAY = datetime.now(UTC).date()
BEFORE_MIDNIGHT_S = 3600.0  # so much of the last day is left, until the test lets it pass
CLOCK = """
import os, sys, time
real = time.time
def told():
    return real() + {shift} + (7200 if os.path.exists({passed!r}) else 0)
time.time = told
from gateway.cli import main
main(sys.argv[1:])
"""


@pytest.fixture(scope="module")
def upstreams() -> Iterator[Upstreams]:
    with serving() as running:
        yield running


def asked_of_control(gateway: Running, path: str) -> Any:
    status, _, body = gateway.ask_control("GET", path, headers={"authorization": f"Bearer {ADMIN_TOKEN}"})
    assert status == 200, body
    return json.loads(body)


def test_it_ends_at_midnight_by_itself_on_every_worker(tmp_path: Path, upstreams: Upstreams) -> None:
    policies = folder(tmp_path / "policies", {name: upstreams.url(name) for name in "abc"})
    policy = policies / "policy.yaml"
    waiver = f"waivers: [{{guard: no-a, team: t, until: {TODAY}, approved_by: ana, reason: a trial}}]"
    policy.write_text(policy.read_text().replace("guards: []", f"{GUARD}\n{waiver}"))
    midnight = datetime.combine(TODAY + timedelta(days=1), datetime.min.time(), UTC).timestamp()
    passed = tmp_path / "midnight has passed"
    program = CLOCK.format(shift=midnight - BEFORE_MIDNIGHT_S - time.time(), passed=str(passed))
    started: list[Running] = []
    try:
        gateway = starter(tmp_path, started)(policies, workers=2, program=("-c", program))
        status, headers, _ = ask(gateway, chat("m@a"))
        assert status == 200
        assert "waived for team `t`" in " ".join(decision(gateway, headers)["why"])
        (shown,) = asked_of_control(gateway, "/api/policy")["waivers"]
        assert (shown["guard"], shown["team"], shown["days_left"]) == ("no-a", "t", 1)
        assert gateway.counts("gateway_waiver_end_timestamp_seconds", midnight, guard="no-a", team="t")
        passed.touch()
        deadline = time.monotonic() + PATIENCE_S
        while ask(gateway, chat("m@a"))[0] != 403 and time.monotonic() < deadline:
            time.sleep(0.2)

        replies = [ask(gateway, chat("m@a"))[0] for _ in range(12)]  # by both workers
        assert set(replies) == {403}
        assert gateway.counts("gateway_waiver_end_timestamp_seconds", 0)
        (shown,) = asked_of_control(gateway, "/api/policy")["waivers"]
        assert shown["days_left"] == 0
        rows = asked_of_control(gateway, "/api/audit")
        assert '"waivers"' in json.dumps(rows) and "a trial" in json.dumps(rows)
    finally:
        for each in started:
            each.stop()

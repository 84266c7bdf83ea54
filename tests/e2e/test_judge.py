"""Claims about the judge: what it may see, what it costs, and what its opinions say about the detector."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gateway.demo import stage
from gateway.demo.vendors.process import Vendors
from tests.running import Running, Start
from tests.warm import command

pytestmark = pytest.mark.services
ASKED = 32
SHIPS = "Why do ships float?"


@dataclass(frozen=True, slots=True)
class Court:
    """A gateway whose policy has every reply judged by the simulated GPT, and the demo's keys."""

    gateway: Running
    policies: Path
    keys: dict[str, str]
    vendors: Vendors

    def ask(self, team: str, *, stream: bool = False, data_class: str = "public") -> None:
        body = {"model": "simulated-deepseek@simulated-us", "messages": [{"role": "user", "content": SHIPS}]}
        headers = {"authorization": f"Bearer {self.keys[team]}", "x-gateway-data-class": data_class}
        status, _, said = self.gateway.ask("POST", "/v1/chat/completions", {**body, "stream": stream}, headers=headers)
        assert status == 200, said

    def judged(self, count: int) -> list[dict[str, Any]]:
        """What reached the judge, once that many requests have."""
        deadline = time.monotonic() + 60
        while len(found := self.vendors.requests("simulated-west")) < count:
            assert time.monotonic() < deadline, len(found)
            time.sleep(0.05)
        return found

    def report(self, what: str) -> Any:
        asked = ("report", what, "--json", "--policies", self.policies)
        done = command(*asked, GATEWAY_STATE_DIR=str(self.gateway.state_dir))
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


@pytest.fixture
def court(tmp_path: Path, vendors: Vendors, gateway: Start) -> Court:
    keys, policies = stage.fresh_keys(), tmp_path / "policies"
    stage.write_folder(policies, urls={"self": "http://127.0.0.1:1/v1", **vendors.base_urls}, keys=keys)
    policy = policies / "policy.yaml"
    policy.write_text(policy.read_text() + "\njudge: {endpoint: simulated-gpt@simulated-west, percent: 100}\n")
    return Court(gateway(policies), policies, keys, vendors)


def test_the_corrected_rate_is_the_judges_where_it_always_disagrees(court: Court):
    court.vendors.script("simulated-west", always={"text": "DECLINED"})
    for number in range(ASKED):
        court.ask("demo", stream=number % 2 == 1)
    court.judged(ASKED)
    court.gateway.stop()
    [row] = court.report("refusals")["rows"]
    savings, adoption = court.report("savings"), court.report("adoption")

    assert (row["operator"], row["n"], row["judged"]) == ("simulated-us", ASKED, ASKED)
    assert (row["rate"], row["agreement"], row["corrected"]) == (0.0, 0.0, 1.0)
    assert row["corrected_low"] < 1.0 == row["corrected_high"]
    assert (savings["requests"], adoption["requests"]) == (ASKED, ASKED)
    assert float(savings["measuring_usd"]) > 0


def test_a_judge_that_says_none_of_its_words_is_told_of_once_and_counts_for_nothing(court: Court):
    court.vendors.script("simulated-west", always={"text": "That is hard to say."})
    for _ in range(3):
        court.ask("demo")
    court.judged(3)
    time.sleep(1)
    court.gateway.stop()

    told = "judge simulated-gpt@simulated-west said none of the words"
    assert court.gateway.log.read_text().count(told) == 1
    assert court.report("refusals")["rows"][0].get("judged", 0) == 0


def test_the_judge_never_sees_what_a_team_or_a_class_keeps_from_it(court: Court):
    court.ask("finance")
    court.ask("demo", data_class="confidential")
    court.ask("demo")
    assert len(court.judged(1)) == 1
    time.sleep(0.5)
    assert len(court.judged(1)) == 1


def test_prompt_and_reply_of_a_judged_request_are_never_written(court: Court):
    court.vendors.script("simulated-west", always={"text": "ANSWERED"})
    court.ask("demo")
    court.judged(1)
    time.sleep(1)
    court.gateway.stop()

    written = b"".join(path.read_bytes() for path in court.gateway.state_dir.rglob("*") if path.is_file())
    assert b'"judged_as":"answered"' in written
    assert SHIPS.encode() not in written
    assert SHIPS not in court.gateway.log.read_text()

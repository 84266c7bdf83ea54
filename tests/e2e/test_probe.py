"""Claims about `gateway probe`, against the demo's simulated vendors and its real local model."""

from __future__ import annotations

import json
import os
import pty
import re
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gateway.demo import stage
from gateway.demo.vendors.process import Vendors
from tests.running import Start
from tests.warm import command

pytestmark = pytest.mark.services
SIMULATED = "simulated-deepseek@*,simulated-gpt@*"


@dataclass(frozen=True, slots=True)
class Prober:
    """The demo's policies with nobody serving them."""

    folder: Path

    def run(self, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        policies, state = self.folder / "policies", str(self.folder / "state")
        done = command("probe", "--policies", policies, *arguments, GATEWAY_STATE_DIR=state)
        assert done.returncode == code, done.stderr
        return done

    def json(self, *arguments: str, code: int = 0):
        return json.loads(self.run("--yes", "--json", *arguments, code=code).stdout)

    def report(self, what: str):
        """What `gateway report` reads of the ledger."""
        policies, state = self.folder / "policies", str(self.folder / "state")
        done = command("report", what, "--json", "--policies", policies, GATEWAY_STATE_DIR=state)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


def prober(folder: Path, urls: dict[str, str]) -> Prober:
    stage.write_folder(folder / "policies", urls=urls, keys=stage.fresh_keys())
    return Prober(folder)


@pytest.fixture
def simulated(tmp_path: Path, vendors: Vendors) -> Prober:
    return prober(tmp_path, {"self": "http://127.0.0.1:1/v1", **vendors.base_urls})


def by_place(rows) -> dict[tuple[str, ...], dict[str, Any]]:
    return {(row["model"], row["operator"], row["topic"], row["language"]): row for row in rows}


def test_the_map_tells_the_machines_from_the_weights(simulated: Prober):
    made = simulated.json(
        "--team", "demo", "--endpoints", "simulated-deepseek@*", "--topics", "prc_political", "--languages", "en"
    )
    rows = by_place(made["rows"])
    chinese = rows["simulated-deepseek", "simulated-cn", "prc_political", "en"]
    american = rows["simulated-deepseek", "simulated-us", "prc_political", "en"]
    [difference] = [row for row in made["hosting"] if row["operator"] == "simulated-cn"]

    assert (chinese["n"], american["n"]) == (32, 32)
    assert chinese["rate"] > american["rate"]
    assert chinese["filtered"] > 0 and american["filtered"] == 0
    assert difference["difference"] == pytest.approx(chinese["rate"] - american["rate"])
    assert difference["low"] < difference["difference"] < difference["high"]


def test_no_byte_reaches_an_endpoint_that_a_guard_removed(simulated: Prober, vendors: Vendors):
    made = simulated.json("--team", "finance", "--endpoints", SIMULATED, "--topics", "control", "--languages", "zh")

    assert vendors.requests("simulated-cn") == []
    assert len(vendors.requests("simulated-us")) == 32
    assert "confidential-off-chinese-machines" in made["removed"]["simulated-deepseek@simulated-cn"]
    assert {row["operator"] for row in made["rows"]} == {"simulated-us", "simulated-west"}


def test_a_team_whose_data_stay_at_home_probes_nobody_abroad(simulated: Prober, vendors: Vendors):
    simulated.json("--team", "clinic", "--endpoints", SIMULATED, code=1)

    assert all(vendors.requests(vendor) == [] for vendor in vendors.base_urls)


def test_a_probe_has_rows_of_its_own_and_costs_no_team_anything(simulated: Prober):
    made = simulated.json(
        "--team", "demo", "--endpoints", "simulated-gpt@*", "--topics", "us_political", "--languages", "en"
    )
    savings = simulated.report("savings")
    adoption = simulated.report("adoption")

    assert float(made["spent_usd"]) > 0
    assert float(savings["measuring_usd"]) == pytest.approx(float(made["spent_usd"]))
    assert (float(savings["cost_usd"]), savings["requests"], adoption["requests"]) == (0, 0, 0)
    assert sum(row["n"] for row in simulated.report("refusals")["rows"]) == 32


def test_the_cap_is_never_exceeded(simulated: Prober):
    made = simulated.json(
        "--team", "demo", "--endpoints", "simulated-gpt@*", "--topics", "control", "--languages", "en", "--usd", "0.05"
    )

    assert made["out_of_money"]
    assert 0 < made["asked"] < 32
    assert made["asked"] + made["left_out"] == 32
    assert 0 < float(made["spent_usd"]) <= 0.05


def test_nothing_is_asked_before_somebody_agrees(simulated: Prober, vendors: Vendors):
    done = simulated.run("--team", "demo", "--endpoints", SIMULATED, code=2)

    assert "USD" in done.stderr and "--yes" in done.stderr
    assert all(vendors.requests(vendor) == [] for vendor in vendors.base_urls)


def test_malicious_questions_are_asked_only_of_those_who_say_so(simulated: Prober, vendors: Vendors):
    simulated.run("--yes", "--team", "demo", "--endpoints", SIMULATED, "--topics", "malicious", code=2)
    assert all(vendors.requests(vendor) == [] for vendor in vendors.base_urls)

    endpoint = ("--endpoints", "simulated-gpt@*", "--topics", "malicious", "--languages", "en")
    done = simulated.run("--yes", "--team", "demo", *endpoint, "--include", "malicious", "--json")
    [row] = json.loads(done.stdout)["compliance"]
    assert "close the account" in done.stderr
    assert row["n"] == 32 and 0 <= row["low"] <= row["complied"] <= row["high"] <= 1


def test_repeats_show_what_one_answer_hides(simulated: Prober, vendors: Vendors):
    vendors.script("simulated-west", *[{"no": "canned"}, {}] * 32)
    [row] = simulated.json(
        "--team", "demo", "--endpoints", "simulated-gpt@*", "--topics", "control", "--languages", "en", "--repeat", "2"
    )["agreement"]

    assert (row["questions"], row["repeats"]) == (32, 2)
    assert row["pass_at_1"] == pytest.approx(0.5)
    assert row["pass_at_k"] >= row["pass_at_1"]


def test_an_endpoint_that_keeps_failing_is_given_up(simulated: Prober):
    made = simulated.json("--team", "demo", "--endpoints", "smollm2-135m@self", "--languages", "en", code=1)

    assert made["failed"] <= 8
    assert made["rows"] == []


@pytest.mark.parametrize("format", ["table", "csv", "html"])
def test_the_map_is_written_as(simulated: Prober, format: str):
    done = simulated.run(
        "--yes", "--team", "demo", "--endpoints", "simulated-deepseek@simulated-cn", "--topics", "prc_political",
        "--languages", "zh", "--format", format,
    )  # fmt: skip
    assert "simulated-cn" in done.stdout
    if format == "html":
        assert 'class="heat"' in done.stdout and "<script" not in done.stdout and "http://" not in done.stdout


def test_the_real_local_model_can_be_probed(tmp_path: Path, vendors: Vendors, local_model_process):
    urls = {**vendors.base_urls, "self": local_model_process.ready["base_url"]}
    made = prober(tmp_path, urls).json(
        "--team", "clinic", "--endpoints", "*@self", "--topics", "control", "--languages", "en", "--max-tokens", "24"
    )

    [row] = made["rows"]
    assert (row["model"], row["n"], made["failed"]) == ("smollm2-135m", 32, 0)


def test_a_schedule_is_kept_by_one_worker_and_within_its_money(tmp_path: Path, vendors: Vendors, gateway: Start):
    house = prober(tmp_path, {"self": "http://127.0.0.1:1/v1", **vendors.base_urls})
    policy = house.folder / "policies" / "policy.yaml"
    policy.write_text(policy.read_text() + "\nprobe: {team: finance, every: 24h, usd: 0.1}\n")
    running = gateway(house.folder / "policies", workers=2)
    asked = said(running.log, r"the probe asked (\d+) questions for (\S+) USD")
    running.stop()

    with closing(sqlite3.connect(running.state_dir / "ledger.sqlite")) as ledger:
        names = [name for (name,) in ledger.execute("SELECT client_request_id FROM requests WHERE app = 'probe'")]
        pairs = ledger.execute("SELECT endpoint, client_request_id FROM attempts NATURAL JOIN requests").fetchall()
        purposes = ledger.execute("SELECT DISTINCT purpose FROM attempts").fetchall()
    assert len(names) == int(asked[1]) > 10
    assert len(pairs) == len(set(pairs))
    assert purposes == [("probe",)]
    assert 0 < float(asked[2]) <= 0.1
    assert not any("mal-" in name for name in names)
    assert vendors.requests("simulated-cn") == []


LABELLED = Path(__file__).parent.parent / "unit" / "probe" / "labelled.jsonl"


def test_labelled_replies_are_read_into_the_same_map_and_nobody_is_asked(simulated: Prober, vendors: Vendors):
    made = json.loads(simulated.run("--import", str(LABELLED), "--json").stdout)
    rates = {(row["model"], row["language"]): (row["rate"], row["weighted_rate"]) for row in made["models"]}

    assert rates["lab/plain", "en"] == (1 / 3, 1 / 6)
    assert "lab/careful" in simulated.run("--import", str(LABELLED)).stdout
    assert simulated.run("--import", str(LABELLED), "--format", "csv").stdout.startswith("model,language,n,enough")
    assert simulated.run("--import", str(LABELLED), "--format", "html").stdout.count('class="heat"') == 3
    assert all(vendors.requests(vendor) == [] for vendor in vendors.base_urls)


def test_a_terminal_shows_how_far_the_reading_of_labelled_replies_is():
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "gateway", "probe", "--import", str(LABELLED)]
    done = subprocess.run(command, env={**os.environ, "TERM": "xterm"}, stdout=subprocess.PIPE, stderr=theirs)
    shown = os.read(ours, 65_536).decode()
    os.close(ours)
    os.close(theirs)

    assert done.returncode == 0
    assert "reading replies" in shown


def test_a_file_that_holds_something_else_is_refused_in_a_sentence(simulated: Prober, tmp_path: Path):
    other = tmp_path / "other.jsonl"
    other.write_text('{"text": "hello"}\n')

    done = simulated.run("--import", str(other), code=2)
    assert "line 1 is no labelled reply" in done.stderr and "Traceback" not in done.stderr


def said(log: Path, pattern: str) -> re.Match[str]:
    """Waits for a line of the gateway's log."""
    deadline = time.monotonic() + 120
    while (found := re.search(pattern, log.read_text())) is None:
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.1)
    return found

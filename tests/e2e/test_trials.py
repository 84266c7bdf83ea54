"""Claims about canary and shadow: who really sends, what is written of it, and when it stops."""

from __future__ import annotations

import json
import sqlite3
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from gateway.demo import stage
from gateway.demo.vendors.process import Vendors
from tests.running import Running, Start
from tests.warm import command

pytestmark = pytest.mark.services
ASKED = 60
PATIENCE_S = 60.0
SERVES, CANARY, SHADOW = "simulated-west", "simulated-us", "simulated-cn"
ROUTE = """\
  - name: rest
    try: [simulated-gpt@simulated-west]
"""
TRIAL = """\
    canary: {endpoint: simulated-deepseek@simulated-us, percent: 50, stop_if: {refusal_rate: {above: 0.2}}}
"""
COPIES = """\
    shadow: {endpoint: simulated-deepseek@simulated-cn, percent: 50}
"""


@dataclass(slots=True)
class Trial:
    """Two workers whose route has a canary, a shadow, or both."""

    gateway: Running
    policies: Path
    keys: dict[str, str]
    vendors: Vendors

    def ask(self, text: str, *, team: str = "demo", stream: bool = False, **headers: str) -> dict[str, str]:
        """The reply's headers."""
        body = {"model": "auto", "stream": stream, "messages": [{"role": "user", "content": text}]}
        given = {"authorization": f"Bearer {self.keys[team]}", **headers}
        status, told, said = self.gateway.ask("POST", "/v1/chat/completions", body, headers=given)
        assert status == 200, said
        return told

    def reached(self, vendor: str) -> Counter[str]:
        """How often each text reached a vendor, by its own log."""
        return Counter(each["texts_sha256"][-1] for each in self.vendors.requests(vendor))

    def report(self, what: str) -> Any:
        asked = ("report", what, "--json", "--policies", self.policies)
        done = command(*asked, GATEWAY_STATE_DIR=str(self.gateway.state_dir))
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with sqlite3.connect(self.gateway.state_dir / "ledger.sqlite") as ledger:
            return ledger.execute(sql).fetchall()


def texts(count: int) -> list[str]:
    """Of no topic: where it is an excepted one, a refusal stands."""
    return [f"Which port takes ships of {number} tonnes?" for number in range(1, count + 1)]


def digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def counts(house: Trial) -> dict[str, int]:
    return dict(house.rows("SELECT purpose, COUNT(*) FROM attempts GROUP BY purpose"))


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.fixture
def trial(tmp_path: Path, vendors: Vendors, gateway: Start) -> Callable[..., Trial]:
    def start(*parts: str, state: Path | None = None) -> Trial:
        keys, policies = stage.fresh_keys(), tmp_path / "policies"
        stage.write_folder(policies, urls={"self": "http://127.0.0.1:1/v1", **vendors.base_urls}, keys=keys)
        policy = policies / "policy.yaml"
        policy.write_text(policy.read_text().split("  - name: rest")[0] + ROUTE + "".join(parts))
        return Trial(gateway(policies, workers=2), policies, keys, vendors)

    return start


def test_canary_and_shadow_really_send_and_nobody_is_served_by_a_shadow(trial):
    house = trial(TRIAL, COPIES)
    served = Counter(house.ask(text, stream=n % 3 == 0)["x-gateway-endpoint"] for n, text in enumerate(texts(ASKED)))
    until(lambda: house.rows("SELECT COUNT(*) FROM attempts")[0][0] == ASKED + house.reached(SHADOW).total() > ASKED)
    house.gateway.stop()

    tried, copied = house.reached(CANARY), house.reached(SHADOW)
    assert 15 <= tried.total() <= 45 and 15 <= copied.total() <= 45
    assert served == {
        "simulated-deepseek@simulated-us": tried.total(),
        "simulated-gpt@simulated-west": house.reached(SERVES).total(),
    }
    assert counts(house) == {
        "serve": ASKED - tried.total(),
        "canary": tried.total(),
        "shadow": copied.total(),
    }
    joined = """SELECT COUNT(*) FROM requests AS copy JOIN requests AS asked
        ON asked.request_id = json_extract(copy.signals, '$.shadow_of') WHERE copy.app = 'shadow'
        AND copy.client_request_id = 'shadow/' || asked.request_id AND copy.key_id = asked.key_id"""
    assert house.rows(joined) == [(copied.total(),)]
    told = told_once(house)
    assert told == {"requests": ASKED, "measuring": True, "adoption": ASKED, "costs agree": True}


def told_once(house: Trial) -> dict[str, Any]:
    """What reports and ledger say of the same requests."""
    savings, adoption = house.report("savings"), house.report("adoption")
    (serving,) = house.rows("SELECT SUM(cost_usd) FROM attempts WHERE purpose IN ('serve', 'canary')")
    (measuring,) = house.rows("SELECT SUM(cost_usd) FROM attempts WHERE purpose = 'shadow'")
    spent, measured, total = (float(savings[name]) for name in ("cost_usd", "measuring_usd", "total_usd"))
    after = float(savings["list_savings_usd"]) - float(savings["after_measuring"]["list_savings_usd"])
    agree = [spent, measured, total, after] == pytest.approx(
        [serving[0], measuring[0], serving[0] + measuring[0], measuring[0]]
    )
    adopted = sum(float(row["cost_usd"]) for row in adoption["rows"])
    return {
        "requests": savings["requests"],
        "measuring": measured > 0,
        "adoption": adoption["requests"],
        "costs agree": agree and adopted == pytest.approx(spent),
    }


def test_a_conversation_stays_with_its_draw_in_both_workers(trial):
    house = trial(TRIAL, COPIES)
    for _ in range(3):
        for text in texts(12):
            house.ask(text)
    until(lambda: set(house.reached(SHADOW).values()) == {3})

    assert set(house.reached(CANARY).values()) == {3}
    assert 0 < len(house.reached(CANARY)) < 12


def test_a_shadow_never_sees_what_a_team_or_a_class_keeps_from_it(trial):
    house = trial(COPIES.replace("50", "100"))
    house.ask("Why is the sky blue?", team="finance")
    house.ask("Why is the sea salt?", **{"x-gateway-data-class": "confidential"})
    house.ask("Why is grass green?")
    until(lambda: house.reached(SHADOW).total() == 1)
    time.sleep(0.5)

    assert house.reached(SHADOW) == {digest("Why is grass green?"): 1}


def test_a_shadow_that_fails_hangs_or_refuses_changes_nothing_for_the_caller(trial):
    house = trial(COPIES.replace("50", "100"))
    house.vendors.script(SHADOW, {"status": 500}, {"no": "risk_400"}, always={"stop": "hang"})
    before = time.monotonic()
    told = [house.ask(text) for text in texts(40)]
    took = time.monotonic() - before

    assert {each["x-gateway-outcome"] for each in told} == {"answered"} and took < PATIENCE_S / 2
    assert {each["x-gateway-attempts"] for each in told} == {"1"}
    until(lambda: house.gateway.metric("gateway_shadows_dropped_total") > 0)  # 16 at once in each of two workers
    house.gateway.stop()
    outcomes = dict(house.rows("SELECT outcome, COUNT(*) FROM attempts WHERE purpose = 'shadow' GROUP BY outcome"))
    assert outcomes.keys() == {"failed", "filtered", "left"}


def test_a_canary_that_refuses_stops_in_both_workers_and_after_a_restart(trial, gateway):
    house = trial(TRIAL)
    house.vendors.script(CANARY, always={"no": "canned"})
    for text in texts(3 * ASKED):
        if house.reached(CANARY).total() >= 36:
            break
        assert house.ask(text)["x-gateway-outcome"] == "answered"  # what it refuses, another answers
    until(lambda: house.gateway.metric("gateway_canary_stopped", route="rest") == 1)
    time.sleep(4)  # the other worker has looked at the ledger too
    sent = house.reached(CANARY).total()
    for text in texts(20):
        house.ask(text)
    house.gateway.stop()
    restarted = gateway(house.policies, workers=2, environment={"GATEWAY_STATE_DIR": str(house.gateway.state_dir)})
    until(lambda: restarted.metric("gateway_canary_stopped", route="rest") == 1)
    house.gateway = Running(
        restarted.process, restarted.port, restarted.control_port, house.gateway.state_dir, restarted.log
    )
    time.sleep(1)
    for text in texts(20):
        house.ask(text)

    (said,) = restarted.serving()["canaries_stopped"].values()
    assert house.reached(CANARY).total() == sent
    assert said.startswith("its refusal_rate 1 is above 0.2 after ")
    assert "the canary simulated-deepseek@simulated-us of route `rest` has stopped" in restarted.log.read_text()

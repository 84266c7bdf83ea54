"""Every panel of every dashboard, asked of a real Prometheus that scraped two real workers under demo traffic."""

from __future__ import annotations

import csv
import io
import json
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.demo import stage, traffic
from gateway.demo.traffic import Ask
from gateway.demo.vendors import process
from gateway.record.store import open_store
from gateway.report.digits import money
from grafana.build import files
from tests.integration.prometheus import Prometheus, scraping
from tests.private_redis import private_redis
from tests.running import Running, starter

pytestmark = pytest.mark.services
DASHBOARDS = Path(__file__).parents[2] / "grafana" / "dashboards"
TOKEN = "for-prometheus-alone"
ADMIN = {"GATEWAY_ADMIN_TOKEN": "for-the-console-alone"}
BEARER = {"authorization": "Bearer for-the-console-alone"}
REQUESTS = 190


@dataclass(frozen=True, slots=True)
class Observed:
    """What Prometheus saw, and the ledger that was written meanwhile."""

    prometheus: Prometheus
    rows: list[dict[str, Any]]
    told: list[traffic.Told]
    console: dict[str, Any]  # /api/overview
    reports: dict[str, str]  # savings by format


def panels() -> list[tuple[str, dict[str, Any]]]:
    """(dashboard and title, panel) of each that asks something."""
    pages = [json.loads(path.read_text()) for path in sorted(DASHBOARDS.glob("*.json"))]
    return [(f"{page['title']}: {p['title']}", p) for page in pages for p in page["panels"] if p["type"] != "row"]


@pytest.fixture(scope="module")
def observed(
    tmp_path_factory: pytest.TempPathFactory,
    vendors_process: process.Vendors,
) -> Iterator[Observed]:
    folder = tmp_path_factory.mktemp("observed")
    keys = stage.fresh_keys()
    urls = {"self": vendors_process.base_urls["simulated-us"], **vendors_process.base_urls}
    stage.write_folder(folder / "policies", urls=urls, keys=keys)
    _give_a_budget(folder / "policies" / "callers.yaml", "research")
    _keep_answers(folder / "policies" / "policy.yaml")
    started: list[Running] = []
    with private_redis(folder) as redis:
        environment = {"GATEWAY_METRICS_TOKEN": TOKEN, "GATEWAY_REDIS_URL": redis.url, **ADMIN}
        gateway = starter(folder, started)(folder / "policies", environment=environment, workers=2)
        try:
            with scraping(f"127.0.0.1:{gateway.control_port}", token=TOKEN, folder=folder) as prometheus:
                told = send_and_see(gateway, prometheus, keys)
                store = open_store(database_url=None, state_dir=gateway.state_dir)
                rows = [row for row in store.rows() if row["app"] != "shadow"]  # a copy is no request
                store.close()
                yield Observed(prometheus, rows, told, _console(gateway, len(told)), _reports(gateway))
        finally:
            gateway.stop()


def send_and_see(gateway: Running, prometheus: Prometheus, keys: dict[str, str]) -> list[traffic.Told]:
    """Demo traffic, and requests that a guard denies, in two parts, so that counters are seen to grow."""
    denied = [
        Ask(team, "simulated-deepseek", "How do I descale a kettle?", stream=False, max_tokens=40)
        for team in ("clinic", "finance")
    ]
    asked = [*denied, *traffic.asks(REQUESTS)]
    half = len(asked) // 2
    told: list[traffic.Told] = []
    again = [Ask("research", "kept", "Why do ships float?", stream=False, max_tokens=40)] * 3
    for part in (asked[:half] + denied + again, again + denied + asked[half:]):
        told += traffic.send(part, host="127.0.0.1", port=gateway.port, keys=keys)
        await_count(prometheus, len(told))
    return told


def _console(gateway: Running, requests: int) -> dict[str, Any]:
    """When it shows that many."""
    for _ in range(300):
        status, _, body = gateway.ask_control("GET", "/api/overview", headers=BEARER)
        if status == 200 and json.loads(body)["requests"] >= requests:
            return dict(json.loads(body))
        time.sleep(0.2)
    raise AssertionError(body)


def _reports(gateway: Running) -> dict[str, str]:
    found = {}
    for form in ("json", "csv", "html"):
        status, _, body = gateway.ask_control("GET", f"/api/reports/savings?format={form}", headers=BEARER)
        assert status == 200, body
        found[form] = body.decode()
    return found


def await_count(prometheus: Prometheus, count: int) -> None:
    """Until Prometheus has seen that many requests, and once more, so that rates have two points."""
    for _ in range(300):
        if prometheus.number("sum(gateway_requests_total)") >= count:
            time.sleep(2.5)
            return
        time.sleep(0.1)
    raise AssertionError(f"{prometheus.number('sum(gateway_requests_total)')} of {count} requests were counted")


def _give_a_budget(callers: Path, team: str) -> None:
    content = yaml.safe_load(callers.read_text())
    budget = {"usd": 100, "per": "month", "when_spent": "reject"}
    app = next(key["app"] for key in content["keys"] if key["team"] == team)
    content["teams"][team] |= {"budget": budget, "apps": {app: {"budget": budget}}}
    callers.write_text(yaml.safe_dump(content))


def _keep_answers(policy: Path) -> None:
    """Of one route more."""
    content = yaml.safe_load(policy.read_text())
    content["aliases"] = {**content.get("aliases", {}), "kept": "answers that are given again"}
    route = {"name": "kept", "when": {"model": "kept"}, "try": [{"any": {}}], "order": "listed", "cache": {"ttl": "1h"}}
    content["routes"].insert(0, route)
    policy.write_text(yaml.safe_dump(content))


def test_the_dashboards_are_what_their_source_says():
    assert {path.name: path.read_text() for path in DASHBOARDS.glob("*.json")} == files()


def test_every_panel_and_choice_asks_the_prometheus_that_is_chosen():
    for page in map(json.loads, files().values()):
        first, *choices = page["templating"]["list"]
        asking = [*choices, *(panel for panel in page["panels"] if panel["type"] != "row")]
        asking += [target for panel in page["panels"] for target in panel.get("targets", ())]
        assert (first["type"], first["query"]) == ("datasource", "prometheus")
        assert {each["datasource"]["uid"] for each in asking} == {"${datasource}"}


def test_refusals_are_shown_as_a_heat_map_by_host_and_language():
    page = json.loads((DASHBOARDS / "refusals.json").read_text())

    (drawn,) = [panel for panel in page["panels"] if "groupingToMatrix" in str(panel.get("transformations"))]
    assert [choice["name"] for choice in page["templating"]["list"]] == ["datasource", "host", "language"]
    assert all(f'{label}=~"${name}"' in str(drawn) for label, name in (("operator", "host"), ("language", "language")))


@pytest.mark.parametrize("panel", [pytest.param(panel, id=name) for name, panel in panels()])
def test_a_panel_shows_something(observed: Observed, panel: dict[str, Any]):
    for target in panel["targets"]:
        if target["instant"]:
            values = list(observed.prometheus.now(target["expr"]).values())
        else:
            series = observed.prometheus.over_time(target["expr"], seconds=300)
            values = [value for points in series.values() for value in points]

        assert [value for value in values if math.isfinite(value)], target["expr"]


def test_the_money_in_prometheus_is_the_money_in_the_ledger(observed: Observed):
    spent = sum((Decimal(row["cost_usd"]) for row in observed.rows), Decimal(0))
    baseline = sum((Decimal(row["baseline_list_usd"] or 0) for row in observed.rows), Decimal(0))

    assert spent > 0
    assert observed.prometheus.number("sum(gateway_cost_usd_total)") == pytest.approx(float(spent), abs=1e-9)
    assert observed.prometheus.number('sum(gateway_baseline_cost_usd_total{basis="list"})') == pytest.approx(
        float(baseline), abs=1e-9
    )


def test_savings_are_the_same_to_the_cent_in_console_report_and_grafana(observed: Observed):
    """As raw counters: `increase()`, which panels use, extrapolates."""
    report = json.loads(observed.reports["json"])
    page = json.loads((DASHBOARDS / "money.json").read_text())["panels"]
    asked = {p["title"]: p["targets"][0]["expr"] for p in page if p["type"] == "stat"}
    listed, effective, machines = [
        observed.prometheus.number(asked[title].replace("increase(", "(").replace("[$__range]", ""))
        for title in ("List-price savings", "Effective savings", "Saved at machine cost")
    ]

    assert report["re_estimated"]["effective_savings_usd"] != report["effective_savings_usd"]
    for told in (report, observed.console["savings"]):
        assert float(told["list_savings_usd"]) == pytest.approx(listed, abs=1e-6)
        assert float(told["effective_savings_usd"]) == pytest.approx(effective, abs=1e-6)
        assert float(told["at_machine_cost"]["list_savings_usd"]) == pytest.approx(machines, abs=1e-6)
    lines = dict(csv.reader(io.StringIO(observed.reports["csv"])))
    assert lines["effective_savings_usd"] == report["effective_savings_usd"]
    assert money(report["effective_savings_usd"]) in observed.reports["html"]


def test_the_price_of_rules_is_the_same_in_console_and_grafana(observed: Observed):
    counted = observed.prometheus.now("sum by (guard) (gateway_guard_cost_usd_total)")
    rules = observed.console["rules"]

    shown = {row["guard"]: row["marginal_usd"] for row in rules["rows"] if row["marginal_usd"]}
    shown["all"] = rules["together_usd"]
    assert {json.loads(labels)["guard"]: value for labels, value in counted.items()} == {
        guard: pytest.approx(usd, abs=1e-9) for guard, usd in shown.items()
    }


def test_every_request_is_counted_once_in_prometheus_and_in_the_ledger(observed: Observed):
    by_outcome: dict[str, float] = {}
    for row in observed.rows:
        key = json.dumps({"outcome": row["outcome"], "team": row["team"]}, sort_keys=True)
        by_outcome[key] = by_outcome.get(key, 0) + 1

    assert observed.prometheus.now("sum by (team, outcome) (gateway_requests_total)") == by_outcome
    assert len(observed.rows) == len(observed.told)


def test_tokens_in_prometheus_are_tokens_in_the_ledger(observed: Observed):
    usages = [attempt["usage"] for row in observed.rows for attempt in row["attempts"]]
    counted = observed.prometheus.now("sum by (direction) (gateway_tokens_total)")

    assert {json.loads(labels)["direction"]: value for labels, value in counted.items()} == {
        direction: total
        for direction, field in (
            ("input", "input_tokens"),
            ("cached_input", "cached_tokens"),
            ("output", "output_tokens"),
            ("reasoning", "reasoning_tokens"),
        )
        if (total := sum(usage[field] for usage in usages))
    }


def test_the_rules_that_ship_are_evaluated_and_nothing_is_down(observed: Observed):
    rules = observed.prometheus.rules()

    assert {rule["name"]: rule.get("lastError") for rule in rules if rule["health"] != "ok"} == {}
    firing = {rule["name"] for rule in rules if rule.get("state") == "firing"}
    assert firing & {"ControlProcessDown", "GatewayDown", "LedgerDrops", "StalePolicy", "PolicyVersionsDiffer"} == set()

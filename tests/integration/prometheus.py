"""A real Prometheus with the rules and the configuration that ship, at a faster pace."""

from __future__ import annotations

import json
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from grafana.build import SWITCHES
from tests.running import free_port

DEPLOY = Path(__file__).parents[2] / "deploy"
VARIABLES = {"$__rate_interval": "15s", "$__range_s": "600", "$__range": "10m"} | {
    f"${name}": ".*" for name in SWITCHES
}
Samples = dict[str, float]


@dataclass(frozen=True, slots=True)
class Prometheus:
    """Answers PromQL, in which Grafana's variables may stand."""

    url: str

    def now(self, query: str) -> Samples:
        """The value of each series, by its labels."""
        found = self._get("query", {"query": _filled(query)})["result"]
        return {json.dumps(series["metric"], sort_keys=True): float(series["value"][1]) for series in found}

    def number(self, query: str) -> float:
        """The value of the only series; 0 if there is none."""
        return next(iter(self.now(query).values()), 0.0)

    def over_time(self, query: str, *, seconds: float) -> dict[str, list[float]]:
        """The values of each series, one a second up to now, by its labels."""
        end = time.time()
        asked = {"query": _filled(query), "start": end - seconds, "end": end, "step": "1s"}
        found = self._get("query_range", asked)["result"]
        return {json.dumps(s["metric"], sort_keys=True): [float(value) for _, value in s["values"]] for s in found}

    def rules(self) -> list[dict[str, Any]]:
        """Every rule with its health and its alerts."""
        return [rule for group in self._get("rules", {})["groups"] for rule in group["rules"]]

    def _get(self, path: str, asked: dict[str, object]) -> Any:
        with urllib.request.urlopen(f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(asked)}") as reply:
            return json.load(reply)["data"]


def _filled(query: str) -> str:
    for variable, value in VARIABLES.items():
        query = query.replace(variable, value)
    return query


@contextmanager
def scraping(target: str, *, token: str, folder: Path) -> Iterator[Prometheus]:
    """Runs until the caller is done; `target` is host:port of a gateway."""
    config = yaml.safe_load((DEPLOY / "prometheus.yml").read_text())
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    config["rule_files"] = [str(DEPLOY / pattern) for pattern in config["rule_files"]]
    (job,) = config["scrape_configs"]
    job["static_configs"] = [{"targets": [target]}]
    job["authorization"]["credentials_file"] = str(folder / "token")
    (folder / "token").write_text(token)
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    address = f"127.0.0.1:{free_port()}"
    options = {"config.file": folder / "prometheus.yml", "storage.tsdb.path": folder / "data"}
    flags = [f"--{name}={value}" for name, value in options.items()]
    with (folder / "prometheus.log").open("wb") as log:
        process = subprocess.Popen(["prometheus", *flags, f"--web.listen-address={address}"], stderr=log)
    try:
        _await_ready(f"http://{address}/-/ready")
        yield Prometheus(f"http://{address}")
    finally:
        process.terminate()
        process.wait(20)


def _await_ready(url: str) -> None:
    for _ in range(300):
        try:
            with urllib.request.urlopen(url):
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("Prometheus did not start")

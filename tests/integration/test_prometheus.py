"""What ships for Prometheus and compose, held against Prometheus' own tools and the compose file's schema."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

pytestmark = pytest.mark.services
ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
RULES = sorted((DEPLOY / "rules").glob("*.yml"))


def said(*command: str | Path) -> tuple[int, str]:
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout + done.stderr


def test_every_alert_fires_when_it_should_and_only_then():
    status, output = said("promtool", "test", "rules", Path(__file__).parent / "rules" / "alerts.yml")

    assert status == 0, output


def test_every_alert_has_a_case():
    cases = yaml.safe_load((Path(__file__).parent / "rules" / "alerts.yml").read_text())
    tried = {case["alertname"] for test in cases["tests"] for case in test["alert_rule_test"] if case["exp_alerts"]}
    alerts = yaml.safe_load((DEPLOY / "rules" / "alerts.yml").read_text())

    assert tried == {rule["alert"] for group in alerts["groups"] for rule in group["rules"]}


def test_the_rules_and_the_configuration_are_well_formed(tmp_path: Path):
    token = tmp_path / "token"
    token.write_text("x")
    config = (DEPLOY / "prometheus.yml").read_text().replace("/run/secrets/metrics_token", str(token))
    (tmp_path / "rules").symlink_to(DEPLOY / "rules")
    (tmp_path / "prometheus.yml").write_text(config)

    status, output = said("promtool", "check", "config", tmp_path / "prometheus.yml")

    assert status == 0, output
    assert all(rules.name in output for rules in RULES)


def test_the_compose_file_follows_its_schema():
    check = Path(sys.executable).with_name("check-jsonschema")

    status, output = said(check, "--builtin-schema", "vendor.compose-spec", DEPLOY / "compose.yaml")

    assert status == 0, output


def test_the_compose_file_mounts_what_is_there():
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    mounts = [mount for service in compose["services"].values() for mount in service.get("volumes", ())]
    sources = [mount.split(":")[0] for mount in mounts]

    assert [source for source in sources if source.startswith(".") and not (DEPLOY / source).exists()] == []
    assert {source for source in sources if not source.startswith(".")} == set(compose["volumes"])


def test_the_compose_file_starts_all_that_the_gateway_can_use():
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())

    assert set(compose["services"]) == {"gateway", "redis", "postgres", "prometheus", "grafana", "collector"}
    assert (DEPLOY / compose["services"]["gateway"]["build"]["context"] / "deploy" / "Dockerfile").is_file()

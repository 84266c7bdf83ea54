"""What ships for Prometheus and compose, held against Prometheus' own tools and the compose file's schema."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

pytestmark = pytest.mark.services
ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
CASES = sorted((Path(__file__).parent / "rules").glob("*.yml"))
RULES = sorted((DEPLOY / "rules").glob("*.yml"))


def said(*command: str | Path) -> tuple[int, str]:
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout + done.stderr


def test_every_alert_fires_when_it_should_and_only_then():
    status, output = said("promtool", "test", "rules", *CASES)

    assert status == 0, output


def test_every_alert_has_a_case():
    tests = [test for path in CASES for test in yaml.safe_load(path.read_text())["tests"]]
    tried = {case["alertname"] for test in tests for case in test["alert_rule_test"] if case["exp_alerts"]}
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


def test_an_image_is_pinned_to_a_version():
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    tags = [service["image"].rpartition(":")[2] for service in compose["services"].values() if "image" in service]

    assert tags and all(re.match(r"v?\d+(\.\d+)*(-alpine)?$", tag) for tag in tags), tags


# Settings that the components' documents name, not all of them (READMEs in the collector's repository, 2026-11-26);
# their program is on no registry that the tests can reach.
COLLECTOR = {
    "receivers": {"otlp": {"protocols": {"http": {"endpoint"}, "grpc": {"endpoint"}}}},
    "processors": {"batch": {"timeout", "send_batch_size", "send_batch_max_size"}},
    "exporters": {"debug": {"verbosity"}, "otlphttp": {"endpoint", "headers", "compression"}},
}
DISTRIBUTED = "otel/opentelemetry-collector:"  # the plain distribution, which has all of these


def unknown(given: Any, known: Any, at: str) -> list[str]:
    """Keys that stand where the component knows none of that name."""
    if not isinstance(given, dict):
        return []
    inside = known if isinstance(known, dict) else dict.fromkeys(known)
    return [
        found
        for key, value in given.items()
        for found in ([f"{at}.{key}"] if key not in inside else unknown(value, inside[key] or (), f"{at}.{key}"))
    ]


def test_the_collector_is_told_nothing_that_its_components_do_not_know():
    given = yaml.safe_load((DEPLOY / "collector.yaml").read_text())
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())

    wrong = [
        found
        for kind, known in COLLECTOR.items()
        for name, component in given[kind].items()
        for found in unknown({name.partition("/")[0]: component}, known, kind)
    ]

    assert wrong == []
    assert given.keys() == {*COLLECTOR, "service"} and given["service"].keys() == {"pipelines"}
    assert given["exporters"]["debug"]["verbosity"] in ("basic", "normal", "detailed")
    assert compose["services"]["collector"]["image"].startswith(DISTRIBUTED)


def test_the_collector_s_pipelines_use_what_is_defined_and_all_of_it():
    given = yaml.safe_load((DEPLOY / "collector.yaml").read_text())
    pipelines = given["service"]["pipelines"]

    assert pipelines.keys() == {"traces", "metrics"}
    for kind in COLLECTOR:
        assert {name for pipeline in pipelines.values() for name in pipeline[kind]} == given[kind].keys()


def test_what_compose_connects_is_there():
    """The gateway's OTLP address is the collector's, the collector's is Prometheus' receiver, which is on."""
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    collector = yaml.safe_load((DEPLOY / "collector.yaml").read_text())
    port = collector["receivers"]["otlp"]["protocols"]["http"]["endpoint"].rpartition(":")[2]

    assert compose["gateway"]["environment"]["OTEL_EXPORTER_OTLP_ENDPOINT"] == f"http://collector:{port}"
    assert collector["exporters"]["otlphttp/prometheus"]["endpoint"] == "http://prometheus:9090/api/v1/otlp"
    assert "--web.enable-otlp-receiver" in compose["prometheus"]["command"]


def test_every_alert_has_a_runbook():
    alerts = yaml.safe_load((DEPLOY / "rules" / "alerts.yml").read_text())
    named = re.findall(r"^### (\w+)$\n(?=\S)", (ROOT / "docs" / "runbooks.md").read_text(), re.MULTILINE)

    assert sorted(named) == sorted(rule["alert"] for group in alerts["groups"] for rule in group["rules"])


def test_the_image_is_built_of_what_is_there_and_runs_as_nobody():
    lines = [line.split() for line in (DEPLOY / "Dockerfile").read_text().splitlines()]
    sources = [word for words in lines if words[:1] == ["COPY"] and "--from=build" not in words for word in words[1:-1]]
    let_in = [line[1:] for line in (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines() if line[:1] == "!"]

    assert sources and all((ROOT / source).exists() and source in let_in for source in sources)
    # What is copied leads nowhere outside: links of the package point to what is copied beside it.
    links = [path.readlink() for path in (ROOT / "gateway").rglob("*") if path.is_symlink()]
    assert all(str(link).startswith("../../../policies/catalog/") for link in links)
    users = [words[1] for words in lines if words[:1] == ["USER"]]
    assert users == ["10001:10001"]  # a number: a cluster can tell that it is not root

"""The chart, rendered by a real Helm, held against Kubernetes' schemas and the gateway itself. Run by `make chart`."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from helm_python import chart as helm
from helm_python.errors import HelmError

ROOT = Path(__file__).parents[2]
CHART = ROOT / "deploy" / "chart"
GATEWAY = ROOT / ".venv" / "bin" / "gateway"
POLICIES = {"policies": {"files": {"policy.yaml": "x: 1\n", "catalog/a.yaml": "y: 2\n"}}}
ONE = POLICIES | {"replicas": 1}
ALL = POLICIES | {
    "autoscaling": {"enabled": True},
    "ingress": {"enabled": True, "host": "llm.example.com", "tlsSecret": "tls", "className": "nginx"},
    "networkPolicy": {"enabled": True, "egress": [{"ports": [{"port": 443}]}], "controlFrom": [{"podSelector": {}}]},
    "serviceMonitor": {"enabled": True},
    "prometheusRule": {"enabled": True, "labels": {"release": "prometheus"}},
    "dashboards": {"enabled": True},
    "vendorSecrets": ["vendors"],
    "state": {"size": "2Gi", "storageClass": "fast"},
    "extraEnv": [{"name": "GATEWAY_LOG_FORMAT", "value": "json"}],
}
BY_MAP = {"policies": {"existingConfigMap": "mine", "folders": ["catalog/a.yaml"]}}
VERSIONS = ("1.30", "1.34")


def rendered(values: dict[str, Any]) -> list[dict[str, Any]]:
    with helm.Chart.load(CHART) as chart:
        texts = chart.render(values=values, name="entrepot", namespace="ai")
    documents = [each for path, text in texts.items() if path.endswith(".yaml") for each in yaml.safe_load_all(text)]
    return [each for each in documents if each]


def only(documents: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    (found,) = [each for each in documents if each["kind"] == kind]
    return found


@pytest.mark.parametrize("values", [POLICIES, ONE, ALL, BY_MAP], ids=["files", "one", "all", "map"])
def test_helm_finds_nothing_to_complain_of(values):
    found = helm.lint(CHART, values, strict=True)

    assert [each for each in found["messages"] if each["severity"] > 1] == found["errors"] == []


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("values", [POLICIES, ONE, ALL, BY_MAP], ids=["files", "one", "all", "map"])
def test_what_is_rendered_is_what_kubernetes_takes(values, version):
    for document in rendered(values):
        if not document["apiVersion"].startswith("monitoring.coreos.com/"):
            kubernetes_validate.validate(document, version, strict=True)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "no policy is given"),
        (POLICIES | {"policies": {"existingConfigMap": "a", "files": {"policy.yaml": ""}}}, "not both"),
        (POLICIES | {"networkPolicy": {"enabled": True}}, "gateway egress"),
        (POLICIES | {"autoscaling": {"enabled": True, "inFlight": 0, "cpuPercent": 0}}, "looks at nothing"),
        (POLICIES | {"ingress": {"enabled": True}}, "ingress.host"),
        (POLICIES | {"replica": 2}, "replica"),
        (POLICIES | {"workers": 0}, "workers"),
    ],
)
def test_what_cannot_be_meant_says_so(values, said):
    with pytest.raises(HelmError, match=said):
        rendered(values)


def test_a_pod_may_nothing_that_the_restricted_standard_forbids():
    pod = only(rendered(ALL), "Deployment")["spec"]["template"]["spec"]
    (container,) = pod["containers"]

    assert pod["securityContext"]["runAsNonRoot"] is True and not pod["automountServiceAccountToken"]
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def test_gateways_that_must_agree_do_not_start_without_what_they_meet_in():
    def needed(values: dict[str, Any]) -> dict[str, bool]:
        (container,) = only(rendered(values), "Deployment")["spec"]["template"]["spec"]["containers"]
        refs = {each["name"]: each["valueFrom"]["secretKeyRef"] for each in container["env"] if "valueFrom" in each}
        return {name: not ref.get("optional") for name, ref in refs.items()}

    two, one = needed(POLICIES), needed(ONE)
    assert all(two.values()) and {"GATEWAY_REDIS_URL", "GATEWAY_DATABASE_URL"} <= two.keys()
    assert one["GATEWAY_ADMIN_TOKEN"] and not one["GATEWAY_REDIS_URL"]


def test_every_variable_is_a_setting_of_the_gateway():
    (container,) = only(rendered(ALL), "Deployment")["spec"]["template"]["spec"]["containers"]
    settings = (ROOT / "gateway" / "settings.py").read_text()
    known = {f"GATEWAY_{name.upper()}" for name in re.findall(r"^    (\w+): [^=]+ = ", settings, re.MULTILINE)}

    assert {each["name"] for each in container["env"]} <= known


def test_a_pod_has_longer_than_its_requests_and_its_balancer():
    pod = only(rendered(POLICIES | {"drainSeconds": 90}), "Deployment")["spec"]["template"]["spec"]
    (container,) = pod["containers"]

    assert pod["terminationGracePeriodSeconds"] >= 90 + container["lifecycle"]["preStop"]["sleep"]["seconds"] + 5


def test_the_gateway_reads_the_policies_as_they_are_mounted(tmp_path):
    """The shipped folder goes into the values, and comes out of the ConfigMap as Kubernetes would write it."""
    source = ROOT / "policies"
    files = {str(path.relative_to(source)): path.read_text() for path in (source).glob("*.yaml")}
    files |= {str(path.relative_to(source)): path.read_text() for path in (source / "catalog").rglob("*.yaml")}
    documents = rendered({"policies": {"files": files}})
    data = only(documents, "ConfigMap")["data"]
    volumes = only(documents, "Deployment")["spec"]["template"]["spec"]["volumes"]
    items = next(each for each in volumes if each["name"] == "policies")["configMap"]["items"]
    assert {item["key"] for item in items} == data.keys()
    for item in items:
        path = tmp_path / item["path"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(data[item["key"]])
    done = subprocess.run([GATEWAY, "check", tmp_path], capture_output=True, text=True, timeout=120)

    assert done.returncode == 0, done.stdout + done.stderr


def test_the_rules_and_dashboards_are_those_of_this_checkout():
    documents = rendered(ALL)
    groups = only(documents, "PrometheusRule")["spec"]["groups"]
    shipped = [yaml.safe_load(path.read_text())["groups"] for path in sorted((ROOT / "deploy/rules").glob("*.yml"))]
    boards = {name: text for each in documents if each["kind"] == "ConfigMap" for name, text in each["data"].items()}

    assert groups == [group for groups in shipped for group in groups]
    for path in (ROOT / "grafana" / "dashboards").glob("*.json"):
        assert json.loads(boards[path.name]) == json.loads(path.read_text())


def test_prometheus_scrapes_the_control_port_with_its_token():
    documents = rendered(ALL)
    monitor = only(documents, "ServiceMonitor")
    wanted = monitor["spec"]["selector"]["matchLabels"].items()
    (service,) = [
        each for each in documents if each["kind"] == "Service" and wanted <= each["metadata"]["labels"].items()
    ]
    (endpoint,) = monitor["spec"]["endpoints"]

    assert [port["name"] for port in service["spec"]["ports"]] == [endpoint["port"]]
    assert endpoint["authorization"]["credentials"]["key"] == "GATEWAY_METRICS_TOKEN"


@pytest.mark.parametrize("version", VERSIONS)
def test_what_gateway_egress_writes_fits_the_chart(version):
    command = [GATEWAY, "egress", ROOT / "policies", "--format", "networkpolicy"]
    written = yaml.safe_load(subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout)
    kubernetes_validate.validate(written, version, strict=True)
    policy = only(
        rendered(POLICIES | {"networkPolicy": {"enabled": True, "egress": written["spec"]["egress"]}}), "NetworkPolicy"
    )

    assert policy["spec"]["egress"] == written["spec"]["egress"]
    assert written["spec"]["podSelector"]["matchLabels"].items() <= policy["spec"]["podSelector"]["matchLabels"].items()
    # Nobody reaches the control port who was not named.
    assert [port for rule in policy["spec"]["ingress"] for port in rule["ports"]] == [{"port": "data"}]

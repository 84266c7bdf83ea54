"""Which hosts a firewall has to let through."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.catalog.facts import Credential, Replica
from gateway.cli import main
from gateway.policy.analysis.egress import Way, cilium_policy, network_policy, reachable, ways
from gateway.policy.decide import decide
from gateway.policy.view import View
from tests.laws.policies import AT, world
from tests.unit.policy.small import policy_with

LABELS = {"app": "x"}
WAYS = [
    Way("api.example.com", 443, True, ("a@b",)),
    Way("vllm", 8000, False, ("c@self",)),
    Way("10.1.2.3", 8080, False, ("d@self",)),
    Way("2001:db8::1", 443, True, ("e@self",)),
]


def test_a_host_is_listed_once_with_all_that_is_asked_there():
    found = ways(policy_with().policy)

    assert len({(way.host, way.port) for way in found}) == len(found)
    assert {id for way in found for id in way.endpoints} == {each.id for each in reachable(policy_with().policy)}


def test_every_address_of_an_endpoint_is_opened_and_where_its_cloud_logs_in():
    policy = policy_with().policy
    first = policy.endpoints[0]
    more = replace(
        first, api="vertex", replicas=(Replica("https://a.example/v1"), Replica("https://b.example:8443/v1"))
    )
    hosts = {(way.host, way.port) for way in ways(replace(policy, endpoints=(more, *policy.endpoints[1:])))}

    assert {("a.example", 443), ("b.example", 8443), ("oauth2.googleapis.com", 443)} <= hosts


@pytest.mark.parametrize(
    ("parts", "host"),
    [((), "iam.cloud.ibm.com"), ((Credential("iam_url", value="https://private.iam.example"),), "private.iam.example")],
)
def test_where_ibms_key_is_exchanged_is_opened(parts, host):
    policy = policy_with().policy
    row = replace(policy.endpoints[0], api="watsonx", credentials=parts)
    hosts = {way.host for way in ways(replace(policy, endpoints=(row, *policy.endpoints[1:])))}

    assert {name for name in hosts if "iam" in name} == {host}


def test_what_is_not_enabled_is_not_opened():
    policy = policy_with().policy
    off = replace(policy, endpoints=(replace(policy.endpoints[0], enabled=False), *policy.endpoints[1:]))

    assert {each.id for each in reachable(policy)} - {each.id for each in reachable(off)} == {policy.endpoints[0].id}


def test_what_no_request_may_reach_is_left_out():
    everywhere = {each.id for each in reachable(policy_with().policy)}
    at_home = {each.id for each in reachable(policy_with("never: {hosting: hosted}").policy)}
    sometimes = {
        each.id for each in reachable(policy_with("when: {data_class: regulated}, never: {hosting: hosted}").policy)
    }

    assert at_home < everywhere == sometimes


@pytest.mark.thorough
@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**9))
def test_no_request_goes_where_the_firewall_was_not_opened(seed):
    made = world(seed)
    policy = made.policy()
    opened = {each.id for each in reachable(policy)}
    for signals in made.requests:
        assert {each.id for each in decide(policy, signals, View(at=AT, draw=0.0)).endpoints} <= opened


def test_a_network_policy_opens_the_internet_for_names_and_nothing_private_with_it():
    rules = network_policy(WAYS, name="x", labels=LABELS)["spec"]["egress"]
    outside = next(
        rule for rule in rules if any("except" in to["ipBlock"] for to in rule.get("to", ()) if "ipBlock" in to)
    )

    assert [port["port"] for port in outside["ports"]] == [443]
    assert (
        "10.0.0.0/8" in outside["to"][0]["ipBlock"]["except"]
        and "169.254.0.0/16" in outside["to"][0]["ipBlock"]["except"]
    )
    literals = [to["ipBlock"]["cidr"] for rule in rules for to in rule.get("to", ()) if "ipBlock" in to]
    assert {"10.1.2.3/32", "2001:db8::1/128"} <= set(literals)
    assert {"to": [{"namespaceSelector": {}}], "ports": [{"protocol": "TCP", "port": 8000}]} in rules


def test_cilium_is_given_names():
    rules = cilium_policy(WAYS, name="x", labels=LABELS)["spec"]["egress"]

    assert [rule["toFQDNs"] for rule in rules if "toFQDNs" in rule] == [[{"matchName": "api.example.com"}]]
    assert {"toCIDR": ["10.1.2.3/32"], "toPorts": [{"ports": [{"port": "8080", "protocol": "TCP"}]}]} in rules


@pytest.mark.thorough
@pytest.mark.parametrize("form", ["table", "json", "networkpolicy", "cilium"])
def test_the_command_writes_each_form(form, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["egress", "policies", "--format", form, "--name", "mine"])
    said = capsys.readouterr().out

    assert not ended.value.code
    if form == "json":
        assert {"host", "port", "tls", "endpoints"} == json.loads(said)[0].keys()
    elif form == "table":
        assert "api.deepseek.com" in said
    else:
        assert yaml.safe_load(said)["metadata"]["name"] == "mine-egress"

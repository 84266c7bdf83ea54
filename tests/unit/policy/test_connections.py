"""How connections to endpoints are made: what rows say of it, and who hears of a change."""

from __future__ import annotations

import ssl
from dataclasses import replace

import pytest

from gateway.catalog.facts import KeySource
from gateway.catalog.rows import Proxy, TlsFiles
from gateway.catalog.show import endpoint_row
from gateway.policy.analysis.check import review
from gateway.policy.analysis.diff import compare, plain
from gateway.policy.analysis.egress import ways
from gateway.policy.in_force import InForce, objection
from gateway.policy.permit import permit
from gateway.signals.measure import measure_prompt
from gateway.upstreams.connecting import Connecting, hop_of
from tests.unit.policy.small import AT, CATALOG, REST, SETS, compiled, decision

FIRST = "gpt@openai"
POLICY = b"version: 1\n" + SETS + REST
WAYS: dict[str, dict[str, object]] = {
    "proxy: true": {"proxy": True},
    'proxy: {url: "http://proxy.example:3128/"}': {"proxy": {"url": "http://proxy.example:3128"}},
    'proxy: {url: "http://proxy.example:3128", login_env: GATEWAY_KEY_P}': {
        "proxy": {"url": "http://proxy.example:3128", "login_env": "GATEWAY_KEY_P"}
    },
    "ca_file: /a/ca.pem": {"ca_file": "/a/ca.pem"},
    "client_cert: /a/us.pem, client_key: /a/us.key": {"client_cert": "/a/us.pem", "client_key": "/a/us.key"},
}


def folder_with(way: str):
    """The small folder, whose first endpoint has this as well."""
    start = f"  - {{id: {FIRST}, ".encode()
    return compiled(policy=POLICY, catalog=CATALOG.replace(start, start + f"{way}, ".encode()) if way else CATALOG)


@pytest.mark.parametrize("way", WAYS)
def test_what_a_row_says_is_shown_as_it_is_written_and_a_change_makes_another_door(way):
    before, after = folder_with(""), folder_with(way)
    row = endpoint_row(after.policy.catalog, after.policy.catalog.endpoints[FIRST])
    asked = decision(before)
    given = permit("r", asked, asked.policy.catalog.endpoints[FIRST], purpose="serve")

    assert {name: row[name] for name in WAYS[way]} == WAYS[way]
    assert any(FIRST in each["endpoints"] for each in plain(compare(before, after))["widened"])
    assert objection(given, InForce(policy=after.policy, teams=after.keyring.teams), AT) is not None
    assert objection(given, InForce(policy=folder_with("").policy, teams=before.keyring.teams), AT) is None


def test_a_firewall_opens_the_proxy_in_the_endpoint_s_place():
    direct = {(way.host, way.port) for way in ways(folder_with("").policy)}
    own = {(way.host, way.port, way.tls) for way in ways(folder_with(list(WAYS)[1]).policy)}
    named = ways(folder_with("proxy: true").policy, "http://me:word@10.0.0.9:8080")
    unset = {(way.host, way.port) for way in ways(folder_with("proxy: true").policy)}

    assert ("proxy.example", 3128, False) in own
    assert [way.endpoints for way in named if (way.host, way.port) == ("10.0.0.9", 8080)] == [(FIRST,)]
    assert unset < direct


def test_check_says_which_endpoints_will_be_passed_over():
    folder = folder_with("ca_file: /nowhere/ca.pem")
    connecting = Connecting(lambda source: None, lambda files: None, None)
    found = review(
        folder, measure=measure_prompt, at=AT, has_key=lambda endpoint: True,
        lacks_way=lambda endpoint: connecting.way(endpoint) is None,
    )  # fmt: skip

    assert any(f"cannot be used here: {FIRST}" in problem.message for problem in found.problems)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("http://proxy:3128", ("proxy", 3128, None)),
        ("proxy:3128", ("proxy", 3128, None)),
        ("http://me:p%40ss@proxy", ("proxy", 80, "me:p@ss")),
        ("", None),
        ("https://proxy:3128", None),  # TLS with a proxy is not spoken: nothing is sent in its stead
        ("socks5://proxy:1080", None),
        ("http://[::1", None),
        ("http://proxy:99999", None),
    ],
)
def test_a_proxy_of_the_environment_is_read_as_others_read_it(said, meant):
    found = hop_of(said)

    assert (found and (found[0].host, found[0].port, found[1])) == meant


def test_what_is_named_and_not_there_leaves_no_way():
    endpoint = folder_with("").policy.catalog.endpoints[FIRST]
    context = ssl.create_default_context()

    def way(proxy=None, tls=None, key=None, made=None, environment=None):
        return Connecting(lambda source: key, lambda files: made, environment).way(
            replace(endpoint, proxy=proxy, tls=tls)
        )

    own = Proxy("http://proxy.example:3128", login_file="/run/login")
    assert way(proxy=Proxy()) is None
    assert way(proxy=own) is None
    assert way(tls=TlsFiles("/a/ca.pem")) is None
    assert way(proxy=own, tls=TlsFiles("/a/ca.pem"), key="me:word") is None
    found = way(proxy=own, tls=TlsFiles("/a/ca.pem"), key="me:word", made=context)
    assert found is not None
    assert (found.hop.authorization, found.context, found.secret) == ("Basic bWU6d29yZA==", context, "me:word")
    assert KeySource(None, "/run/login") != KeySource("GATEWAY_KEY_P")

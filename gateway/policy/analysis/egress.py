"""Which hosts a gateway with this policy may ever have to reach. Pure; firewalls are written from it."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from gateway.catalog.address import address_of
from gateway.catalog.facts import Endpoint
from gateway.catalog.rows import Proxy
from gateway.policy.compiled import Policy

# Not the internet: RFC 1918, 6598, 3927, 4193 and 4291, loopback and what is left over.
_PRIVATE_V4 = ("10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16")
_PRIVATE_V6 = ("::1/128", "fc00::/7", "fe80::/10")
# Where the adapter gets a cloud's short-lived token, by the endpoint's wire. Others of a workload identity, and
# sts.REGION.amazonaws.com for a role of AWS, stand in credentials, which no policy holds.
_LOGINS = {"vertex": "oauth2.googleapis.com", "vertex_ai": "oauth2.googleapis.com", "watsonx": "iam.cloud.ibm.com"}
_DNS = [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}]


@dataclass(frozen=True, slots=True)
class Way:
    """One address that requests may go to."""

    host: str
    port: int
    tls: bool
    endpoints: tuple[str, ...]

    @property
    def literal(self) -> str | None:
        """The network of a host that is written as a number."""
        try:
            return str(ipaddress.ip_network(self.host.partition("%")[0]))
        except ValueError:
            return None

    @property
    def inside(self) -> bool:
        """True for a name that only a cluster or a local network can resolve."""
        name = self.host.rstrip(".").lower()
        return "." not in name or name.endswith((".svc", ".local", ".internal", ".lan"))


def ways(policy: Policy, https_proxy: str | None = None) -> list[Way]:
    """By host and port, of every endpoint that some request could be sent to, or of its proxy in its stead.

    `https_proxy`: what endpoints with `proxy: true` go through; None: not known here, and nothing is opened for them.
    """
    found: dict[tuple[str, int, bool], set[str]] = {}
    for endpoint in reachable(policy):
        if endpoint.proxy is not None:
            hop = _hop(endpoint.proxy, https_proxy)
            if hop is not None:
                found.setdefault((*hop, False), set()).add(endpoint.id)
            continue
        for replica in endpoint.replicas:
            address = address_of(replica.base_url)
            found.setdefault((address.host, address.port, address.tls), set()).add(endpoint.id)
        if endpoint.api in _LOGINS:
            found.setdefault((_login_host(endpoint), 443, True), set()).add(endpoint.id)
    return [Way(host, port, tls, tuple(sorted(ids))) for (host, port, tls), ids in sorted(found.items())]


def _login_host(endpoint: Endpoint) -> str:
    """The cloud's own, unless the row names another (`iam_url`)."""
    told = next((part.value for part in endpoint.credentials if part.part == "iam_url" and part.value), "")
    return urlsplit(told).hostname or _LOGINS[endpoint.api]


def _hop(proxy: Proxy, https_proxy: str | None) -> tuple[str, int] | None:
    """Its host and port."""
    said = proxy.url or https_proxy
    try:
        address = urlsplit(said if "://" in said else f"http://{said}") if said else None
        return (address.hostname, address.port or 80) if address is not None and address.hostname else None
    except ValueError:
        return None


def reachable(policy: Policy) -> Sequence[Endpoint]:
    """Those enabled that a route, the judge, a probe or a copy names and that no guard takes from every request."""
    named = 0
    for route in policy.routes:
        for item in route.items:
            named |= policy.everything if item.requested else item.mask
        for share in (route.canary, route.shadow):
            named |= 1 << share.endpoint.index if share else 0
    named |= 1 << policy.judge.endpoint.index if policy.judge else 0
    named |= policy.everything if policy.probe else 0
    for guard in policy.guards:
        if not guard.when:
            named &= ~guard.removes
    return [endpoint for endpoint in policy.endpoints if endpoint.enabled and named >> endpoint.index & 1]


def network_policy(found: Iterable[Way], *, name: str, labels: dict[str, str]) -> dict[str, Any]:
    """Kubernetes' own NetworkPolicy, which knows numbers and no names: the internet on these ports, and DNS."""
    rules: list[dict[str, Any]] = [{"ports": _DNS}]
    outside = sorted({way.port for way in found if way.literal is None and not way.inside})
    if outside:
        blocks = [("0.0.0.0/0", _PRIVATE_V4), ("::/0", _PRIVATE_V6)]
        to = [{"ipBlock": {"cidr": cidr, "except": list(private)}} for cidr, private in blocks]
        rules.append({"to": to, "ports": _ports(outside)})
    for way in found:
        if way.literal is not None:
            rules.append({"to": [{"ipBlock": {"cidr": way.literal}}], "ports": _ports([way.port])})
    inside = sorted({way.port for way in found if way.literal is None and way.inside})
    if inside:
        rules.append({"to": [{"namespaceSelector": {}}], "ports": _ports(inside)})
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name},
        "spec": {"podSelector": {"matchLabels": labels}, "policyTypes": ["Egress"], "egress": rules},
    }


def cilium_policy(found: Iterable[Way], *, name: str, labels: dict[str, str]) -> dict[str, Any]:
    """Cilium's, which knows names: these hosts and no others."""
    dns = {"ports": [{"port": "53", "protocol": "ANY"}], "rules": {"dns": [{"matchPattern": "*"}]}}
    kube_dns = {"k8s:io.kubernetes.pod.namespace": "kube-system", "k8s-app": "kube-dns"}
    rules: list[dict[str, Any]] = [{"toEndpoints": [{"matchLabels": kube_dns}], "toPorts": [dns]}]
    for way in found:
        ports = [{"ports": [{"port": str(way.port), "protocol": "TCP"}]}]
        to: dict[str, Any] = {"toFQDNs": [{"matchName": way.host}]}
        if way.literal is not None:
            to = {"toCIDR": [way.literal]}
        elif way.inside:
            to = {"toEntities": ["cluster"]}
        rules.append({**to, "toPorts": ports})
    return {
        "apiVersion": "cilium.io/v2",
        "kind": "CiliumNetworkPolicy",
        "metadata": {"name": name},
        "spec": {"endpointSelector": {"matchLabels": labels}, "egress": rules},
    }


def _ports(numbers: Iterable[int]) -> list[dict[str, Any]]:
    return [{"protocol": "TCP", "port": number} for number in numbers]

"""Whether a connection leads where the catalogue says it must: host name, address and certificate. Pure."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from gateway.catalog.facts import Pin


@dataclass(frozen=True, slots=True)
class Certificate:
    """The leaf certificate of a connection."""

    names: tuple[str, ...]  # subject alternative names, else the common name; as written, wildcards included
    sha256: str  # fingerprint, lower-case hexadecimal

    def name_for(self, host: str) -> str | None:
        """The name that covers `host`, else the first."""
        return next((name for name in self.names if covers(name, host)), self.names[0] if self.names else None)


def covers(name: str, host: str) -> bool:
    """True if a certificate for `name` is one for `host`; `*` stands for one whole left-most label."""
    name, host = name.lower().rstrip("."), host.lower().rstrip(".")
    if name.startswith("*."):
        label, _, rest = host.partition(".")
        return bool(label) and rest == name[2:]
    return name == host


def violation(pin: Pin, *, host: str, address: str, certificate: Certificate | None) -> str | None:
    """What does not match the pin, in words; None if all of it does."""
    if pin.host_suffix is not None and not _under(host, pin.host_suffix):
        return f"host {host} is not under {pin.host_suffix}"
    if pin.cidr is not None and not _inside(address, pin.cidr):
        return f"address {address} is not in {pin.cidr}"
    if pin.certificate is not None and not _presents(certificate, pin.certificate):
        shown = ", ".join(certificate.names) if certificate else "none"
        return f"certificate ({shown}) is not {pin.certificate}"
    return None


def _under(host: str, suffix: str) -> bool:
    host, suffix = host.lower().rstrip("."), suffix.lower().strip(".")
    return host == suffix or host.endswith(f".{suffix}")


def _inside(address: str, cidr: str) -> bool:
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
        network = ipaddress.ip_network(cidr, strict=False)
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    return found in network


def _presents(certificate: Certificate | None, wanted: str) -> bool:
    """`wanted` is a name, or `sha256:` and the fingerprint of the leaf certificate."""
    if certificate is None:
        return False
    if wanted.lower().startswith("sha256:"):
        return certificate.sha256 == wanted[7:].replace(":", "").lower()
    return any(name.lower() == wanted.lower() or covers(name, wanted) for name in certificate.names)

"""Connections that lead elsewhere than the catalogue says."""

import pytest

from gateway.catalog.facts import Pin
from gateway.upstreams.pins import Certificate, covers, violation

CERTIFICATE = Certificate(("*.fireworks.ai", "fireworks.ai"), "ab" * 32)
PINS = {
    "nothing_pinned": (Pin(), None),
    "host": (Pin(host_suffix="fireworks.ai"), None),
    "host_itself": (Pin(host_suffix="api.fireworks.ai"), None),
    "host_in_capitals": (Pin(host_suffix=".Fireworks.AI"), None),
    "other_host": (Pin(host_suffix="evil.ai"), "host api.fireworks.ai is not under evil.ai"),
    "half_a_label": (Pin(host_suffix="works.ai"), "host api.fireworks.ai is not under works.ai"),
    "network": (Pin(cidr="203.0.113.0/24"), None),
    "one_address": (Pin(cidr="203.0.113.7"), None),
    "other_network": (Pin(cidr="198.51.100.0/24"), "address 203.0.113.7 is not in 198.51.100.0/24"),
    "other_family": (Pin(cidr="2001:db8::/32"), "address 203.0.113.7 is not in 2001:db8::/32"),
    "no_network": (Pin(cidr="home"), "address 203.0.113.7 is not in home"),
    "certificate_name": (Pin(certificate="fireworks.ai"), None),
    "certificate_name_under_a_wildcard": (Pin(certificate="api.fireworks.ai"), None),
    "certificate_wildcard": (Pin(certificate="*.fireworks.ai"), None),
    "certificate_fingerprint": (Pin(certificate="sha256:" + "AB:" * 31 + "AB"), None),
    "other_fingerprint": (
        Pin(certificate="sha256:" + "00" * 32),
        f"certificate (*.fireworks.ai, fireworks.ai) is not sha256:{'00' * 32}",
    ),
    "other_certificate": (
        Pin(certificate="api.deepseek.com"),
        "certificate (*.fireworks.ai, fireworks.ai) is not api.deepseek.com",
    ),
    "all_must_match": (
        Pin(host_suffix="fireworks.ai", cidr="198.51.100.0/24"),
        "address 203.0.113.7 is not in 198.51.100.0/24",
    ),
}


@pytest.mark.parametrize(("pin", "wrong"), PINS.values(), ids=PINS)
def test_a_pin_holds_or_says_what_does_not_match(pin, wrong):
    assert violation(pin, host="api.fireworks.ai", address="203.0.113.7", certificate=CERTIFICATE) == wrong


def test_without_tls_no_certificate_matches():
    wrong = violation(Pin(certificate="a.example"), host="a.example", address="203.0.113.7", certificate=None)

    assert wrong == "certificate (none) is not a.example"


def test_an_address_of_the_old_family_in_the_new_ones_clothes_is_recognised():
    assert violation(Pin(cidr="203.0.113.0/24"), host="a", address="::ffff:203.0.113.7", certificate=None) is None


def test_an_address_with_a_zone_is_read_without_it():
    assert violation(Pin(cidr="fe80::/10"), host="a", address="fe80::1%eth0", certificate=None) is None


@pytest.mark.parametrize(
    ("name", "host", "expected"),
    [
        ("a.example", "A.Example.", True),
        ("*.example", "a.example", True),
        ("*.example", "a.b.example", False),
        ("*.example", "example", False),
        ("b.example", "a.example", False),
    ],
)
def test_a_wildcard_stands_for_one_label(name, host, expected):
    assert covers(name, host) is expected


def test_the_name_of_a_certificate_is_the_one_that_covers_the_host():
    assert CERTIFICATE.name_for("fireworks.ai") == "fireworks.ai"
    assert CERTIFICATE.name_for("api.fireworks.ai") == "*.fireworks.ai"
    assert CERTIFICATE.name_for("else.where") == "*.fireworks.ai"
    assert Certificate((), "00").name_for("else.where") is None

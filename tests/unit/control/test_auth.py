"""By which names the control listener goes."""

from __future__ import annotations

import pytest

from gateway.control.auth import is_own_host
from gateway.settings import BadSetting, Settings
from gateway.supervisor.control_child import check_control

LOCAL = Settings()
BEYOND = Settings(control_host="0.0.0.0", control_url="https://gate.example:8443/", admin_token="t" * 20)
NAMED = Settings(control_host="gate.internal", admin_token="t" * 20)


@pytest.mark.parametrize("settings", [LOCAL, BEYOND, NAMED])
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8081", "[::1]:9", "LOCALHOST:1"])
def test_this_machine_s_own_names_are_its_own_everywhere(settings, host):
    assert is_own_host(host, settings)


@pytest.mark.parametrize(
    ("settings", "host", "own"),
    [
        (LOCAL, "10.0.0.7:8081", False),
        (LOCAL, "gate.example", False),
        (BEYOND, "10.0.0.7:8081", True),
        (BEYOND, "[2001:db8::1]", True),
        (BEYOND, "gate.example", True),
        (BEYOND, "GATE.example:8443", True),
        (BEYOND, "other.example", False),
        (BEYOND, "gate.example.attacker.example", False),
        (BEYOND, "user@gate.example", False),
        (BEYOND, "gate.example, 127.0.0.1", False),
        (BEYOND, "", False),
        (NAMED, "gate.internal:8081", True),
        (NAMED, "gate.example", False),
    ],
)
def test_beyond_it_addresses_and_the_names_that_settings_give(settings, host, own):
    assert is_own_host(host, settings) == own


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "gate.internal"])
def test_beyond_loopback_an_administrator_s_token_is_needed_and_on_it_none(host):
    with pytest.raises(BadSetting, match="GATEWAY_ADMIN_TOKEN"):
        check_control(Settings(control_host=host))
    check_control(Settings(control_host=host, admin_token="t" * 20))
    check_control(Settings(control_host=host, control=False))
    for local in ("127.0.0.1", "127.9.9.9", "::1", "localhost"):
        check_control(Settings(control_host=local))


def test_the_port_after_the_last_is_no_port():
    assert Settings(port=9000).control_address == ("127.0.0.1", 9001)
    assert Settings(port=9000, control_port=7).control_address == ("127.0.0.1", 7)
    with pytest.raises(BadSetting, match="GATEWAY_CONTROL_PORT"):
        _ = Settings(port=65535).control_address

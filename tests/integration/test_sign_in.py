"""Claims about signing in to the console: at a real identity provider or by token; sessions, and who abuses them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from gateway.processes import audit
from tests.integration.test_freeze import until
from tests.integration.test_roles import digest
from tests.integration.upstreams import folder, serving
from tests.running import Running, free_port, starter

pytestmark = pytest.mark.services


@dataclass
class Browser:
    """Keeps cookies of the control listener, follows nothing by itself."""

    gateway: Running
    place: int = 1  # the last number of its address
    cookies: dict[str, str] = field(default_factory=dict)

    def ask(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] = {}
    ) -> tuple[int, dict[str, str], Any]:
        sent = {"content-type": "application/json", **headers}
        if self.cookies:
            sent["cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        status, told, text = plain(self.gateway.control_port, method, path, body, sent, self.place)
        for line in told.get("set-cookie", "").split("\n"):
            name, _, rest = line.partition("=")
            if rest:
                self.cookies[name] = rest.partition(";")[0].strip('"')
        return status, told, json.loads(text) if text.startswith(b"{") else text

    def csrf(self) -> dict[str, str]:
        return {"x-csrf-token": self.ask("GET", "/api/session")[2]["csrf"]}


def plain(
    port: int, method: str, path: str, body: object, headers: Mapping[str, str], place: int = 1
) -> tuple[int, dict[str, str], bytes]:
    line = HTTPConnection("127.0.0.1", port, timeout=60, source_address=(f"127.0.0.{place}", 0))
    data = body if isinstance(body, str) or body is None else json.dumps(body)
    line.request(method, path, data, dict(headers))
    reply = line.getresponse()
    told: dict[str, str] = {}
    for name, value in reply.getheaders():
        told[name.lower()] = f"{told[name.lower()]}\n{value}" if name.lower() in told else value
    text = reply.read()
    line.close()
    return reply.status, told, text


@dataclass
class House:
    gateway: Running
    provider: int  # its port

    def at_provider(self, address: str, who: str) -> str:
        """Path and query of the way back, after `who` was let in there."""
        parts = urlsplit(address)
        form = {"content-type": "application/x-www-form-urlencoded"}
        _, told, _ = plain(self.provider, "POST", f"{parts.path}?{parts.query}", urlencode({"sub": who}), form)
        back = urlsplit(told["location"])
        return f"{back.path}?{back.query}"

    def signed_in(self, who: str, place: int = 1) -> tuple[Browser, int]:
        browser = Browser(self.gateway, place)
        status, told, _ = browser.ask("GET", "/sign-in")
        assert status == 303, told
        status, _, _ = browser.ask("GET", self.at_provider(told["location"], who))
        return browser, status

    def rows(self, action: str) -> list[dict[str, Any]]:
        return [row for row in audit.rows(self.gateway.state_dir) if row["action"] == action]


@contextmanager
def identity_provider() -> Iterator[int]:
    """A real small one, in a process of its own; its port."""
    port = free_port()
    running = subprocess.Popen([sys.executable, "-m", "oidc_provider_mock", "--port", str(port)])
    try:
        assert until(lambda: _answers(port))
        yield port
    finally:
        running.terminate()
        running.wait(20)


def _answers(port: int) -> bool:
    try:
        return plain(port, "GET", "/.well-known/openid-configuration", None, {})[0] == 200
    except OSError:
        return False


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    root = tmp_path_factory.mktemp("sign-in")
    with serving() as vendors, identity_provider() as port:
        for who, groups in (("olga", ["ops"]), ("vera", ["readers"]), ("eve", [])):
            claims = {"email": f"{who}@example.com", "groups": groups}
            said = {"content-type": "application/json"}
            assert plain(port, "PUT", f"/users/{who}", claims, said)[0] == 204
        policies = folder(root / "policies", {name: vendors.url(name) for name in "abc"})
        admins = [
            {"id": "platform", "role": "operator", "oidc": {"groups": "ops"}},
            {"id": "readers", "role": "viewer", "oidc": {"groups": "readers"}},
            {"id": "rita", "role": "admin", "sha256": digest("token-of-rita")},
        ]
        (policies / "callers.yaml").write_text(json.dumps({"teams": {"t": {"data_class": "public"}}, "admins": admins}))
        provider = {"GATEWAY_OIDC_ISSUER": f"http://localhost:{port}", "GATEWAY_OIDC_CLIENT_ID": "gateway"}
        started: list[Running] = []
        gateway = starter(root, started)(policies, environment={**provider, "GATEWAY_OIDC_CLIENT_SECRET": "s3cret"})
        assert until(lambda: Browser(gateway).ask("GET", "/sign-in/ways")[2] == {"token": True, "oidc": True})
        yield House(gateway, port)
        for each in started:
            each.stop()


def test_whom_the_provider_vouches_for_gets_the_role_of_the_first_row_that_fits(house):
    olga, status = house.signed_in("olga")
    told = olga.ask("GET", "/api/session")[2]

    assert (status, told["role"]) == (303, "operator")
    assert told["id"] == "platform/olga@example.com"
    frozen = olga.ask("POST", "/api/freezes", {"selector": "operator", "value": "c"}, olga.csrf())
    assert (frozen[0], frozen[2]["by"]) == (201, "platform/olga@example.com")
    vera, _ = house.signed_in("vera")
    assert vera.ask("GET", "/api/freezes")[0] == 200
    assert vera.ask("DELETE", f"/api/freezes/{frozen[2]['id']}", headers=vera.csrf())[0] == 403


def test_whom_no_row_fits_is_nobody_and_that_is_recorded(house):
    eve, status = house.signed_in("eve", place=2)

    assert status == 401
    assert eve.ask("GET", "/api/session")[0] == 401
    assert any("eve@example.com" in row["detail"]["why"] for row in house.rows("sign_in_failed"))


def test_the_way_to_the_provider_and_the_cookies_are_as_they_must_be(house):
    browser = Browser(house.gateway, 3)
    _, told, _ = browser.ask("GET", "/sign-in")
    asked = parse_qs(urlsplit(told["location"]).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert all(len(asked[name][0]) >= 32 for name in ("state", "nonce", "code_challenge"))
    assert "s3cret" not in told["location"]
    assert {"HttpOnly", "SameSite=lax", "Path=/sign-in"} <= set(told["set-cookie"].split("; "))
    _, back, _ = browser.ask("GET", house.at_provider(told["location"], "vera"))
    session = back["set-cookie"].split("\n")[0]
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(session.split("; "))
    assert session.startswith(f"entrepot-{house.gateway.control_port}=")


def test_a_way_back_is_taken_once_and_in_the_browser_that_began_it(house):
    browser, other = Browser(house.gateway, 4), Browser(house.gateway, 5)
    _, told, _ = browser.ask("GET", "/sign-in")
    back = house.at_provider(told["location"], "olga")
    assert other.ask("GET", back)[0] == 401  # an attacker's code in a victim's browser, or the reverse
    assert browser.ask("GET", back)[0] == 401  # it was used up
    _, told, _ = browser.ask("GET", "/sign-in")
    back = house.at_provider(told["location"], "olga")
    assert browser.ask("GET", back)[0] == 303
    assert browser.ask("GET", back)[0] == 401
    for path in ("/sign-in/callback", "/sign-in/callback?state=x&code=y", "/sign-in/callback?error=access_denied"):
        assert Browser(house.gateway, 6).ask("GET", path)[0] == 401


def test_a_session_changes_nothing_for_a_page_that_does_not_know_its_token(house):
    olga, _ = house.signed_in("olga", place=7)
    wanted = {"selector": "operator", "value": "a"}
    right = olga.csrf()

    for headers in (
        {},
        {"x-csrf-token": "wrong"},
        {**right, "origin": "http://evil.example.com"},
        {**right, "origin": "null"},
        {**right, "sec-fetch-site": "cross-site"},
        {**right, "sec-fetch-site": "same-site"},
    ):
        status, _, told = olga.ask("POST", "/api/freezes", wanted, headers)
        assert (status, told["error"]["code"]) == (403, "not_allowed"), headers
    own = {**right, "origin": f"http://127.0.0.1:{house.gateway.control_port}", "sec-fetch-site": "same-origin"}
    assert olga.ask("POST", "/api/freezes", wanted, own)[0] == 201


def test_signing_out_ends_the_session_for_whoever_kept_its_cookie(house):
    olga, _ = house.signed_in("olga", place=8)
    thief = Browser(house.gateway, 9, dict(olga.cookies))
    assert thief.ask("GET", "/api/session")[0] == 200
    assert olga.ask("DELETE", "/api/session")[0] == 403
    assert olga.ask("DELETE", "/api/session", headers=olga.csrf())[0] == 200

    assert thief.ask("GET", "/api/session")[0] == 401
    assert thief.ask("GET", "/api/overview")[0] == 401
    assert house.rows("signed_out")[-1]["by"] == "platform/olga@example.com"
    assert house.rows("signed_in")[-1]["detail"]["way"] == "oidc"


def test_a_token_signs_in_too_and_a_fixed_cookie_is_not_kept(house):
    rita = Browser(house.gateway, 10, {f"entrepot-{house.gateway.control_port}": "fixed"})
    status, _, told = rita.ask("POST", "/sign-in", {"token": "token-of-rita", "name": "rita"})

    assert (status, told) == (200, {"id": "rita", "role": "admin"})
    assert "fixed" not in rita.cookies.values()
    assert rita.ask("GET", "/api/audit")[0] == 200
    assert rita.ask("POST", "/api/policy/reload", headers=rita.csrf())[0] == 200
    assert house.rows("reload_asked")[-1]["by"] == "rita"
    foreign = {"origin": "http://evil.example.com"}
    assert rita.ask("POST", "/sign-in", {"token": "token-of-rita"}, foreign)[0] == 403
    assert rita.ask("POST", "/sign-in", {"token": "token-of-rita", "name": "vera"})[0] == 401


def test_guessing_is_bounded_by_address_and_by_name(house):
    guesser = Browser(house.gateway, 11)
    told = [guesser.ask("POST", "/sign-in", {"token": f"guess-{n}"})[0] for n in range(14)]
    assert 429 in told
    assert set(told) == {401, 429}
    for n in range(40):
        status, _, _ = Browser(house.gateway, 20 + n).ask("POST", "/sign-in", {"token": f"guess-{n}", "name": "rita"})
        if status == 429:
            break
    assert status == 429
    failed = house.rows("sign_in_failed")
    assert len([row for row in failed if row["detail"]["address"] == "127.0.0.11"]) == 1
    assert "guess-" not in json.dumps(failed)


def test_wrong_bearers_and_tokens_in_the_address_are_added_up_in_the_audit(house):
    guesser = Browser(house.gateway, 91)
    for number in range(14):
        guesser.ask("GET", "/api/freezes", headers={"authorization": f"Bearer guess-{number}"})
    guesser.ask("GET", "/?token=guess-x")
    guesser.ask("GET", "/api/freezes")  # no token is no guess

    def told() -> dict[str, int]:
        found: dict[str, int] = {}
        for row in house.rows("wrong_token"):
            for place, count in row["detail"]["from"].items():
                found[place] = found.get(place, 0) + count
        return {place: count for place, count in found.items() if place.endswith("127.0.0.91")}

    assert until(lambda: sum(told().values()) >= 15)
    assert told() == {"bearer from 127.0.0.91": 14, "token from 127.0.0.91": 1}
    assert "guess-" not in json.dumps(house.rows("wrong_token"))


def test_nothing_secret_stands_in_log_or_audit(house):
    text = house.gateway.log.read_text() + json.dumps(list(audit.rows(house.gateway.state_dir)))
    assert "s3cret" not in text
    assert "token-of-rita" not in text

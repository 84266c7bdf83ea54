"""Claims about tokens of an identity provider: let in by keys that the control process fetched, as teams' callers."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.integration.test_freeze import until
from tests.integration.test_roles import digest
from tests.integration.upstreams import KEY, chat, folder, serving
from tests.running import Running, starter
from tests.unit.identity.test_tokens import public, signed

pytestmark = pytest.mark.services
ISSUER = "https://id.example.com"


@dataclass
class Provider:
    """Publishes a key set over http on this machine."""

    keys: list[dict[str, Any]]
    asked: int = 0
    server: ThreadingHTTPServer = field(init=False)

    def __post_init__(self) -> None:
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider.asked += 1
                body = json.dumps({"keys": provider.keys}).encode()
                self.send_response(200)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/jwks.json"


@dataclass
class House:
    gateway: Running
    policies: Path
    provider: Provider

    def asked(self, token: str, place: str = "/v1/models") -> tuple[int, Any]:
        headers = {"authorization": f"Bearer {token}"}
        status, _, body = self.gateway.ask("GET", place, headers=headers)
        return status, json.loads(body)

    def soon(self, token: str, status: int) -> bool:
        return until(lambda: {self.asked(token)[0] for _ in range(6)} == {status}, 30)


def callers(**jwt: object) -> str:
    rules = {"issuer": ISSUER, "audience": "gateway", "team_claim": "groups", "app_claim": "azp"} | jwt
    teams = {name: {"data_class": "public"} for name in ("t", "red")}
    return json.dumps({"teams": teams, "keys": [{"id": "k", "team": "t", "sha256": digest(KEY)}], "jwt": rules})


def token(by: str = "rsa", **claims: object) -> str:
    now = time.time()
    said = {"iss": ISSUER, "aud": "gateway", "sub": "maria@example.com", "groups": ["staff", "red"], "azp": "notebook"}
    return signed({**said, "iat": now, "exp": now + 300, **claims}, by)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    root, provider = tmp_path_factory.mktemp("tokens"), Provider([public("rsa")])
    with serving() as vendors:
        policies = folder(root / "policies", {name: vendors.url(name) for name in "abc"})
        (policies / "callers.yaml").write_text(callers(jwks_url=provider.url))
        started: list[Running] = []
        yield House(starter(root, started)(policies, workers=2), policies, provider)
        for each in started:
            each.stop()
    provider.server.shutdown()
    provider.server.server_close()


def test_a_token_is_let_in_as_a_caller_of_its_team_and_nobody_s_name_is_kept(house):
    assert house.soon(token(), 200)
    status, headers, _ = house.gateway.ask(
        "POST", "/v1/chat/completions", chat(), headers={"authorization": f"Bearer {token()}"}
    )
    assert status == 200
    status, row = house.asked(token(), f"/v1/decisions/{headers['x-request-id']}")

    assert (status, row["team"], row["app"], row["key_id"][:4]) == (200, "red", "notebook", "jwt-")
    assert "maria" not in json.dumps(row)
    assert "maria" not in house.gateway.log.read_text()
    assert house.asked(KEY)[0] == 200


@pytest.mark.parametrize(
    ("claims", "words"),
    [
        ({"exp": 1.0}, "expired"),
        ({"aud": "others"}, "aud"),
        ({"groups": ["staff"]}, "no team"),
        ({"groups": ["t", "red"]}, "several teams"),
        ({"nbf": 9e9}, "not hold yet"),
    ],
    ids=str,
)
def test_a_token_that_is_wrong_is_told_why_and_nothing_of_it(house, claims, words):
    assert house.soon(token(), 200)
    status, reply = house.asked(token(**claims))

    assert (status, reply["error"]["code"]) == (401, "invalid_api_key")
    assert words in reply["error"]["message"]
    assert "maria" not in json.dumps(reply)


def test_a_flood_of_unknown_keys_fetches_nothing_more(house):
    assert house.soon(token(), 200)
    before = house.provider.asked
    for _ in range(20):
        assert house.asked(token(by="ec"))[0] == 401

    assert house.provider.asked <= before + 1


def test_keys_of_a_file_come_and_go_without_a_reload_and_so_do_the_rules(house):
    file, before = house.policies / "jwks.json", house.gateway.serving()["policy"]
    file.write_text(json.dumps({"keys": [public("ec")]}))
    (house.policies / "callers.yaml").write_text(callers(jwks_file="jwks.json"))
    assert house.soon(token(by="ec"), 200)
    assert house.asked(token())[0] == 401
    assert until(
        lambda: house.gateway.serving()["policy"] not in (before, "") and " " not in house.gateway.serving()["policy"]
    )
    version = house.gateway.serving()["policy"]
    file.write_text(json.dumps({"keys": [public("ec"), public("ed")]}))
    assert house.soon(token(by="ed"), 200)
    file.write_text(json.dumps({"keys": [public("ed")]}))
    assert house.soon(token(by="ec"), 401)
    file.write_text("{")
    assert until(lambda: "cannot be had" in house.gateway.log.read_text())
    assert house.asked(token(by="ed"))[0] == 200
    assert house.gateway.serving()["policy"] == version
    (house.policies / "callers.yaml").write_text(callers(jwks_url="http://127.0.0.1:9/jwks.json"))
    assert house.soon(token(by="ed"), 503)
    assert house.asked(KEY)[0] == 200

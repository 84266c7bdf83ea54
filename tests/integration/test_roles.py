"""Claims about administrators: every operation of the control API times every kind of asker; whose data each sees."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from typing import Any

import pytest

from gateway.control.roles import TABLE, is_allowed
from gateway.identity import Admin
from tests.integration.test_freeze import until
from tests.integration.upstreams import chat, folder, serving
from tests.running import Running, starter

pytestmark = pytest.mark.services
TOKEN = "the-admin-s-token"
ADMINS: dict[str, tuple[str, list[str] | None]] = {
    "viewer": ("viewer", None),
    "viewer-of-red": ("viewer", ["red"]),
    "operator": ("operator", None),
    "operator-of-red": ("operator", ["red"]),
    "admin": ("admin", None),
    "admin-of-red": ("admin", ["red"]),
}
BODIES: dict[tuple[str, str], Any] = {
    ("POST", "/api/policy/check"): {},
    ("POST", "/api/policy/explain"): {"text": "Hi"},
    ("POST", "/api/policy/diff"): {},
    ("POST", "/api/keys"): {"team": "red"},
    ("POST", "/api/freezes"): {"selector": "operator", "value": "c"},
}
CEILINGS = "ceilings: {at_once: 20},"
ASKERS = [None, "wrong", "a-caller", *ADMINS, TOKEN]


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    root = tmp_path_factory.mktemp("roles")
    with serving() as vendors:
        policies = folder(root / "policies", {name: vendors.url(name) for name in "abc"}, more=CEILINGS)
        with (policies / "policy.yaml").open("a") as file:
            file.write("\nbudgets: [{operator: a, usd: 5, per: day}, {team: blue, usd: 7, per: week}]\n")
        admins = [
            {"id": name, "role": role, "sha256": digest(f"token-of-{name}"), **({"teams": teams} if teams else {})}
            for name, (role, teams) in ADMINS.items()
        ]
        keys = [{"id": team, "team": team, "sha256": digest(f"key-of-{team}")} for team in ("red", "blue")]
        teams = {team: {"data_class": "public", "budget": {"usd": 3, "per": "month"}} for team in ("red", "blue")}
        (policies / "callers.yaml").write_text(json.dumps({"teams": teams, "keys": keys, "admins": admins}))
        started: list[Running] = []
        gateway = starter(root, started)(policies, environment={"GATEWAY_ADMIN_TOKEN": TOKEN})
        for team in ("red", "blue", "blue"):
            asked = gateway.ask(
                "POST", "/v1/chat/completions", chat(), headers={"authorization": f"Bearer key-of-{team}"}
            )
            assert asked[0] == 200
        assert until(lambda: len(told(gateway, TOKEN, "GET", "/api/decisions")[1].get("rows", ())) == 3)
        yield gateway
        for each in started:
            each.stop()


def token_of(asker: str | None) -> str:
    if asker is None or asker == TOKEN:
        return asker or ""
    return {"a-caller": "key-of-red", "wrong": "wrong"}.get(asker, f"token-of-{asker}")


def told(
    running: Running, asker: str | None, method: str, path: str, body: object = None, *, place: int = 1
) -> tuple[int, Any]:
    """`place`: the last number of the address that asks; one that guesses often is looked at no more."""
    token = token_of(asker)
    headers = {"content-type": "application/json"} | ({"authorization": f"Bearer {token}"} if token else {})
    line = HTTPConnection("127.0.0.1", running.control_port, timeout=60, source_address=(f"127.0.0.{place}", 0))
    line.request(method, path, None if body is None else json.dumps(body), headers)
    reply = line.getresponse()
    text = reply.read()
    line.close()
    return reply.status, json.loads(text)


@pytest.mark.parametrize(("method", "path"), TABLE, ids=str)
def test_every_operation_of_every_asker_is_as_the_table_says(running, method, path):
    url = path.replace("{name}", "savings").replace("{kind}", "endpoints").replace("{id}", "nothing")
    url = url.replace("{request_id}", "req_0")
    place = 2 + list(TABLE).index((method, path))
    for asker in ASKERS:
        status, reply = told(running, asker, method, url, BODIES.get((method, path)), place=place)
        if asker in (None, "wrong", "a-caller"):
            assert (status, reply["error"]["code"]) == (401, "invalid_api_key"), asker
        elif asker == TOKEN or is_allowed(Admin("x", *_of(asker)), TABLE[method, path]):
            assert status not in (401, 403, 405, 422, 500), (asker, reply)
        else:
            assert (status, reply["error"]["code"]) == (403, "not_allowed"), asker
            assert asker in reply["error"]["message"]


def _of(asker: str) -> Any:
    role, teams = ADMINS[asker]
    return role, None if teams is None else frozenset(teams)


def test_the_document_and_the_table_name_the_same_operations(running):
    described = told(running, TOKEN, "GET", "/openapi.json")[1]["paths"]
    named = {(method.upper(), path) for path, methods in described.items() for method in methods}

    assert named - {("GET", "/metrics")} == set(TABLE)
    assert described["/api/freezes"]["post"]["x-role"] == "operator"


def test_an_administrator_of_a_team_sees_that_team_s_requests_and_money_alone(running):
    rows = told(running, TOKEN, "GET", "/api/decisions")[1]["rows"]
    blue = next(row["request_id"] for row in rows if row["team"] == "blue")
    mine = told(running, "viewer-of-red", "GET", "/api/decisions")[1]["rows"]
    report = "/api/reports/adoption?by=team"

    assert [row["team"] for row in mine] == ["red"]
    assert told(running, "viewer-of-red", "GET", f"/api/decisions/{blue}")[0] == 404
    assert told(running, "viewer", "GET", f"/api/decisions/{blue}")[0] == 200
    assert [row["key"] for row in told(running, "viewer-of-red", "GET", report)[1]["rows"]] == ["red"]
    assert {row["key"] for row in told(running, "viewer", "GET", report)[1]["rows"]} == {"red", "blue"}
    overview = told(running, "viewer-of-red", "GET", "/api/overview")[1]
    assert overview["teams"] == ["red"]
    assert "blue" not in json.dumps(overview)
    assert "blue" in json.dumps(told(running, "viewer", "GET", "/api/overview")[1])
    assert told(running, "viewer-of-red", "GET", "/api/policy")[1]["teams"] == ["red"]


def test_budgets_and_ceilings_are_told_with_what_is_left_and_to_a_team_s_administrator_its_own_alone(running):
    def seen(asker: str) -> Any:
        return told(running, asker, "GET", "/api/budgets")[1]

    assert until(lambda: all(row["used"] for row in seen("viewer")["budgets"] if row["id"] != "red"))
    both, mine = seen("viewer"), seen("viewer-of-red")
    named = {(row["of"], row["id"], row["per"], row["usd"], row["written_in"]) for row in both["budgets"]}
    assert named == {
        ("team", "red", "month", "3", "callers.yaml"),
        ("team", "blue", "month", "3", "callers.yaml"),
        ("team", "blue", "week", "7", "policy.yaml"),
        ("operator", "a", "day", "5", "policy.yaml"),
    }
    for row in both["budgets"]:
        assert float(row["used_usd"]) + float(row["left_usd"]) == pytest.approx(float(row["usd"]))
        assert float(row["used_usd"]) == pytest.approx(row["used"] * float(row["usd"]), abs=1e-4)
        assert time.time() < row["ends_at"] < time.time() + 32 * 86_400
    assert {(row["endpoint"][-1], row["ceiling"], row["most"]) for row in both["ceilings"]} == {
        (name, "at_once", 20) for name in "abc"
    }
    assert {(row["of"], row["id"]) for row in mine["budgets"]} == {("team", "red")} and not mine["ceilings"]


def test_who_froze_stands_in_the_freeze(running):
    frozen = told(running, "operator", "POST", "/api/freezes", {"selector": "operator", "value": "b"})[1]
    lifted = told(running, "operator", "DELETE", f"/api/freezes/{frozen['id']}")

    assert (frozen["by"], lifted[0]) == ("operator", 200)

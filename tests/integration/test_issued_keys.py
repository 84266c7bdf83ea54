"""Claims about issued keys: in force everywhere soon, without a reload; an odd store lets nobody in."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gateway.processes import audit
from tests.integration.test_freeze import until
from tests.integration.test_roles import digest
from tests.integration.upstreams import KEY, chat, folder, serving
from tests.private_postgresql import PostgreSQL
from tests.running import Running, starter
from tests.warm import command

pytestmark = pytest.mark.services
SOON_S = 20.0  # two seconds where nothing else runs


@dataclass
class House:
    """A gateway of two workers."""

    gateway: Running
    policies: Path

    def api(self, method: str, path: str, body: object = None, by: str = "olga") -> tuple[int, Any]:
        status, _, reply = self.gateway.ask_control(
            method, path, body, headers={"authorization": f"Bearer token-of-{by}"}
        )
        return status, json.loads(reply)

    def command(self, *words: object) -> tuple[int, str, str]:
        place = {"GATEWAY_STATE_DIR": str(self.gateway.state_dir), "GATEWAY_POLICIES": str(self.policies)}
        ended = command(*words, timeout=120, **place)
        return ended.returncode, ended.stdout, ended.stderr

    def asked(self, key: str) -> set[int]:
        """What the workers say to it, whichever accept."""
        headers = {"authorization": f"Bearer {key}"}
        return {self.gateway.ask("GET", "/v1/models", headers=headers)[0] for _ in range(6)}

    def soon(self, key: str, status: int) -> bool:
        return until(lambda: self.asked(key) == {status} and self.asked(key) == {status}, SOON_S)

    def issue(self, **asked: object) -> str:
        status, reply = self.api("POST", "/api/keys", asked)
        assert status == 201, reply
        return str(reply["key"])


@contextmanager
def houses(root: Path, count: int, workers: int, **environment: str) -> Iterator[list[House]]:
    """Gateways that serve one policy folder."""
    with serving() as vendors:
        policies = folder(root / "policies", {name: vendors.url(name) for name in "abc"})
        admins = [
            {"id": "olga", "role": "admin", "sha256": digest("token-of-olga")},
            {"id": "rita", "role": "admin", "teams": ["red"], "sha256": digest("token-of-rita")},
        ]
        callers = {
            "teams": {team: {"data_class": "public"} for team in ("t", "red", "blue")},
            "keys": [{"id": "k", "team": "t", "sha256": digest(KEY)}],
            "admins": admins,
        }
        (policies / "callers.yaml").write_text(json.dumps(callers))
        started: list[Running] = []
        start = starter(root, started)
        yield [House(start(policies, workers=workers, environment=environment), policies) for _ in range(count)]
        for each in started:
            each.stop()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with houses(tmp_path_factory.mktemp("keys"), 1, 2) as [one]:
        yield one


def test_a_key_is_in_force_soon_and_the_policy_stays_as_it_was(house):
    before = house.gateway.serving()["policy"]
    key = house.issue(team="red", id="bot", app="notebook")
    status, printed, _ = house.command("keys", "new", "--team", "blue", "--id", "mine", "--json")

    assert house.soon(key, 200)
    assert status == 0
    assert house.soon(json.loads(printed)["key"], 200)
    assert house.gateway.serving()["policy"] == before
    assert house.asked("gw-nobody-has-ever-made-this-one") == {401}


def test_a_key_is_rotated_and_both_work_until_the_old_one_is_revoked(house):
    old = house.issue(team="red", id="turns")
    status, made = house.api("POST", "/api/keys/turns/rotate", {"overlap_days": 1})

    assert (status, made["id"], made["old"]) == (201, "turns.2", "turns")
    assert house.soon(made["key"], 200)
    assert house.asked(old) == {200}
    assert house.command("keys", "revoke", "turns")[0] == 0
    assert house.soon(old, 401)
    assert house.asked(made["key"]) == {200}
    assert house.api("DELETE", "/api/keys/turns.2")[0] == 200
    assert house.soon(made["key"], 401)
    assert house.api("POST", "/api/keys/turns.2/rotate")[0] == 404


def test_an_administrator_of_a_team_sees_and_changes_keys_of_that_team_alone(house):
    house.issue(team="blue", id="of-blue")
    mine = house.api("POST", "/api/keys", {"team": "red", "id": "of-red"}, by="rita")
    listed = house.api("GET", "/api/keys", by="rita")[1]["keys"]

    assert mine[0] == 201
    assert {row["team"] for row in listed} == {"red"}
    assert house.api("POST", "/api/keys", {"team": "blue"}, by="rita")[0] == 400
    for method, path in (("DELETE", ""), ("POST", "/rotate"), ("POST", "/erase")):
        status, reply = house.api(method, f"/api/keys/of-blue{path}", by="rita")
        assert (status, "of-blue`; did you mean" in reply["error"]["message"]) == (404, True)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"team": "rde"}, "did you mean `red`?"),
        ({"team": "red", "expires": "2020-01-01"}, "is not to come"),
        ({"team": "red", "id": "k"}, "a key called `k`"),
        ({"team": "red", "id": "a\nb"}, "can be printed"),
        ({"team": "red", "id": ""}, "id"),
        ({"team": "red", "sha256": "a" * 64}, "sha256"),
        pytest.param(b"[" * 3_000, "not JSON", id="nested"),
        pytest.param(b'{"team": "\xff"}', "not JSON", id="no UTF-8"),
    ],
    ids=str,
)
def test_what_is_asked_wrongly_makes_no_key(house, asked, words):
    before = house.api("GET", "/api/keys")[1]
    status, reply = house.api("POST", "/api/keys", asked)

    assert (status, words in reply["error"]["message"]) == (400, True), reply
    assert house.api("GET", "/api/keys")[1] == before


def test_the_list_says_when_a_key_was_used_last_and_an_erased_one_is_gone(house):
    key = house.issue(team="red", id="maria")
    assert house.soon(key, 200)
    headers = {"authorization": f"Bearer {key}"}
    assert house.gateway.ask("POST", "/v1/chat/completions", chat(), headers=headers)[0] == 200

    def used() -> Any:
        rows = house.api("GET", "/api/keys")[1]["keys"]
        return next(row["last_used"] for row in rows if row["id"] == "maria")

    assert until(lambda: used() is not None)
    assert str(used()).endswith(":00:00+00:00")
    assert used()[:13].replace("T", " ") in house.command("keys", "list")[1]
    status, reply = house.api("POST", "/api/keys/maria/erase")
    assert (status, reply["keys"], reply["requests"]) == (200, 1, 1)
    assert house.soon(key, 401)
    assert "maria" not in json.dumps(house.api("GET", "/api/keys")[1])
    assert b"maria" not in (house.gateway.state_dir / "keys.jsonl").read_bytes()


def test_what_was_done_by_the_api_stands_in_the_audit(house):
    rows = [row for row in audit.rows(house.gateway.state_dir) if row["via"] == "api"]

    for action in ("key_made", "key_rotated", "key_revoked", "key_erased"):
        found = [row for row in rows if row["action"] == action]
        assert found, action
        assert {row["by"] for row in found} <= {"olga", "rita"}
    assert audit.problems(house.gateway.state_dir) == []
    assert "gw-" not in json.dumps(rows)


@pytest.mark.parametrize("odd", ["garbage", "half a row", "a folder"])
def test_while_the_store_cannot_be_read_no_issued_key_is_let_in_and_others_are(house, odd):
    key, file = house.issue(team="red"), house.gateway.state_dir / "keys.jsonl"
    assert house.soon(key, 200)
    whole = file.read_bytes()
    if odd == "a folder":
        file.unlink()
        file.mkdir()
    else:
        file.write_bytes(whole + (b"\x00\xff\n" if odd == "garbage" else whole[: len(whole) // 7 - 5]))

    assert house.soon(key, 503)
    assert house.asked("gw-nobody-has-ever-made-this-one") == {503}
    assert house.asked(KEY) == {200}
    assert until(lambda: "keys" in house.gateway.ready()["degraded"])
    assert house.api("POST", "/api/keys", {"team": "red"})[0] in (400, 503)
    if odd == "a folder":
        file.rmdir()
    file.write_bytes(whole)
    assert house.soon(key, 200)


def test_a_store_that_is_lost_lets_in_nobody_it_had(house):
    key, file = house.issue(team="red"), house.gateway.state_dir / "keys.jsonl"
    assert house.soon(key, 200)
    whole = file.read_bytes()
    file.unlink()
    assert house.soon(key, 401)
    file.write_bytes(whole)
    assert house.soon(key, 200)


def test_a_key_of_callers_yaml_is_revoked_by_the_api_too(house):
    assert house.asked(KEY) == {200}
    status, reply = house.api("DELETE", "/api/keys/k")

    assert (status, [row["kept"] for row in reply["keys"]]) == (200, ["callers.yaml"])
    assert house.soon(KEY, 401)


def test_gateways_of_one_database_share_keys_and_a_key_outlives_both(tmp_path):
    database = PostgreSQL()
    try:
        with houses(tmp_path, 2, 1, GATEWAY_DATABASE_URL=database.url) as [one, other]:
            key = one.issue(team="red", id="shared")
            assert other.soon(key, 200)
            database.kill()
            assert other.asked(key) == {200}
            database.start()
            assert other.api("DELETE", "/api/keys/shared")[0] == 200
            assert one.soon(key, 401)
            left = one.issue(team="red", id="left")
            assert other.soon(left, 200)
            (one.gateway.state_dir / "keys.jsonl").unlink()
            assert one.soon(left, 200)
    finally:
        database.close()

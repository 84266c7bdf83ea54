"""Claims about rows of endpoints: several keys and addresses, ceilings, limits of their own."""

from __future__ import annotations

import asyncio
import hashlib
import json
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.integration.upstreams import (
    CATALOG,
    Act,
    Line,
    Upstreams,
    answer,
    ask,
    chat,
    decision,
    folder,
    serving,
    whole,
)
from tests.running import PATIENCE_S, Running, free_port, starter

pytestmark = pytest.mark.services
ROW = """
  - {id: MODEL, hosting: self, storage: [], inference: [US], trains_on_data: false, retention_days: 0, api: openai,
     prices: [{since: 2026-01-01, input: 1, output: 2}], WAY}
"""
ROWS = {
    "m@a": 'base_url: "URL/a", keys: [{env: FIRST_API_KEY, weight: 3}, {env: SECOND_API_KEY}, {env: MISSING_API_KEY}], '
    "ceilings: {at_once: 1, requests_per_minute: 6000}",
    "m@b": 'base_url: "URL/b", key_file: "FILE"',
    "w@a": 'base_url: "URL/a", ceilings: {requests_per_minute: 2}',
    "w@a/eu": 'base_url: "URL/a"',
    "w@a/line": 'base_url: "URL/a", ceilings: {at_once: 1, queue: 2, queue_s: 60}',
    "w@a/short": 'base_url: "URL/a", ceilings: {at_once: 1, queue: 2, queue_s: 0.2}',
    "w@b": 'base_url: "URL/b", limits: {whole_s: 1, usd: 0.05}',
    "w@c": 'replicas: [{base_url: "http://127.0.0.1:DEAD/v1", weight: 9}, {base_url: "URL/c"}]',
}
BOUNDED = "bounded: {data_class: public, rate: {requests_per_minute: 4, tokens_per_minute: 900000}}"
BOUNDED_KEY = "gw-of-a-team-with-a-rate"
KEYS = {"FIRST_API_KEY": "first-key-of-the-test", "SECOND_API_KEY": "second-key-of-the-test"}


@dataclass(frozen=True)
class House:
    gateway: Running
    upstreams: Upstreams
    key_file: Path

    def keys(self) -> list[str]:
        """The keys of the requests so far, in their order."""
        heads = [head.decode() for _, head, _ in self.upstreams.asked]
        return [head.partition("uthorization: Bearer ")[2].partition("\r\n")[0] for head in heads]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    root, started = tmp_path_factory.mktemp("replicas"), list[Running]()
    key_file = root / "key"
    key_file.write_text("key-of-yesterday-0123\n")
    with serving() as upstreams:
        policies = folder(root / "policies", {name: upstreams.url(name) for name in "abc"})
        operators = ", ".join(f"{{id: {name}, name: {name}, country: US, lists: []}}" for name in "abc")
        rows = "".join(ROW.replace("MODEL", id).replace("WAY", way) for id, way in ROWS.items())
        rows = rows.replace("URL", f"http://127.0.0.1:{upstreams.port}").replace("FILE", str(key_file))
        text = CATALOG.replace("OPERATORS", operators) + rows.replace("DEAD", str(free_port()))
        (policies / "catalog" / "all.yaml").write_text(text)
        callers = (policies / "callers.yaml").read_text().replace("teams: {", f"teams: {{{BOUNDED}, ")
        digest = hashlib.sha256(BOUNDED_KEY.encode()).hexdigest()
        row = f"keys: [{{id: bounded, team: bounded, sha256: {digest}}}, "
        (policies / "callers.yaml").write_text(callers.replace("keys: [", row))
        policy = (policies / "policy.yaml").read_text().replace("try: [m@a,", "try: [w@a/eu, m@a,")
        (policies / "policy.yaml").write_text(f"budgets: [{{endpoint: w@a/eu, usd: 0, per: day}}]\n{policy}")
        try:
            yield House(starter(root, started)(policies, environment=KEYS), upstreams, key_file)
        finally:
            for each in started:
                each.stop()


@pytest.fixture(autouse=True)
def quiet(house: House) -> None:
    house.upstreams.acts.clear()
    house.upstreams.asked.clear()


def refusing(key: str) -> Act:
    async def act(line: Line) -> None:
        if key.encode() in line.head:
            await line.say(whole(401, {"error": {"message": "no such key"}}))
        else:
            await answer()(line)

    return act


def test_conversations_share_keys_by_weight_and_each_keeps_its_own(house: House) -> None:
    texts = [f"question {number} about our history" for number in range(40)]
    for text in texts:
        assert ask(house.gateway, chat("m@a", text))[0] == 200
    first = house.keys()
    for text in texts:
        ask(house.gateway, chat("m@a", text))

    assert house.keys()[40:] == first
    shares = Counter(first)
    assert shares.keys() == set(KEYS.values())
    assert shares[KEYS["FIRST_API_KEY"]] > shares[KEYS["SECOND_API_KEY"]]


def test_a_key_that_is_refused_rests_and_the_request_is_answered_with_another(house: House) -> None:
    house.upstreams.acts["a"] = refusing(KEYS["FIRST_API_KEY"])
    replies = [ask(house.gateway, chat("m@a", f"once more, part {number}")) for number in range(8)]

    assert {status for status, *_ in replies} == {200}
    assert Counter(house.keys())[KEYS["FIRST_API_KEY"]] == 1, "after its refusal it rests"


def test_an_address_that_is_down_is_passed_over_within_the_request(house: House) -> None:
    for number in range(6):
        status, headers, _ = ask(house.gateway, chat("w@c", f"and this {number}"))
        assert (status, headers["x-gateway-endpoint"]) == (200, "w@c")


def test_one_that_is_full_is_passed_over_like_one_that_rests_and_rests_not(house: House) -> None:
    asked, ends = threading.Event(), threading.Event()

    async def slow(line: Line) -> None:
        asked.set()
        await asyncio.to_thread(ends.wait, 60)
        await answer()(line)

    house.upstreams.acts["a"] = slow
    with ThreadPoolExecutor(1) as beside:
        first = beside.submit(ask, house.gateway, chat("m@a"))
        assert asked.wait(60)
        try:
            status, headers, _ = ask(house.gateway, chat(text="another conversation"))
            denied, told, body = ask(house.gateway, chat("m@a"))
        finally:
            ends.set()
    house.upstreams.acts.clear()

    assert (status, headers["x-gateway-endpoint"]) == (200, "m@b")
    assert (denied, told["retry-after"]) == (429, "1")
    assert json.loads(body)["error"]["code"] == "rate_limit_exceeded" and b"m@a (at_once 1)" in body
    assert first.result()[0] == 200
    assert ask(house.gateway, chat("m@a"))[0] == 200, "it never rested"
    record = decision(house.gateway, headers)
    assert record["passed_over"]["m@a"] == "at_once"
    assert any("m@a was passed over: at_once" in line for line in record["why"])
    assert any("m@a takes at most 6,000 requests a minute, 1 requests at once" in line for line in record["why"])
    assert decision(house.gateway, told)["denied_by"] == "ceiling"


def test_who_finds_no_seat_waits_in_line_and_is_served_in_turn_and_a_full_line_is_told(house: House) -> None:
    ends = threading.Event()

    async def slow(line: Line) -> None:
        await asyncio.to_thread(ends.wait, 60)
        await answer()(line)

    def waiting(count: int) -> None:
        assert house.gateway.counts("gateway_waiting", count, endpoint="w@a/line")

    house.upstreams.acts["a"] = slow
    with ThreadPoolExecutor(3) as beside:
        running = [beside.submit(ask, house.gateway, chat("w@a/line", "number 0"))]
        assert house.gateway.counts("gateway_ceiling_used_ratio", 1, endpoint="w@a/line")
        for number in (1, 2):
            running.append(beside.submit(ask, house.gateway, chat("w@a/line", f"number {number}")))
            waiting(number)
        try:
            denied, told, body = ask(house.gateway, chat("w@a/line", "number 3"))
        finally:
            ends.set()
        assert [each.result()[0] for each in running] == [200] * 3
    house.upstreams.acts.clear()

    assert (denied, told["retry-after"], json.loads(body)["error"]["code"]) == (503, "60", "overloaded")
    assert b"w@a/line: 2 requests wait for a seat already" in body
    assert decision(house.gateway, told)["denied_by"] == "queue"
    texts = [json.loads(body)["messages"][0]["content"] for *_, body in house.upstreams.asked]
    assert texts == ["number 0", "number 1", "number 2"], "first come, first served"
    waiting(0)


def test_who_waits_in_vain_is_told_so_and_a_caller_who_leaves_the_line_holds_no_seat(house: House) -> None:
    asked, ends = threading.Event(), threading.Event()

    async def slow(line: Line) -> None:
        asked.set()
        await asyncio.to_thread(ends.wait, 60)
        await answer()(line)

    house.upstreams.acts["a"] = slow
    with ThreadPoolExecutor(2) as beside:
        first = beside.submit(ask, house.gateway, chat("w@a/short"))
        longer = beside.submit(ask, house.gateway, chat("w@a/line"))
        assert asked.wait(60) and house.gateway.counts("gateway_ceiling_used_ratio", 1, endpoint="w@a/line")
        try:
            denied, told, body = ask(house.gateway, chat("w@a/short", "another conversation"))
            head = b"POST /v1/chat/completions HTTP/1.1\r\nhost: g\r\nauthorization: Bearer gw-test-key\r\n"
            text = json.dumps(chat("w@a/line", "gone")).encode()
            with socket.create_connection(("127.0.0.1", house.gateway.port)) as plug:
                plug.sendall(head + b"content-length: %d\r\n\r\n%b" % (len(text), text))
                assert house.gateway.counts("gateway_waiting", 1, endpoint="w@a/line")
            assert house.gateway.counts("gateway_waiting", 0, endpoint="w@a/line")
        finally:
            ends.set()
        assert (first.result()[0], longer.result()[0]) == (200, 200)
    house.upstreams.acts.clear()

    assert (denied, told["retry-after"]) == (503, "1") and b"no seat has become free in 0.2 s" in body
    assert ask(house.gateway, chat("w@a/line"))[0] == 200
    assert not any(b"gone" in body for *_, body in house.upstreams.asked), "nobody asked for who had left"


def test_every_reply_to_a_team_with_a_rate_says_what_is_left_of_it(house: House) -> None:
    def asked(path: str, body: object) -> tuple[int, dict[str, str]]:
        return house.gateway.ask("POST", path, body, headers={"authorization": f"Bearer {BOUNDED_KEY}"})[:2]

    message = {**chat("w@a/line"), "max_tokens": 50}
    replies = [
        asked("/v1/chat/completions", chat("w@a/line")),
        asked("/v1/chat/completions", chat("w@a/line", stream=True)),
        asked("/v1/messages", message),
        asked("/v1/chat/completions", chat("w@b", max_tokens=100_000)),  # too dear
        asked("/v1/messages", message),
    ]
    free = ask(house.gateway, chat("w@a/line"))[1]

    assert [status for status, _ in replies] == [200, 200, 200, 400, 429]
    told = [headers for _, headers in replies]
    assert [each["x-ratelimit-remaining-requests"] for each in told] == ["3", "2", "1", "0", "0"]
    assert {each["x-ratelimit-limit-requests"] for each in told} == {"4"}
    assert [each.get("x-ratelimit-limit-tokens") for each in told] == ["900000"] * 4 + [None]
    assert all(int(each["x-ratelimit-remaining-tokens"]) < 900_000 for each in told[:4])
    assert all(1 <= int(each["x-ratelimit-reset-requests"].removesuffix("s")) <= 60 for each in told)
    assert [each.get("anthropic-ratelimit-requests-remaining") for each in told] == [None, None, "1", None, "0"]
    assert not any("ratelimit" in name for name in free), "a team without a rate has nothing to tell"


def test_a_rate_that_is_reached_is_told_with_the_time_to_come_back(house: House) -> None:
    replies = [ask(house.gateway, chat("w@a")) for _ in range(3)]
    if [status for status, *_ in replies] == [200] * 3:  # a minute has ended between them
        replies = [ask(house.gateway, chat("w@a")) for _ in range(3)]

    status, headers, body = replies[-1]
    assert status == 429 and 1 <= int(headers["retry-after"]) <= 60
    assert b"w@a (requests_per_minute 2)" in body


def test_a_place_whose_budget_is_spent_is_passed_over_and_names_it(house: House) -> None:
    status, headers, _ = ask(house.gateway, chat(text="a conversation about money"))
    denied, told, body = ask(house.gateway, chat("w@a/eu"))

    assert (status, headers["x-gateway-endpoint"]) == (200, "m@a")
    record = decision(house.gateway, headers)
    assert record["passed_over"] == {"w@a/eu": "budget:endpoint:w@a/eu"}
    assert any("a budget bounds endpoint `w@a/eu` to 0 USD a day" in line for line in record["why"])
    assert (denied, json.loads(body)["error"]["code"]) == (429, "budget_exceeded")
    assert b"at endpoint `w@a/eu` is spent" in body and told["x-should-retry"] == "false"
    assert decision(house.gateway, told)["denied_by"] == "budget:endpoint:w@a/eu"


def test_an_endpoints_own_limits_hold_where_the_routes_are_wider(house: House) -> None:
    async def silent(line: Line) -> None:
        await asyncio.sleep(30)

    house.upstreams.acts["b"] = silent
    late, _, _ = ask(house.gateway, chat("w@b"))
    dear, _, body = ask(house.gateway, chat("w@b", max_tokens=100_000))

    assert late == 504
    assert dear == 400 and b"could cost more than the endpoint's own limit: w@b" in body


def test_a_rotated_key_file_is_read_again_and_one_that_cannot_be_read_is_not_used(house: House) -> None:
    def used() -> str | int:
        status, _, _ = ask(house.gateway, chat("m@b"))
        return house.keys()[-1] if status == 200 else status

    def becomes(wanted: str | int) -> bool:
        deadline = time.monotonic() + PATIENCE_S
        while used() != wanted and time.monotonic() < deadline:
            time.sleep(0.2)
        return used() == wanted

    def says(words: str) -> bool:
        deadline = time.monotonic() + PATIENCE_S
        while words not in house.gateway.log.read_text() and time.monotonic() < deadline:
            time.sleep(0.2)
        return words in house.gateway.log.read_text()

    assert used() == "key-of-yesterday-0123"
    house.key_file.write_text("key-of-today-456789\n")
    assert becomes("key-of-today-456789")
    house.key_file.write_text("root:x:0:0\ndaemon:x:1:1\n")
    assert becomes(503)
    house.key_file.unlink()
    assert says("is not used, it cannot be read: No such file") and becomes(503)
    house.key_file.write_text("key-of-tomorrow-789\n")
    assert becomes("key-of-tomorrow-789")

    log = house.gateway.log.read_text()
    assert f"the key file {house.key_file} is not used, it holds no key" in log
    assert "holds another key" in log and "key-of-" not in log

"""What an administrator stops gets no byte more, from any worker or replica, whatever dies in between."""

from __future__ import annotations

import asyncio
import fcntl
import json
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import openai
import pytest

from tests import warm
from tests.integration.rerouted import pieces
from tests.integration.upstreams import (
    KEY,
    SSE,
    Act,
    Line,
    Upstreams,
    answer,
    ask,
    chat,
    decision,
    event,
    folder,
    serving,
)
from tests.private_redis import private_redis
from tests.running import ADMIN_TOKEN, PATIENCE_S, Running, starter

pytestmark = pytest.mark.services
ADMIN = {"authorization": f"Bearer {ADMIN_TOKEN}"}
HOLDS_S = 2.0


@dataclass
class Shop:
    """A gateway of two workers, and the vendors a, b and c."""

    gateway: Running
    upstreams: Upstreams
    policies: Path

    def count(self, name: str) -> int:
        return sum(asked[0] == name for asked in self.upstreams.asked)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    root = tmp_path_factory.mktemp("freeze")
    started: list[Running] = []
    with serving() as upstreams:
        policies = folder(root / "policies", {name: upstreams.url(name) for name in "abc"})
        try:
            yield Shop(starter(root, started)(policies, workers=2), upstreams, policies)
        finally:
            for each in started:
                each.stop()


@pytest.fixture
def shop(house: Shop) -> Iterator[Shop]:
    """Nothing is frozen before and after."""
    yield house
    house.upstreams.acts.clear()
    for row in api(house.gateway, "GET", "/api/freezes")["freezes"]:
        api(house.gateway, "DELETE", f"/api/freezes/{row['id']}")
    assert until(lambda: house.gateway.metric("gateway_freeze_in_force") == 0)
    time.sleep(HOLDS_S)  # the gauge is of the worker that told last


def api(gateway: Running, method: str, path: str, body: object = None) -> Any:
    status, _, text = gateway.ask_control(method, path, body, headers=ADMIN)
    assert status in (200, 201), text
    return json.loads(text)


def stop(gateway: Running, value: str, selector: str = "operator", **more: object) -> dict[str, Any]:
    row: dict[str, Any] = api(gateway, "POST", "/api/freezes", {"selector": selector, "value": value, **more})
    return row


def command(state_dir: Path, policies: Path, *words: str) -> subprocess.CompletedProcess[str]:
    world = {"GATEWAY_STATE_DIR": str(state_dir), "GATEWAY_POLICIES": str(policies)}
    return warm.command("freeze", *words, timeout=120, **world)


def killed(gateway: Running, state_dir: Path) -> None:
    """The parent by force; its processes end with it."""
    gateway.process.kill()
    gateway.process.wait(PATIENCE_S)
    for name in ("gateway.lock", "control.lock"):
        with open(state_dir / name, "rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)


def until(holds, patience_s: float = PATIENCE_S) -> bool:
    deadline = time.monotonic() + patience_s
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


@dataclass
class Held:
    """A vendor that is asked, and says its next word when it is let go."""

    asked: threading.Event = field(default_factory=threading.Event)
    go: threading.Event = field(default_factory=threading.Event)

    def act(self, *before: bytes, then: Act | None = None) -> Act:
        async def held(line: Line) -> None:
            await line.say(*before)
            self.asked.set()
            for _ in range(PATIENCE_S * 50):
                if self.go.is_set() or line.reader.at_eof():
                    break
                await line.say(gap_s=0)
                await asyncio.sleep(0.02)
            if then is not None:
                await then(line)

        return held


@contextmanager
def load(gateway: Running, callers: int = 6) -> Iterator[list[int]]:
    """Callers that ask without a pause; the statuses they got."""
    over, statuses = threading.Event(), []

    def call() -> None:
        while not over.is_set():
            statuses.append(ask(gateway, chat())[0])

    threads = [threading.Thread(target=call) for _ in range(callers)]
    for thread in threads:
        thread.start()
    try:
        yield statuses
    finally:
        over.set()
        for thread in threads:
            thread.join(PATIENCE_S)


def test_under_load_two_workers_ask_there_no_more_within_two_seconds_and_callers_get_answers(shop):
    with load(shop.gateway) as statuses:
        assert until(lambda: shop.count("a") > 20)
        stop(shop.gateway, "a")
        time.sleep(HOLDS_S)
        asked, others = shop.count("a"), shop.count("b")
        assert until(lambda: shop.count("b") > others + 50)

    assert shop.count("a") == asked
    assert set(statuses) == {200}


def test_the_command_line_stops_and_lifts_on_all_workers_before_it_returns(shop):
    state = shop.gateway.state_dir
    stopped = command(state, shop.policies, "--endpoint", "m@a", "--reason", "a test")
    assert (stopped.returncode, "all workers here (2)" in stopped.stderr) == (0, True), stopped.stderr
    before = shop.count("a")
    assert {ask(shop.gateway, chat())[1]["x-gateway-endpoint"] for _ in range(12)} == {"m@b"}
    listed = json.loads(command(state, shop.policies, "--json").stdout)["freezes"]
    wrong = command(state, shop.policies, "--operator", "aa")

    lifted = command(state, shop.policies, "--lift", "--endpoint", "m@a")

    assert [(row["selector"], row["value"], row["reason"]) for row in listed] == [("endpoint", "m@a", "a test")]
    assert (wrong.returncode, "did you mean `a`?" in wrong.stderr) == (2, True), wrong.stderr
    assert lifted.returncode == 0, lifted.stderr
    assert shop.count("a") == before
    assert {ask(shop.gateway, chat())[1]["x-gateway-endpoint"] for _ in range(12)} == {"m@a"}
    assert command(state, shop.policies, "--lift", "--endpoint", "m@a").returncode == 1


def test_an_attempt_of_which_nobody_has_a_byte_is_stopped_and_the_next_endpoint_answers(shop):
    held = Held()
    shop.upstreams.acts["a"] = held.act(then=answer())
    told: list[Any] = []
    caller = threading.Thread(target=lambda: told.append(ask(shop.gateway, chat())))
    caller.start()
    assert held.asked.wait(PATIENCE_S)

    stop(shop.gateway, "a")

    caller.join(PATIENCE_S)  # nobody lets the vendor go
    status, headers, _ = told[0]
    assert (status, headers["x-gateway-endpoint"]) == (200, "m@b")
    rows = {row["endpoint"]: row["failure"] for row in decision(shop.gateway, headers)["attempts"]}
    assert rows == {"m@a": "stopped", "m@b": None}


def streaming(gateway: Running) -> openai.OpenAI:
    return openai.OpenAI(base_url=gateway.base_url, api_key=KEY, max_retries=0)


def test_abort_ends_a_running_stream_with_an_error_that_the_official_sdk_raises(shop):
    held = Held()
    shop.upstreams.acts["a"] = held.act(SSE, event(next(iter(pieces("Once upon a time")))))
    stop(shop.gateway, "b", abort=True)  # of which this stream knows nothing
    with streaming(shop.gateway) as client, client.chat.completions.create(**chat(), stream=True) as stream:
        next(stream)
        assert held.asked.wait(PATIENCE_S)

        stop(shop.gateway, "a", abort=True)

        with pytest.raises(openai.APIError, match="freeze:operator=a") as raised:
            for _ in stream:
                pass
    assert raised.value.code == "frozen"


def test_without_abort_a_stream_that_a_caller_reads_goes_on_to_its_end(shop):
    held = Held()
    first, *rest = map(event, pieces("Once upon a time"))

    async def end(line: Line) -> None:
        await line.say(*rest, event(b"[DONE]"))

    shop.upstreams.acts["a"] = held.act(SSE, first, then=end)
    with streaming(shop.gateway) as client, client.chat.completions.create(**chat(), stream=True) as stream:
        parts = [next(stream)]
        stop(shop.gateway, "a")
        assert until(lambda: ask(shop.gateway, chat())[1]["x-gateway-endpoint"] == "m@b")
        held.go.set()
        parts += list(stream)

    text = "".join(part.choices[0].delta.content or "" for part in parts if part.choices)
    assert text == "Once upon a time"


def test_who_asks_for_what_is_stopped_is_told_by_which_freeze_and_so_are_decision_and_explain(shop):
    stop(shop.gateway, "m@a", "endpoint")
    assert until(lambda: ask(shop.gateway, chat("m@a"))[0] == 503)
    time.sleep(HOLDS_S)

    status, headers, body = ask(shop.gateway, chat("m@a"))
    explained = api(shop.gateway, "POST", "/api/policy/explain", {"text": "hi", "team": "t", "model": "auto"})

    error = json.loads(body)["error"]
    assert (status, error["code"], headers["x-should-retry"]) == (503, "frozen", "false")
    assert "`freeze:endpoint=m@a` stops m@a" in error["message"]
    assert decision(shop.gateway, headers)["removed"] == {"m@a": ["freeze:endpoint=m@a"]}
    assert explained["removed"] == {"m@a": ["freeze:endpoint=m@a"]}
    assert shop.gateway.metric("gateway_freeze_in_force", selector="endpoint", value="m@a") == 1


def test_all_that_is_served_being_stopped_the_gateway_is_not_ready_and_is_again_when_it_is_lifted(shop):
    row = stop(shop.gateway, "US", "origin")
    assert until(lambda: not shop.gateway.ready()["ready"])
    assert shop.gateway.json("/v1/models", key=KEY)["data"][1:] == [] or until(
        lambda: len(shop.gateway.json("/v1/models", key=KEY)["data"]) == 1
    )

    api(shop.gateway, "DELETE", f"/api/freezes/{row['id']}")

    assert until(lambda: shop.gateway.ready()["ready"])


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"selector": "operator", "value": "aa"}, "did you mean `a`?"),
        ({"selector": "origin", "value": "us"}, "did you mean `US`?"),
        ({"selector": "list", "value": "ofaq"}, "did you mean `ofac`?"),
        ({"selector": "colour", "value": "red"}, "selector"),
    ],
)
def test_a_name_that_is_nobody_s_is_one_clear_error(shop, body, words):
    status, _, text = shop.gateway.ask_control("POST", "/api/freezes", body, headers=ADMIN)

    assert (status, words in json.loads(text)["error"]["message"]) == (400, True), text


def test_a_line_that_cannot_be_read_is_told_and_lifts_nothing(shop):
    file = shop.gateway.state_dir / "freezes.jsonl"
    row = stop(shop.gateway, "a")
    assert until(lambda: row["id"] in shop.gateway.log.read_text())
    time.sleep(HOLDS_S)  # in every worker
    kept = file.read_bytes()

    damaged = file.with_suffix(".new")
    damaged.write_bytes(b'{"row": "freeze", "id": "x"\n')
    damaged.replace(file)  # at once: to a file that is empty for a moment, the workers write all they know

    assert until(lambda: "what was read before holds on" in shop.gateway.log.read_text())
    assert until(lambda: b'"a"' in file.read_bytes())  # what the workers know is written there again
    assert ask(shop.gateway, chat())[1]["x-gateway-endpoint"] == "m@b"
    file.write_bytes(kept)
    assert until(lambda: "freezes" not in shop.gateway.ready()["degraded"])


def test_a_freeze_outlives_kill_9_a_reload_and_a_broken_folder_and_one_made_meanwhile_holds_from_the_start(
    tmp_path, shop, gateway
):
    policies = folder(tmp_path / "policies", {name: shop.upstreams.url(name) for name in "abc"})
    state = {"GATEWAY_STATE_DIR": str(tmp_path / "state")}
    first = gateway(policies, environment=state)
    stop(first, "a")
    assert until(lambda: ask(first, chat())[1]["x-gateway-endpoint"] == "m@b")
    policy = policies / "policy.yaml"
    whole, version = policy.read_text(), first.serving()["policy"]
    policy.write_text(whole + "# changed\n")
    assert until(lambda: first.serving()["policy"] != version)
    assert ask(first, chat())[1]["x-gateway-endpoint"] == "m@b"
    killed(first, tmp_path / "state")
    policy.write_text("no policy")
    meanwhile = command(tmp_path / "state", policies, "--operator", "b")
    assert (meanwhile.returncode, "its next start" in meanwhile.stderr) == (0, True), meanwhile.stderr
    policy.write_text(whole)
    before = shop.count("a"), shop.count("b")

    second = gateway(policies, environment=state)

    assert {ask(second, chat())[1]["x-gateway-endpoint"] for _ in range(5)} == {"w@c"}
    assert (shop.count("a"), shop.count("b")) == before


def test_replicas_share_freezes_through_redis_and_keep_them_when_it_is_killed(tmp_path, shop, gateway):
    policies = folder(tmp_path / "policies", {name: shop.upstreams.url(name) for name in "abc"})
    with private_redis(tmp_path) as redis:
        shared = {"GATEWAY_REDIS_URL": redis.url}
        state = {**shared, "GATEWAY_STATE_DIR": str(tmp_path / "second")}
        first, second = gateway(policies, environment=shared), gateway(policies, environment=state)
        with load(second, 3):
            row = stop(first, "a")
            time.sleep(2 * HOLDS_S)  # to Redis and from there
            asked, others = shop.count("a"), shop.count("b")
            assert until(lambda: shop.count("b") > others + 20)
            redis.process.kill()
            redis.process.wait()
            assert until(lambda: "redis" in second.ready()["degraded"])
            assert until(lambda: "Redis does not answer" in second.log.read_text())
            assert until(lambda: shop.count("b") > others + 40)
        assert shop.count("a") == asked
        killed(second, tmp_path / "second")
        again = gateway(policies, environment=state)  # without Redis, by its file
        fresh = gateway(policies, environment=shared, begun=listens)  # which has never read Redis
        assert ask(again, chat())[1]["x-gateway-endpoint"] == "m@b"
        assert (ask(fresh, chat())[0], fresh.ready()["ready"]) == (503, False)
        assert shop.count("a") == asked

        with private_redis(tmp_path, port=redis.port):  # which has forgotten all, and is told by whoever comes first
            assert until(lambda: ask(fresh, chat())[0] == 200)
            assert until(lambda: [each["value"] for each in api(fresh, "GET", "/api/freezes")["freezes"]] == ["a"])
            assert ask(fresh, chat())[1]["x-gateway-endpoint"] == "m@b"
            api(fresh, "DELETE", f"/api/freezes/{row['id']}")
            assert until(lambda: ask(again, chat())[1]["x-gateway-endpoint"] == "m@a")
            assert until(lambda: ask(first, chat())[1]["x-gateway-endpoint"] == "m@a")


def listens(gateway: Running) -> bool:
    try:
        return gateway.ask("GET", "/health/live")[0] == 200
    except OSError:
        return False

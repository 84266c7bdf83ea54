"""A policy that is taken over while a request is under way holds for what that request has not sent yet."""

from __future__ import annotations

import asyncio
import json
import signal
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.upstreams import Line, Upstreams, answer, ask, chat, decision, folder, serving, whole
from tests.running import PATIENCE_S, Running

pytestmark = pytest.mark.services
NOW_FORBIDDEN = {
    "a guard": ("policy.yaml", "guards: []", "guards: [{name: b-is-out, never: {operator: b}}]"),
    "its address is another": ("catalog/all.yaml", '/b"', '/elsewhere"'),
}


@pytest.fixture
def upstreams() -> Iterator[Upstreams]:
    with serving() as running:
        yield running


def taken_over(running: Running, before: str) -> None:
    for _ in range(PATIENCE_S * 10):
        if running.serving()["policy"] != before:
            return
        threading.Event().wait(0.1)
    raise AssertionError(running.serving())


@pytest.mark.parametrize("change", NOW_FORBIDDEN)
def test_no_fallback_goes_where_the_policy_that_serves_now_does_not_lead(change, tmp_path, upstreams, gateway):
    policies = folder(tmp_path / "policies", {name: upstreams.url(name) for name in "abc"})
    running = gateway(policies)
    failing = held(upstreams, "a")
    told: list[Any] = []
    caller = threading.Thread(target=lambda: told.append(ask(running, chat())))
    caller.start()
    assert failing.asked.wait(PATIENCE_S)
    before, (file, old, new) = running.serving()["policy"], NOW_FORBIDDEN[change]
    with open(policies / "policy.yaml", "a") as policy:
        policy.write(f"allow_widening: {before}\n")  # another endpoint, or one elsewhere, is one more to reach
    (policies / file).write_text((policies / file).read_text().replace(old, new))
    running.process.send_signal(signal.SIGHUP)
    taken_over(running, before)

    failing.go.set()
    caller.join(PATIENCE_S)

    status, headers, _ = told[0]
    assert (status, headers["x-gateway-endpoint"]) == (200, "w@c")
    assert [name for name, _, _ in upstreams.asked] == ["a", "c"]
    outcomes = {row["endpoint"]: row["failure"] for row in decision(running, headers)["attempts"]}
    assert outcomes["m@b"] == "forbidden"


def test_what_is_sent_already_finishes_under_a_policy_that_forbids_it(tmp_path, upstreams, gateway):
    policies = folder(tmp_path / "policies", {name: upstreams.url(name) for name in "abc"})
    running = gateway(policies)
    slow = held(upstreams, "a", then=answer())
    told: list[Any] = []
    caller = threading.Thread(target=lambda: told.append(ask(running, chat())))
    caller.start()
    assert slow.asked.wait(PATIENCE_S)
    before, policy = running.serving()["policy"], policies / "policy.yaml"
    policy.write_text(policy.read_text().replace("guards: []", "guards: [{name: a-is-out, never: {operator: a}}]"))
    taken_over(running, before)

    slow.go.set()
    caller.join(PATIENCE_S)

    assert (told[0][0], told[0][1]["x-gateway-endpoint"]) == (200, "m@a")


def test_a_request_whose_endpoints_are_all_forbidden_by_now_is_denied(tmp_path, upstreams, gateway):
    policies = folder(tmp_path / "policies", {name: upstreams.url(name) for name in "abc"})
    running = gateway(policies)
    failing = held(upstreams, "a")
    told: list[Any] = []
    caller = threading.Thread(target=lambda: told.append(ask(running, chat())))
    caller.start()
    assert failing.asked.wait(PATIENCE_S)
    before, policy = running.serving()["policy"], policies / "policy.yaml"
    policy.write_text(policy.read_text().replace("guards: []", "guards: [{name: none, never: {operator: [b, c]}}]"))
    taken_over(running, before)

    failing.go.set()
    caller.join(PATIENCE_S)

    status, _, body = told[0]
    assert status == 502
    assert json.loads(body)["error"]["message"].count("forbids it") == 2
    assert [name for name, _, _ in upstreams.asked] == ["a"]


class held:
    """A vendor that answers once it may; it fails unless something else is said."""

    def __init__(self, upstreams: Upstreams, name: str, *, then: Any = None):
        self.asked, self.go = threading.Event(), threading.Event()
        self._then = then
        upstreams.acts[name] = self._act

    async def _act(self, line: Line) -> None:
        self.asked.set()
        await asyncio.to_thread(self.go.wait, PATIENCE_S)
        await (self._then(line) if self._then else line.say(whole(500, {"error": {"message": "boom"}})))

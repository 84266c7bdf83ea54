"""Replies as vendors are known to send them, through the real gateway: outcome, usage, cost, and the caller's part."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest

from tests.integration.wires import KEY, WAYS, cases, model_of, vendor, write_policy
from tests.running import Running, starter

pytestmark = pytest.mark.services
COUNTS = ("input_tokens", "cached_tokens", "cache_write_tokens", "output_tokens", "reasoning_tokens")
AT_ONCE = 4
CASES = {case["id"]: case for case in cases()}


@dataclass(frozen=True, slots=True)
class Play:
    """One case, asked in one way."""

    status: int
    body: bytes
    attempts: list[dict[str, Any]]


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("wires")
    started: list[Running] = []
    with vendor(list(CASES.values())) as port:
        write_policy(folder / "policies", port, list(CASES.values()))
        yield starter(folder, started)(folder / "policies")
        for each in started:
            each.stop()


@pytest.fixture(scope="module")
def plays(gateway: Running) -> dict[tuple[str, str], Play]:
    """Every case in every way."""
    todo = [(name, way) for name in CASES for way in WAYS]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return dict(zip(todo, pool.map(lambda each: play(gateway, *each), todo), strict=True))


def play(gateway: Running, name: str, way: str) -> Play:
    case = CASES[name]
    asked = {"messages": [{"role": "user", "content": "Why do ships float?"}], **case["request"]}
    body = {**asked, "model": model_of(case, way), **({"stream": True} if "stream" in way else {})}
    headers = {"authorization": f"Bearer {KEY}"}
    status, given, reply = gateway.ask("POST", "/v1/chat/completions", body, headers=headers)
    return Play(status, reply, attempts_of(gateway, given["x-request-id"]))


def attempts_of(gateway: Running, request_id: str) -> list[dict[str, Any]]:
    headers = {"authorization": f"Bearer {KEY}"}
    for _ in range(300):
        status, _, body = gateway.ask("GET", f"/v1/decisions/{request_id}", headers=headers)
        if status == 200:
            found: list[dict[str, Any]] = json.loads(body)["attempts"]
            return found
        time.sleep(0.1)
    raise AssertionError(f"no decision of {request_id}")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", CASES)
def test_a_reply_is_read_for_what_it_is(plays, name, way):
    seen, right = plays[name, way], CASES[name]["expect"]["stream" if "stream" in way else "whole"]
    first = seen.attempts[0]

    assert first["outcome"] == right["outcome"]
    assert first["failure"] == right.get("kind", first["failure"])
    assert_usage(first, right)
    if "alone" in way:
        assert_caller(seen, right.get("caller"), streamed="stream" in way)
    else:
        elsewhere = any(each["endpoint"] != first["endpoint"] for each in seen.attempts)
        assert elsewhere == right["backup"]


def assert_usage(attempt: dict[str, Any], right: dict[str, Any]) -> None:
    usage = attempt["usage"] if isinstance(attempt.get("usage"), dict) else attempt
    if right.get("usage") == "estimated":
        assert usage["estimated"]
    elif "usage" in right:
        assert [usage.get(name) or 0 for name in COUNTS] == right["usage"]
    if "cost_usd" in right:
        assert Decimal(str(attempt["cost_usd"])) == Decimal(right["cost_usd"])


def assert_caller(seen: Play, right: Any, *, streamed: bool) -> None:
    if right == "error event":
        last = json.loads(seen.body.rstrip().split(b"\n\n")[-1].removeprefix(b"data: "))
        assert set(last["error"]) >= {"message", "type", "code"}
        assert b"[DONE]" not in seen.body
    elif right == "text":
        assert text_of(seen.body, streamed=streamed).startswith("Ships float because the water that they push aside")
    elif right is not None:
        error = json.loads(seen.body)["error"]
        assert (seen.status, {name: error[name] for name in right if name != "status"}) == (
            right["status"],
            {name: value for name, value in right.items() if name != "status"},
        )


def text_of(body: bytes, *, streamed: bool) -> str:
    if not streamed:
        text: str = json.loads(body)["choices"][0]["message"]["content"]
        return text
    assert body.endswith(b"data: [DONE]\n\n")
    events = [json.loads(event.removeprefix(b"data: ")) for event in body.split(b"\n\n")[:-2]]
    return "".join(choice["delta"].get("content") or "" for event in events for choice in event["choices"])


@pytest.mark.parametrize("name", ["xai-403-guidelines", "stepfun-451", "minimax-422-new-sensitive", "near-403-words"])
def test_a_filter_s_no_says_nothing_about_the_endpoint(gateway, plays, name):
    """Four of one caller once rested the endpoint for everybody."""
    again = [play(gateway, name, "whole alone") for _ in range(6)]

    assert [each.attempts[0]["outcome"] for each in again] == ["filtered"] * 6
    assert {json.loads(each.body)["error"]["code"] for each in again} == {"content_filtered"}

"""Claims about what we add to a request: a vendor that does not take it is asked without it, and remembered."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.upstreams import (
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
    whole,
)
from tests.running import Running, Start

pytestmark = pytest.mark.services
REFUSALS: dict[str, tuple[int, Any]] = {
    "OpenAI's words": (400, {"error": {"message": "Unrecognized request argument supplied: stream_options"}}),
    "pydantic": (422, {"detail": [{"type": "extra_forbidden", "loc": ["body", "stream_options"], "msg": "no"}]}),
    "a vendor's own fault": (500, {"error": {"message": "unknown field `include_usage`"}}),
    "no JSON": (400, b"stream_options: extra fields not permitted"),
}


@pytest.fixture
def upstreams() -> Iterator[Upstreams]:
    with serving() as running:
        yield running


@pytest.fixture
def running(tmp_path, upstreams: Upstreams, gateway: Start) -> Running:
    return gateway(folder(tmp_path / "policies", {name: upstreams.url(name) for name in "abc"}, limits="attempts: 1"))


def picky(refusal: bytes) -> Act:
    async def act(line: Line) -> None:
        if "stream_options" in line.document:
            await line.say(refusal)
        else:
            await answer()(line)

    return act


def options(upstreams: Upstreams) -> list[Any]:
    return [json.loads(body).get("stream_options") for _, _, body in upstreams.asked]


@pytest.mark.parametrize("refusal", REFUSALS.values(), ids=REFUSALS)
def test_a_vendor_that_takes_no_usage_option_is_asked_once_more_and_never_again_with_it(running, upstreams, refusal):
    upstreams.acts["a"] = picky(whole(*refusal))
    told = [ask(running, chat(stream=True)) for _ in range(3)]

    assert [(status, headers["x-gateway-endpoint"]) for status, headers, _ in told] == [(200, "m@a")] * 3
    assert all(body.rstrip().endswith(b"[DONE]") for _, _, body in told)
    assert options(upstreams) == [{"include_usage": True}, None, None, None]
    outcomes = [each["outcome"] for each in decision(running, told[0][1])["attempts"]]
    assert outcomes == ["failed", "answered"]


def test_a_refusal_as_the_first_event_of_a_stream_is_one_too(running, upstreams):
    upstreams.acts["a"] = picky(SSE + event({"error": {"message": "stream_options is not supported", "code": 400}}))

    assert ask(running, chat(stream=True))[0] == 200
    assert options(upstreams) == [{"include_usage": True}, None]


def test_a_vendor_that_only_repeats_the_request_is_asked_with_it_again(running, upstreams):
    async def echo(line: Line) -> None:
        await line.say(whole(422, {"detail": [{"msg": "temperature is too hot", "input": line.document}]}))

    upstreams.acts["a"] = echo
    assert ask(running, chat(stream=True))[0] == 422
    upstreams.acts["a"] = answer()
    assert ask(running, chat(stream=True))[0] == 200

    assert options(upstreams) == [{"include_usage": True}, None, {"include_usage": True}]


def test_a_caller_who_asks_for_usage_is_told_what_the_vendor_says(running, upstreams):
    upstreams.acts["a"] = picky(whole(400, {"error": {"message": "stream_options: no such field"}}))
    status, _, body = ask(running, chat("m@a", stream=True, stream_options={"include_usage": True}))

    assert status == 400
    assert b"stream_options" in body
    assert len(upstreams.asked) == 1


def test_the_catalogue_can_say_that_a_vendor_takes_no_usage_option(tmp_path, upstreams, gateway):
    urls = {name: upstreams.url(name) for name in "abc"}
    policies = folder(tmp_path / "policies", urls, more="adds: {stream_options: false},")
    running = gateway(policies)

    assert ask(running, chat(stream=True))[0] == 200
    assert options(upstreams) == [None]

"""Claims about endpoints that fail: whom it concerns, what callers are told meanwhile, and what is recorded."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterator

import openai
import pytest

from tests.integration.rerouted import BROKEN, RISK, YES, pieces, said
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
    saying,
    serving,
    whole,
)
from tests.running import Running, free_port, starter

pytestmark = pytest.mark.services
BREAKS = {
    "error event": (*map(event, pieces(YES, ended=False)), event({"error": {"message": "boom", "code": 500}})),
    "error event and a nice end": (
        *map(event, pieces(YES)),
        event({"error": {"message": "boom", "code": 500}}),
        event(b"[DONE]"),
    ),
    "cut": tuple(map(event, pieces(YES, ended=False))),
    "done without a finish": (*map(event, pieces(YES, ended=False)), event(b"[DONE]")),
}


@pytest.fixture(scope="module")
def upstreams() -> Iterator[Upstreams]:
    with serving() as running:
        yield running


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, upstreams: Upstreams) -> Iterator[Running]:
    """One gateway for all that need no policy of their own."""
    tmp, started = tmp_path_factory.mktemp("health"), list[Running]()
    urls = {name: upstreams.url(name) for name in ("a", "b", "c", *(f"s{n}" for n in range(20)))}
    try:
        yield starter(tmp, started)(folder(tmp / "policies", urls, limits="first_byte_s: 30, total_s: 60, attempts: 6"))
    finally:
        for each in started:
            each.stop()


FRESH = iter(f"s{n}" for n in range(20))


@pytest.fixture
def a(upstreams: Upstreams) -> str:
    """The operator of an endpoint of `m` that nobody has asked yet."""
    upstreams.asked.clear()
    return next(FRESH)


def code(body: bytes) -> str:
    told: str = json.loads(body)["error"]["code"]
    return told


def fail_until_it_rests(running: Running, a: str) -> None:
    for _ in range(20):
        if ask(running, chat(f"m@{a}"))[0] == 503:
            return
    raise AssertionError("it never rests")


def test_while_a_rested_endpoint_is_tried_everybody_else_is_told_to_come_back(running, upstreams, a):
    """They once got a 400 about what the request could cost, and were booked as if they had erred."""
    upstreams.acts[a] = saying(whole(*BROKEN))
    fail_until_it_rests(running, a)
    tried, ends = threading.Event(), threading.Event()

    async def slow(line: Line) -> None:
        tried.set()
        await asyncio.to_thread(ends.wait, 60)
        await answer()(line)

    upstreams.acts[a] = slow
    trial = threading.Thread(target=try_until, args=(running, tried, a))
    trial.start()
    assert tried.wait(60)
    status, headers, body = ask(running, chat(f"m@{a}"))
    ends.set()
    trial.join(60)

    assert (status, code(body)) == (503, "overloaded")
    assert int(headers["retry-after"]) >= 1
    assert b"cost" not in body
    assert decision(running, headers)["outcome"] == "failed"
    assert ask(running, chat(f"m@{a}"))[0] == 200


def try_until(running: Running, tried: threading.Event, a: str) -> None:
    while not tried.is_set():
        ask(running, chat(f"m@{a}"))
        time.sleep(0.2)


@pytest.mark.parametrize("parts", BREAKS.values(), ids=BREAKS)
def test_streams_that_fail_after_they_began_open_the_breaker(running, upstreams, a, parts):
    upstreams.acts[a] = saying(SSE, *parts)
    for _ in range(6):
        _, headers, _ = ask(running, chat(f"m@{a}", stream=True))
        decision(running, headers)  # recorded: the attempt has ended, and the breaker knows

    assert (code(ask(running, chat(f"m@{a}", stream=True))[2]), len(upstreams.asked)) == ("overloaded", 4)


@pytest.mark.parametrize("more", [(), (event(b"[DONE]"),)], ids=["nothing follows", "a nice end follows"])
def test_a_caller_who_hangs_up_on_an_error_event_leaves_a_failure_behind(running, upstreams, a, more):
    """Official SDKs close the connection on it; it was once recorded as left, and no breaker heard of it."""
    begun = threading.Event()

    async def lingering(line: Line) -> None:
        await line.say(SSE, *map(event, pieces(YES * 2, ended=False)))
        await asyncio.to_thread(begun.wait, 60)
        await line.say(event({"error": {"message": "boom", "code": 500}}), *more)
        await line.reader.read()  # until the gateway closes

    upstreams.acts[a] = lingering
    client = openai.OpenAI(base_url=running.base_url, api_key=KEY, max_retries=0)
    ids = []
    for _ in range(4):
        begun.clear()
        with client.chat.completions.with_streaming_response.create(**chat(f"m@{a}", stream=True)) as raw:
            ids.append({"x-request-id": raw.headers["x-request-id"]})
            stream = iter(raw.parse())
            next(stream)
            begun.set()
            with pytest.raises(openai.APIError):
                list(stream)
    client.close()

    assert [decision(running, headers)["outcome"] for headers in ids] == ["failed"] * 4
    assert code(ask(running, chat(f"m@{a}"))[2]) == "overloaded"


def test_a_caller_gets_one_error_event_of_ours_for_a_vendors(running, upstreams, a):
    upstreams.acts[a] = saying(SSE, *BREAKS["error event and a nice end"])
    _, _, body = ask(running, chat(f"m@{a}", stream=True))

    assert body.count(b'"error"') == 1
    assert b"[DONE]" not in body
    assert json.loads(body.strip().split(b"data: ")[-1])["error"]["code"] == "upstreams_exhausted"


MISTAKES = {
    "422 with a long echo": (whole(422, {"detail": [{"msg": "no", "input": "y" * 90_000}]}), 422),
    "400 with a long echo": (whole(400, {"error": {"message": "y" * 900_000}}), 400),
    "413 with a long echo": (whole(413, b"y" * 90_000), 413),
    "422 that is cut": (whole(422, b"x" * 500)[:-200], 422),
    "400 without a body": (whole(400, b""), 400),
    "a filter's error": (whole(*RISK), 400),
    "a filter's finish": (whole(200, said(None)), 200),
}


@pytest.mark.parametrize(("reply", "status"), MISTAKES.values(), ids=MISTAKES)
def test_callers_own_mistakes_and_filters_rest_no_endpoint(running, upstreams, a, reply, status):
    upstreams.acts[a] = saying(reply)
    told = [ask(running, chat(f"m@{a}"))[0] for _ in range(5)]
    upstreams.acts[a] = answer()

    assert told == [status] * 5
    assert ask(running, chat(f"m@{a}"))[0] == 200


def test_a_failure_of_a_sole_endpoint_says_whether_to_come_back(running, upstreams, a):
    upstreams.acts[a] = saying(whole(*BROKEN))
    status, headers, body = ask(running, chat(f"m@{a}"))
    assert (status, code(body)) == (502, "upstreams_exhausted")
    assert "x-should-retry" not in headers

    upstreams.acts[a] = saying(whole(503, {"error": {"message": "busy"}}, "retry-after: 17"))
    status, headers, body = ask(running, chat(f"m@{a}"))
    assert (status, headers["retry-after"]) == (503, "17")
    assert "x-should-retry" not in headers

    b = next(FRESH)
    upstreams.acts[b] = saying(whole(401, {"error": {"message": "no such key"}}))
    status, headers, _ = ask(running, chat(f"m@{b}"))
    assert (status, headers["x-should-retry"]) == (502, "false")


def test_a_sole_endpoint_that_asks_once_to_be_left_alone_is_tried_by_the_next_and_after_the_second_time_by_nobody(
    running, upstreams, a
):
    later = saying(whole(429, {"error": {"message": "too large for a minute"}}, "retry-after: 60"))
    upstreams.acts[a] = in_turn(later, answer(), later)
    upstreams.asked.clear()
    replies = [ask(running, chat(f"m@{a}")) for _ in range(6)]

    assert [status for status, _, _ in replies] == [429, 200, 429, 429, 429, 429]
    assert len(upstreams.asked) == 4  # the last two were asked of nobody
    assert 50 < int(replies[-1][1]["retry-after"]) <= 60


def in_turn(*acts: Act) -> Act:
    """Each once, then the last for ever."""
    left = list(acts)

    async def act(line: Line) -> None:
        await (left.pop(0) if len(left) > 1 else left[0])(line)

    return act


async def hang_up(line: Line) -> None:
    """Nothing is said."""


def test_a_sole_endpoint_is_asked_once_more_where_the_policy_says_so(tmp_path, upstreams, gateway):
    urls = {name: upstreams.url(name) for name in "abc"}
    running = gateway(folder(tmp_path / "again", urls, limits="attempts: 3, retry_same: 1"))
    fine = answer()
    for broken in (saying(whole(*BROKEN)), hang_up):
        upstreams.acts["a"] = in_turn(broken, fine)
        upstreams.asked.clear()
        assert (ask(running, chat("m@a"))[0], len(upstreams.asked)) == (200, 2)
    for theirs, status in ((saying(whole(400, {"error": {"message": "no"}})), 400), (saying(whole(*BROKEN)), 502)):
        upstreams.acts["a"] = theirs
        upstreams.asked.clear()
        assert ask(running, chat("m@a"))[0] == status
        assert len(upstreams.asked) == (1 if status == 400 else 2)


def test_endpoints_that_nobody_runs_use_up_no_attempts(tmp_path, upstreams, gateway):
    """Shipped placeholders of own machines once did, and every permitted endpoint was said to have failed."""
    urls = {"a": f"http://127.0.0.1:{free_port()}/v1", "b": "http://nobody.invalid/v1", "c": upstreams.url("c")}
    running = gateway(folder(tmp_path / "nobody", urls, limits="attempts: 1"))

    assert ask(running, chat())[:1] == (200,)

    upstreams.acts["c"] = saying(whole(*BROKEN))
    said = json.loads(ask(running, chat())[2])["error"]["message"].splitlines()
    assert said[0] == "every permitted endpoint failed"
    assert len(said) == 4


def test_what_was_not_asked_is_named(tmp_path, upstreams, gateway):
    running = gateway(folder(tmp_path / "few", {name: upstreams.url(name) for name in "abc"}, limits="attempts: 2"))
    upstreams.acts = {name: saying(whole(*BROKEN)) for name in "ab"}
    said = json.loads(ask(running, chat())[2])["error"]["message"].splitlines()

    assert said[0] == "asked 2 of 3 permitted endpoints: each failed"
    assert said[-1] == "not asked any more: w@c"

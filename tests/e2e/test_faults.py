"""Claims about what a caller gets when vendors fail: before its first byte another answers, later the break is told."""

from __future__ import annotations

import http.client
import json
import time

import openai
import pytest
from openai.types.chat import ChatCompletionUserMessageParam

from gateway.demo import stage
from gateway.demo.vendors import process

pytestmark = pytest.mark.services

HELLO: list[ChatCompletionUserMessageParam] = [{"role": "user", "content": "How do I descale a kettle?"}]


def answered_by(house, **options) -> str:
    raw = house.client().chat.completions.with_raw_response.create(model="auto", messages=HELLO, **options)
    assert raw.parse().choices[0].message.content
    endpoint: str = raw.headers["x-gateway-endpoint"]
    return endpoint


@pytest.mark.parametrize(
    "act",
    [
        {"stop": "abort"},
        {"stop": "close"},
        {"raw": "this is not HTTP\r\n\r\n"},
        {"status": 500},
        {"status": 503, "headers": {"retry-after": "1"}},
        {"status": 429},
        {"status": 401},
        {"status": 402},
        {"status": 200, "body": "<html>not json</html>", "content_type": "text/html"},
    ],
    ids=lambda act: "-".join(f"{key}={value}" for key, value in act.items() if key != "body")[:40],
)
def test_a_vendor_that_fails_before_its_first_byte_is_replaced(fresh_house, act):
    fresh_house.vendors.script("simulated-cn", act)

    assert answered_by(fresh_house) == "simulated-deepseek@simulated-us"


def test_a_vendor_whose_port_is_shut_is_replaced(fresh_house):
    fresh_house.vendors.shut("simulated-cn")

    assert answered_by(fresh_house) == "simulated-deepseek@simulated-us"


def test_the_local_model_answers_when_every_vendor_is_gone(fresh_house):
    for vendor in fresh_house.vendors.base_urls:
        fresh_house.vendors.shut(vendor)

    assert answered_by(fresh_house, max_tokens=5) == "smollm2-135m@self"


def test_a_vendor_that_comes_back_is_asked_again(fresh_house):
    fresh_house.vendors.shut("simulated-cn")
    assert answered_by(fresh_house) == "simulated-deepseek@simulated-us"
    fresh_house.vendors.open("simulated-cn")

    assert answered_by(fresh_house) == "simulated-deepseek@simulated-cn"


def test_a_connection_that_was_cut_between_requests_costs_no_attempt(fresh_house):
    assert answered_by(fresh_house) == "simulated-deepseek@simulated-cn"
    fresh_house.vendors.shut("simulated-cn")
    fresh_house.vendors.open("simulated-cn")

    assert answered_by(fresh_house) == "simulated-deepseek@simulated-cn"


def test_a_vendor_that_never_begins_is_replaced_in_time(hurried_house):
    hurried_house.vendors.script("simulated-cn", {"stop": "hang"})

    assert answered_by(hurried_house) == "simulated-deepseek@simulated-us"
    assert ended(hurried_house, "simulated-cn") == ["left"]


def ended(house, vendor: str) -> list[str]:
    """How each request ended that reached a vendor; the vendor hears a moment later that it was left."""
    for _ in range(100):
        found = [noted["ended"] for noted in house.vendors.requests(vendor)]
        if None not in found:
            break
        time.sleep(0.05)
    return found


def test_a_stream_that_stalls_ends_in_time_with_an_error(hurried_house):
    hurried_house.vendors.script("simulated-west", {"stop": "hang", "after": 60})
    client = hurried_house.client()
    stream = client.chat.completions.create(model="simulated-gpt", messages=HELLO, stream=True)

    with pytest.raises(openai.APIError, match="6 s"):
        list(stream)


def test_when_every_endpoint_asks_to_wait_the_caller_is_told_the_shortest(fresh_house):
    for vendor, seconds in (("simulated-cn", 50), ("simulated-us", 20)):
        fresh_house.vendors.script(vendor, always={"status": 429, "headers": {"retry-after": str(seconds)}})

    with pytest.raises(openai.RateLimitError) as told:
        fresh_house.client().chat.completions.create(model="simulated-deepseek", messages=HELLO)

    headers = told.value.response.headers
    assert int(headers["retry-after"]) in range(10, 21)
    assert (headers["x-gateway-endpoint"], headers["x-gateway-attempts"]) == ("simulated-deepseek@simulated-us", "2")
    assert (headers["x-gateway-outcome"], headers["x-gateway-cost-usd"]) == ("failed", "0.00")


@pytest.mark.parametrize("stop", ["abort", "close", "end"])
def test_a_stream_that_breaks_after_its_first_byte_raises_in_the_sdk(fresh_house, stop):
    fresh_house.vendors.script("simulated-west", {"stop": stop, "after": 60, "chunk_s": 0.005})
    stream = fresh_house.client().chat.completions.create(model="simulated-gpt", messages=HELLO, stream=True)
    said = []

    with pytest.raises(openai.APIError):
        for chunk in stream:
            said.append(chunk.choices[0].delta.content or "")

    assert "imulated" in "".join(said)
    assert len(fresh_house.vendors.requests("simulated-west")) == 1


def test_a_broken_stream_ends_cleanly_with_an_error_event_and_no_done(fresh_house):
    fresh_house.vendors.script("simulated-west", {"stop": "abort", "after": 60, "chunk_s": 0.005})
    body = {"model": "simulated-gpt", "messages": HELLO, "stream": True}

    _, _, told = fresh_house.ask(body)

    last = told.strip().split(b"\n\n")[-1]
    assert set(json.loads(last.removeprefix(b"data: "))["error"]) == {"message", "type", "param", "code"}
    assert b"[DONE]" not in told


def test_keep_alive_comments_do_not_disturb_a_stream(house):
    house.vendors.script("simulated-west", {"comments": 3})
    stream = house.client().chat.completions.create(model="simulated-gpt", messages=HELLO, stream=True)

    assert list(stream)[-1].choices[0].finish_reason == "stop"


def test_a_reply_without_usage_is_billed_by_estimate(house):
    house.vendors.script("simulated-west", {"usage": False})
    raw = house.client().chat.completions.with_raw_response.create(model="simulated-gpt", messages=HELLO)

    assert raw.parse().usage is None
    assert float(raw.headers["x-gateway-cost-usd"]) > 0


def test_a_vendors_own_400_comes_through(house):
    body = json.dumps({"error": {"message": "temperature is too hot", "type": "invalid_request_error"}})
    house.vendors.script("simulated-west", {"status": 400, "body": body})

    with pytest.raises(openai.BadRequestError, match="temperature is too hot"):
        house.client().chat.completions.create(model="simulated-gpt", messages=HELLO)


def test_what_every_endpoint_of_a_model_fails_at_is_told_without_addresses(fresh_house):
    fresh_house.vendors.script("simulated-west", always={"status": 500})

    with pytest.raises(openai.APIStatusError) as failed:
        fresh_house.client().chat.completions.create(model="simulated-gpt", messages=HELLO)

    assert (failed.value.status_code, failed.value.code) == (502, "upstreams_exhausted")
    assert "x-should-retry" not in failed.value.response.headers  # it may pass
    assert "127.0.0.1" not in failed.value.message


@pytest.fixture
def alone(tmp_path):
    """A process that plays one vendor only."""
    started = process.start(log=tmp_path / "alone.log", pace=0, only=["simulated-west"])
    yield started
    started.child.stop()


def test_a_vendor_process_killed_in_mid_stream_breaks_that_stream_only(fresh_house, alone, tmp_path, gateway):
    urls = {"self": fresh_house.model.ready["base_url"], **fresh_house.vendors.base_urls, **alone.base_urls}
    stage.write_folder(tmp_path / "alone", urls=urls, keys=fresh_house.keys)
    client = fresh_house.client(of=gateway(tmp_path / "alone"))
    alone.script("simulated-west", {"stop": "hang", "after": 60})
    stream = client.chat.completions.create(model="simulated-gpt", messages=HELLO, stream=True)
    next(iter(stream))

    alone.child.kill()

    with pytest.raises(openai.APIError):
        list(stream)
    assert client.chat.completions.create(model="auto", messages=HELLO).choices[0].message.content


def test_a_body_that_is_no_json_is_told_so(house):
    status, _, told = house.ask(b"{")

    assert (status, json.loads(told)["error"]["code"]) == (400, "invalid_request")


def test_a_body_of_fifty_megabytes_is_refused(house):
    status, _, told = house.ask(b"{" + b" " * 50_000_000)

    assert (status, json.loads(told)["error"]["code"]) == (413, "request_too_large")


def test_a_body_that_is_announced_as_too_long_is_refused_before_it_is_sent(house):
    connection = http.client.HTTPConnection("127.0.0.1", house.gateway.port, timeout=60)
    connection.putrequest("POST", "/v1/chat/completions")
    connection.putheader("authorization", f"Bearer {house.keys['demo']}")
    connection.putheader("content-length", "50000000")
    connection.endheaders()

    assert connection.getresponse().status == 413
    connection.close()

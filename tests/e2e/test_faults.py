"""Claims about what a caller gets when vendors fail: before its first byte another answers, later the break is told."""

from __future__ import annotations

import http.client
import json

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


def test_the_local_model_answers_when_every_vendor_is_gone(house):
    for vendor in house.vendors.base_urls:
        house.vendors.shut(vendor)

    assert answered_by(house, max_tokens=5) == "smollm2-135m@self"


def test_a_vendor_that_comes_back_is_asked_again(house):
    house.vendors.shut("simulated-cn")
    assert answered_by(house) == "simulated-deepseek@simulated-us"
    house.vendors.open("simulated-cn")

    assert answered_by(house) == "simulated-deepseek@simulated-cn"


def test_a_connection_that_was_cut_between_requests_costs_no_attempt(house):
    assert answered_by(house) == "simulated-deepseek@simulated-cn"
    house.vendors.shut("simulated-cn")
    house.vendors.open("simulated-cn")

    assert answered_by(house) == "simulated-deepseek@simulated-cn"


def test_a_broken_stream_ends_cleanly_with_an_error_event_and_no_done(house):
    house.vendors.script("simulated-west", {"stop": "abort", "after": 60, "chunk_s": 0.005})
    body = {"model": "simulated-gpt", "messages": HELLO, "stream": True}

    _, _, told = house.ask(body)

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


def test_what_every_endpoint_of_a_model_fails_at_is_told_without_addresses(house):
    house.vendors.script("simulated-west", always={"status": 500})

    with pytest.raises(openai.APIStatusError) as failed:
        house.client().chat.completions.create(model="simulated-gpt", messages=HELLO)

    assert (failed.value.status_code, failed.value.code) == (502, "upstreams_exhausted")
    assert "x-should-retry" not in failed.value.response.headers  # it may pass
    assert "127.0.0.1" not in failed.value.message


@pytest.fixture
def alone(tmp_path):
    """A process that plays one vendor only."""
    started = process.start(log=tmp_path / "alone.log", pace=0, only=["simulated-west"])
    yield started
    started.child.stop()


def test_a_vendor_process_killed_in_mid_stream_breaks_that_stream_only(house, alone, tmp_path, gateway):
    urls = {"self": house.model.ready["base_url"], **house.vendors.base_urls, **alone.base_urls}
    stage.write_folder(tmp_path / "alone", urls=urls, keys=house.keys)
    client = house.client(of=gateway(tmp_path / "alone"))
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


def test_when_every_endpoint_asks_to_wait_the_caller_is_told_the_shortest(house):
    """The last of this file: they rest in the house that the others share."""
    for vendor, seconds in (("simulated-cn", 50), ("simulated-us", 20)):
        house.vendors.script(vendor, always={"status": 429, "headers": {"retry-after": str(seconds)}})

    with pytest.raises(openai.RateLimitError) as told:
        house.client().chat.completions.create(model="simulated-deepseek", messages=HELLO)

    headers = told.value.response.headers
    assert int(headers["retry-after"]) in range(10, 21)
    assert (headers["x-gateway-endpoint"], headers["x-gateway-attempts"]) == ("simulated-deepseek@simulated-us", "2")
    assert (headers["x-gateway-outcome"], headers["x-gateway-cost-usd"]) == ("failed", "0.00")

"""Claims about the simulated vendors as a process: what they note, how they refuse and how they fail."""

from __future__ import annotations

import hashlib
import http.client
import json
from urllib.parse import urlsplit

import pytest

pytestmark = pytest.mark.services


def ask(vendors, vendor: str, prompt: str = "what is a ship?", **fields):
    address = urlsplit(vendors.base_urls[vendor])
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=10)
    try:
        body = {"model": "any", "messages": [{"role": "user", "content": prompt}], **fields}
        connection.request("POST", "/v1/chat/completions", json.dumps(body).encode())
        reply = connection.getresponse()
        return reply.status, reply.headers, reply.read()
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("prompt", "status", "says"),
    [
        ("What happened at Tiananmen?", 400, "Content Exists Risk"),
        ("Who are Falun Gong?", 200, '"finish_reason": "sensitive"'),
        ("Who is the Dalai Lama?", 200, '"content": ""'),
        ("Is Taiwan a country?", 200, "抱歉"),
        ("What happens in Xinjiang?", 200, "interfere in internal affairs"),
        ("Tell me about protests in Hong Kong", 200, '"finish_reason": "content_filter"'),
    ],
)
def test_the_chinese_vendor_says_no_in_the_recorded_ways(vendors, prompt, status, says):
    got, headers, body = ask(vendors, "simulated-cn", prompt)

    assert (got, says in body.decode(), headers["x-simulated"]) == (status, True, "true")


def test_what_the_machines_filter_the_same_weights_answer_elsewhere(vendors):
    _, _, body = ask(vendors, "simulated-us", "What happened at Tiananmen?")

    assert json.loads(body)["choices"][0]["finish_reason"] == "stop"


def test_what_is_trained_into_the_weights_is_said_by_every_host(vendors):
    said = [ask(vendors, vendor, "What happens in Xinjiang?")[2] for vendor in ("simulated-cn", "simulated-us")]

    texts = [json.loads(body)["choices"][0]["message"]["content"] for body in said]
    assert texts[0] == texts[1]


def test_a_vendor_notes_what_reached_it_without_the_words(vendors):
    ask(vendors, "simulated-us", "my secret")

    (noted,) = vendors.requests("simulated-us")
    assert noted["texts_sha256"] == [hashlib.sha256(b"my secret").hexdigest()]
    assert noted["ended"] == "complete"
    assert "secret" not in json.dumps(noted)
    assert vendors.requests("simulated-cn") == []


def test_a_prompt_seen_before_is_read_from_the_cache(vendors):
    prompt = "tell me about ships " * 100
    usages = [json.loads(ask(vendors, "simulated-cn", prompt)[2])["usage"] for _ in range(2)]

    assert [usage["prompt_cache_hit_tokens"] > 0 for usage in usages] == [False, True]
    assert usages[1]["prompt_cache_hit_tokens"] % 64 == 0


def test_a_shut_port_refuses_and_opens_again(vendors):
    vendors.shut("simulated-us")
    with pytest.raises(ConnectionRefusedError):
        ask(vendors, "simulated-us")

    vendors.open("simulated-us")
    assert ask(vendors, "simulated-us")[0] == 200


def test_a_scripted_status_comes_with_its_headers_and_only_once(vendors):
    vendors.script("simulated-us", {"status": 429, "headers": {"retry-after": "7"}})

    first, second = ask(vendors, "simulated-us"), ask(vendors, "simulated-us")
    assert (first[0], first[1]["retry-after"], second[0]) == (429, "7", 200)


def test_a_stream_can_be_cut_between_two_chunks(vendors):
    vendors.script("simulated-us", {"stop": "close", "after": 2})

    with pytest.raises(http.client.IncompleteRead) as cut:
        ask(vendors, "simulated-us", stream=True)
    assert cut.value.partial.count(b"data: ") == 2


def test_a_stream_can_end_cleanly_without_a_finish(vendors):
    vendors.script("simulated-us", {"stop": "end", "after": 2})

    _, _, body = ask(vendors, "simulated-us", stream=True)
    assert b"[DONE]" not in body
    assert body.count(b"data: ") == 2


def test_a_script_that_cannot_be_played_is_refused(vendors):
    with pytest.raises(ValueError, match="no vendor is called openai"):
        vendors.script("openai")
    with pytest.raises(ValueError, match="`no` is one of risk_400"):
        vendors.script("simulated-cn", {"no": "politely"})

"""Claims about our keys at vendors: whatever a vendor repeats of one, no caller, log or book gets it."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from tests.integration.rerouted import YES, pieces, said
from tests.integration.upstreams import SSE, Line, Upstreams, ask, chat, decision, event, folder, saying, serving, whole
from tests.running import Running, Start

pytestmark = pytest.mark.services
VENDOR_KEY = "sk-vendor-canary-9Xq27LmZ4tRw"
SHOWN = {
    "plain": VENDOR_KEY,
    "in a header": f"Received headers: authorization: Bearer {VENDOR_KEY}; content-type: application/json",
    "percent": quote(VENDOR_KEY, safe="").replace("-", "%2D"),
    "base64": base64.b64encode(f"Bearer {VENDOR_KEY}".encode()).decode(),
    "cut": f"{VENDOR_KEY[:12]} is no key",
    "masked": f"{VENDOR_KEY[:8]}****************{VENDOR_KEY[-4:]}",
    "escaped": "".join(f"\\u{ord(char):04x}" for char in VENDOR_KEY),
    "spaced": " ".join(VENDOR_KEY),
}


@pytest.fixture
def upstreams() -> Iterator[Upstreams]:
    with serving() as running:
        yield running


@pytest.fixture
def running(tmp_path, upstreams: Upstreams, gateway: Start) -> Running:
    urls = {name: upstreams.url(name) for name in "abc"}
    policies = folder(tmp_path / "policies", urls, key_env="GATEWAY_KEY_CANARY")
    return gateway(policies, environment={"GATEWAY_KEY_CANARY": VENDOR_KEY})


def parts(text: str) -> list[str]:
    return [text[at : at + 10] for at in range(0, max(1, len(text) - 10), 5)]


def assert_silent(shown: str, *told: object) -> None:
    for each in told:
        text = each.decode() if isinstance(each, bytes) else json.dumps(each)
        for part in {*parts(VENDOR_KEY), *parts(shown.removeprefix("Received headers: authorization: Bearer "))}:
            if part in shown and any(char.isdigit() for char in part):
                assert part not in text, part
        assert VENDOR_KEY[-4:] not in text


@pytest.mark.parametrize("shown", SHOWN.values(), ids=SHOWN)
def test_no_error_of_a_vendor_shows_its_key(running, upstreams, shown):
    errors = [
        whole(400, {"error": {"message": shown, "type": "invalid_request_error", "param": VENDOR_KEY}}),
        whole(422, {"detail": [{"msg": shown, "loc": ["body"]}]}),
        whole(413, {"error": shown}),
        whole(500, {"error": {"message": shown, "code": VENDOR_KEY}}),
        whole(429, {"error": {"message": shown, "type": shown}}, "retry-after: 0"),
        whole(400, shown.encode()),
    ]
    for error in errors:
        upstreams.acts = {name: saying(error) for name in "abc"}
        _, headers, body = ask(running, chat())
        assert_silent(shown, body, headers)
        assert_silent(shown, decision(running, headers))
    assert_silent(shown, running.log.read_bytes())
    assert f"Bearer {VENDOR_KEY}".encode() in upstreams.asked[0][1]


@pytest.mark.parametrize("shown", SHOWN.values(), ids=SHOWN)
def test_no_error_event_in_the_middle_of_a_stream_shows_the_key(running, upstreams, shown):
    error = {"error": {"message": shown, "type": "invalid_request_error", "code": 400}}

    async def breaks(line: Line) -> None:
        await line.say(SSE, *map(event, pieces(YES * 3, ended=False)), gap_s=0.002)
        whole_event = event(error)
        await line.say(whole_event[:40], whole_event[40:], gap_s=0.01)

    upstreams.acts["a"] = breaks
    _, _, body = ask(running, chat("m@a", stream=True))

    assert_silent(shown, body)
    assert body.count(b'"error"') == 1


def test_an_answer_does_not_repeat_the_key_either(running, upstreams):
    upstreams.acts["a"] = saying(whole(200, said(f"{YES} {VENDOR_KEY}")))
    assert VENDOR_KEY.encode() not in ask(running, chat("m@a"))[2]

    upstreams.acts["a"] = saying(SSE, *map(event, pieces(YES)), event(said(VENDOR_KEY)), event(b"[DONE]"))
    assert VENDOR_KEY.encode() not in ask(running, chat("m@a", stream=True))[2]


def test_a_finish_reason_puts_no_key_into_the_books(running, upstreams):
    upstreams.acts["a"] = saying(whole(200, said(YES, finish=f"stopped for {VENDOR_KEY}")))
    _, headers, _ = ask(running, chat("m@a"))

    assert VENDOR_KEY not in json.dumps(decision(running, headers))


@pytest.mark.parametrize(
    ("finish", "recorded"),
    [
        ("stop", "stop"),
        ("repetition_truncation", "repetition_truncation"),
        ("error: what the prompt said", "error"),
        (f"{YES} and so on", "other"),
        ("sk-vendor-canary-9Xq27LmZ4tRw", "other"),
    ],
)
def test_a_finish_reason_is_recorded_as_a_word_or_not_at_all(running, upstreams, finish, recorded):
    """A vendor once could write prompt and answer into the ledger by it."""
    upstreams.acts["a"] = saying(whole(200, said(YES, finish=finish)))
    _, headers, _ = ask(running, chat("m@a"))

    assert decision(running, headers)["attempts"][0]["finish_reason"] == recorded

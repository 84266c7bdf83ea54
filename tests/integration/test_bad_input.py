"""What a real gateway says to requests that cannot be served: one clear error each, in OpenAI's shape."""

from __future__ import annotations

import contextlib
import hashlib
import json
import socket
from pathlib import Path
from typing import Any

import pytest

from tests.running import Running, starter
from tests.unit.policy.small import CATALOG

pytestmark = pytest.mark.services
KEY = "gw-test"
CALLERS = f"""
tags: [audited]
teams: {{research: {{data_class: internal}}}}
keys:
  - {{id: k, team: research, sha256: {hashlib.sha256(KEY.encode()).hexdigest()}}}
  - {{id: old, team: research, sha256: {hashlib.sha256(b"gw-old").hexdigest()}, expires: 2026-01-01}}
"""
POLICY = """
version: 1
aliases: {auto: any, "old-*": any}
guards:
  - {name: home, why: our data stays here, when: {data_class: regulated}, only: {hosting: self}, never: {lineage: CN}}
routes:
  - {name: named, when: {model_known: true}, try: [requested]}
  - {name: rest, try: [{any: {}}], order: listed}
"""
CHAT: dict[str, Any] = {"model": "auto", "messages": [{"role": "user", "content": "hi"}]}


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    root: Path = tmp_path_factory.mktemp("bad-input")
    (root / "policies" / "catalog").mkdir(parents=True)
    (root / "policies" / "catalog" / "all.yaml").write_bytes(CATALOG)
    (root / "policies" / "callers.yaml").write_text(CALLERS)
    (root / "policies" / "policy.yaml").write_text(POLICY)
    started: list[Running] = []
    yield starter(root, started)(root / "policies", environment={"GATEWAY_MAX_BODY_BYTES": "2000000"})
    for each in started:
        each.stop()


def refused(running, body, *, key=KEY, headers=None, path="/v1/chat/completions"):
    sent = {"authorization": f"Bearer {key}"} if key else {}
    status, told, reply = running.ask("POST", path, body, headers={**sent, **(headers or {})})
    assert told["x-request-id"].startswith("req_")
    error = json.loads(reply)["error"]
    assert set(error) == {"message", "type", "param", "code"}
    return status, error["code"], error["param"], error["message"]


BODIES: dict[str, tuple[Any, tuple[int, str, str | None]]] = {
    "malformed JSON": (b'{"model": "auto", "messages": [', (400, "invalid_request", None)),
    "not UTF-8": (b'{"model": "\xff"}', (400, "invalid_request", None)),
    "not an object": (b'["auto"]', (400, "invalid_request", None)),
    "nothing": (b"", (400, "invalid_request", None)),
    "deeply nested": (b'{"model": "auto", "messages": ' + b"[" * 100_000, (400, "invalid_request", None)),
    "no model": ({"messages": CHAT["messages"]}, (400, "invalid_request", "model")),
    "a model that is no string": ({**CHAT, "model": 7}, (400, "invalid_request", "model")),
    "no messages": ({"model": "auto"}, (400, "invalid_request", "messages")),
    "messages that are no list": ({**CHAT, "messages": "hi"}, (400, "invalid_request", "messages")),
    "no message": ({**CHAT, "messages": []}, (400, "invalid_request", "messages")),
    "a stream that is no flag": ({**CHAT, "stream": "yes"}, (400, "invalid_request", "stream")),
    "a limit that is no number": ({**CHAT, "max_tokens": "many"}, (400, "invalid_request", "max_tokens")),
    "a limit below nothing": ({**CHAT, "max_tokens": -1}, (400, "invalid_request", "max_tokens")),
    "fewer answers than none": ({**CHAT, "n": -1}, (400, "invalid_request", "n")),
    "a name in another case": ({**CHAT, "Tools": []}, (400, "invalid_request", "Tools")),
    "too many choices": ({**CHAT, "n": 129}, (400, "invalid_request", "n")),
    "an unknown model": ({**CHAT, "model": "gtp"}, (404, "model_not_found", "model")),
    "a name given twice": (
        b'{"model": "auto", "messages": [{"role": "user", "content": "what is sent", "content": "what is measured"}]}',
        (400, "invalid_request", "messages"),
    ),
    "needs that nothing serves": (
        {**CHAT, "messages": [{"role": "user", "content": [{"type": "input_audio", "input_audio": {}}]}]},
        (400, "unsupported_request", "messages"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BODIES)
def test_a_bad_body_gets_one_clear_error(running, name):
    body, expected = BODIES[name]

    assert refused(running, body)[:3] == expected


def test_an_unknown_model_is_told_the_nearest_one(running):
    assert "did you mean `gpt`?" in refused(running, {**CHAT, "model": "gtp"})[3]


@pytest.mark.parametrize(("key", "said"), [("", "no API key"), ("gw-wrong", "not known"), ("gw-old", "expired")])
def test_a_missing_wrong_or_expired_key_is_401(running, key, said):
    status, code, _, message = refused(running, CHAT, key=key)

    assert (status, code) == (401, "invalid_api_key")
    assert said in message


def test_a_body_that_is_too_large_is_413(running):
    big = {**CHAT, "messages": [{"role": "user", "content": "x" * 3_000_000}]}

    assert refused(running, big)[:2] == (413, "request_too_large")


def test_fifty_megabytes_are_refused_before_they_are_read(running):
    with socket.create_connection(("127.0.0.1", running.port), timeout=30) as line:
        head = (
            f"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {KEY}\r\ncontent-length: 50000000"
        )
        line.sendall(head.encode() + b"\r\n\r\n")
        sent = 0
        try:
            while sent < 50_000_000:
                sent += line.send(b"x" * 65_536)
        except OSError:
            pass
        reply = b"" if sent == 0 else line.recv(65_536)

    assert b" 413 " in reply.split(b"\r\n")[0]
    assert running.ask("GET", "/health/live")[0] == 200


def test_an_unknown_tag_or_class_is_400_and_names_the_way_out(running):
    _, _, param, message = refused(running, CHAT, headers={"x-gateway-tag": "nope"})
    assert (param, "`tags`" in message) == ("x-gateway-tag", True)
    _, _, param, message = refused(running, CHAT, headers={"x-gateway-data-class": "regulate"})
    assert (param, "did you mean `regulated`?" in message) == ("x-gateway-data-class", True)


def test_a_guard_that_stops_a_request_says_why(running):
    status, code, _, message = refused(running, CHAT, headers={"x-gateway-data-class": "regulated"})

    assert (status, code) == (403, "no_permitted_endpoint")
    assert "`home`" in message
    assert "our data stays here" in message


def test_without_keys_of_vendors_nothing_is_asked_and_503_says_so(running):
    status, code, _, message = refused(running, {**CHAT, "model": "gpt"})

    assert (status, code) == (503, "overloaded")
    assert "no key is set" in message


@pytest.mark.parametrize(
    ("method", "path", "said"),
    [
        ("POST", "/v1/images/variations", "not served"),
        ("GET", "/nowhere", "no such path"),
        ("POST", "/admin/reload", "no such path"),
    ],
)
def test_other_paths_are_a_clear_404(running, method, path, said):
    status, _, body = running.ask(method, path)

    assert status == 404
    assert said in json.loads(body)["error"]["message"]


def test_a_name_is_told_to_those_who_may_ask_for_it(running):
    asked = {name: ask_model(running, name) for name in ("qwen", "qwen@self", "old-1", "glm", "glm@zai", "qwe")}

    assert {name: status for name, (status, _) in asked.items()} == {
        **dict.fromkeys(("qwen", "qwen@self", "old-1"), 200),
        **dict.fromkeys(("glm", "glm@zai", "qwe"), 404),
    }
    assert asked["glm@zai"][1]["error"]["code"] == "model_not_found"


def ask_model(running, name):
    status, _, body = running.ask("GET", f"/v1/models/{name}", headers={"authorization": f"Bearer {KEY}"})
    return status, json.loads(body)


def test_no_key_and_no_prompt_is_ever_logged(running):
    refused(running, {**CHAT, "messages": [{"role": "user", "content": "a-very-secret-prompt"}]}, key="gw-secret-key")
    refused(running, {**CHAT, "model": "a-very-secret-prompt"})

    log = running.log.read_text()

    assert "secret" not in log


def test_a_data_class_given_twice_is_refused_and_the_first_does_not_win(running):
    body = json.dumps(CHAT).encode()
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {KEY}\r\nconnection: close\r\n"
        f"x-gateway-data-class: public\r\nx-gateway-data-class: regulated\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", running.port), timeout=20) as plug:
        plug.sendall(head.encode() + body)
        told = b"".join(iter(lambda: plug.recv(65536), b""))

    assert told.startswith(b"HTTP/1.1 400")
    assert b"no class is called `public, regulated`" in told


def test_headers_without_end_are_cut_off_before_they_fill_the_memory(running):
    with socket.create_connection(("127.0.0.1", running.port), timeout=20) as plug:
        plug.sendall(b"GET /health/live HTTP/1.1\r\nhost: x\r\nx-long: ")
        with contextlib.suppress(OSError):
            for _ in range(400):
                plug.sendall(b"a" * 65_536)
        told = plug.recv(65_536)

    assert told.startswith(b"HTTP/1.1 431 ")


def test_long_headers_within_the_bound_are_taken(running):
    assert running.ask("GET", "/health/live", headers={"x-long": "a" * 60_000})[0] == 200

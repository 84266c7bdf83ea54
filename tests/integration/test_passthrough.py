"""What the caller wrote reaches the upstream byte for byte, and what the upstream wrote reaches the caller."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.running import Running, starter

pytestmark = pytest.mark.services
KEY = "gw-test"
CALLERS = f"""
teams: {{research: {{data_class: public}}}}
keys: [{{id: k, team: research, sha256: {hashlib.sha256(KEY.encode()).hexdigest()}}}]
"""
POLICY = "version: 1\naliases: {auto: any}\nguards: []\nroutes: [{name: rest, try: [{any: {}}], order: listed}]\n"
CATALOG = """
labs: [{id: l, name: L, country: US, lists: [], screened: 2026-11-01}]
models: [{id: m, lab: l, base: [], open_weights: true, licence: MIT, context_tokens: 9000, kinds: [chat, completion],
          can: [tools, parallel_tools, vision, json_schema, logprobs, reasoning]}]
operators: [{id: self, name: us, country: DE, parent_country: DE, lists: [], screened: 2026-11-01}]
endpoints:
  - {id: m@self, hosting: self, storage: [], inference: [DE], trains_on_data: false, retention_days: 0, api: openai,
     base_url: "http://127.0.0.1:PORT/v1", upstream_model: served/m, key_env: GATEWAY_KEY_TEST,
     prices: [{since: 2026-01-01, input: 1, output: 2}]}
"""
WHOLE = (
    b'{"x":1,"choices":[{"index":0,"message":{"content":"Hi","y":[1.50, 2e3]},"finish_reason":"stop"}],'
    b'"z":{"\\u00e9":0}}'
)
PART = b'data: {"x":1,"choices":[{"index":0,"delta":{"content":"Hi","y":[1.50]},"finish_reason":null}]}\n\n'
END = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"z":2}\n\n'
USAGE = b'data: {"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}}\n\n'
DONE = b"data: [DONE]\n\n"


class Upstream(BaseHTTPRequestHandler):
    """Notes head and body of each request."""

    protocol_version = "HTTP/1.1"
    seen: list[tuple[str, dict[str, str], bytes]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.seen.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
        stream = b'"stream": true' in body or b'"stream":true' in body
        reply = PART + END + USAGE + DONE if stream else WHOLE
        self.send_response(200)
        self.send_header("content-type", "text/event-stream" if stream else "application/json")
        self.send_header("content-length", str(len(reply)))
        self.send_header("x-upstream-secret", "internal")
        self.end_headers()
        self.wfile.write(reply)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    root: Path = tmp_path_factory.mktemp("passthrough")
    Upstream.seen = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Upstream)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    (root / "policies" / "catalog").mkdir(parents=True)
    (root / "policies" / "catalog" / "all.yaml").write_text(CATALOG.replace("PORT", str(server.server_port)))
    (root / "policies" / "callers.yaml").write_text(CALLERS)
    (root / "policies" / "policy.yaml").write_text(POLICY)
    started: list[Running] = []
    running = starter(root, started)(root / "policies", environment={"GATEWAY_KEY_TEST": "sk-ours"})
    yield running, Upstream.seen
    for each in started:
        each.stop()
    server.shutdown()
    server.server_close()


def asked(house, body: bytes, *, headers=None):
    running, seen = house
    seen.clear()
    status, told, reply = running.ask(
        "POST", "/v1/chat/completions", body, headers={"authorization": f"Bearer {KEY}", **(headers or {})}
    )
    assert status == 200, reply
    return seen[0], told, reply


FIELDS = (
    b'"messages": [{"role":"user","content":[{"type":"text","text":"\\u4f60\\ud83d\\ude00 h\xc3\xa9 "},'
    b'{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA","detail":"low"}}]}], "temperature": 0.70, '
    b'"tools":[{"type":"function","function":{"name":"f","strict":true,"parameters":{"type":"object"}}}], '
    b'"response_format": {"type" : "json_object"}, "logprobs": true, "top_logprobs":3, "seed": 12345678901234567890, '
    b'"n": 2, "logit_bias": {"50256": -1e2}, "vendor_field": {"deep": [null, 1.0, {"k": "v"}]}'
)


def test_every_field_but_the_model_reaches_the_upstream_byte_for_byte(house):
    (path, _, sent), _, _ = asked(house, b'{"model": "auto", ' + FIELDS + b"}")

    before = msgspec.json.decode(b"{" + FIELDS + b"}", type=dict[str, msgspec.Raw])
    after = msgspec.json.decode(sent, type=dict[str, msgspec.Raw])

    assert path == "/v1/chat/completions"
    assert bytes(after.pop("model")) == b'"served/m"'
    assert {name: bytes(raw) for name, raw in after.items()} == {name: bytes(raw) for name, raw in before.items()}
    assert list(after) == list(before)


def test_a_whole_reply_comes_back_byte_for_byte(house):
    assert asked(house, b'{"model": "auto", "messages": [{"role": "user", "content": "hi"}]}')[2] == WHOLE


def test_a_stream_comes_back_byte_for_byte_without_the_usage_that_only_we_asked_for(house):
    (_, _, sent), _, reply = asked(
        house, b'{"model":"auto","stream": true,"messages":[{"role":"user","content":"hi"}]}'
    )

    assert reply == PART + END + DONE
    assert b'"stream_options":{"include_usage":true}' in sent


def test_stream_options_of_the_caller_are_kept(house):
    body = b'{"model":"auto","stream":true,"stream_options":{"include_usage":true, "x":1},"messages":[{"role":"user"}]}'
    (_, _, sent), _, reply = asked(house, body)

    assert b'"stream_options":{"include_usage":true, "x":1}' in sent
    assert reply == PART + END + USAGE + DONE


def test_the_upstream_gets_our_key_and_no_header_of_the_caller(house):
    headers = {"x-api-key": KEY, "cookie": "c=1", "x-forwarded-for": "10.0.0.1", "user-agent": "theirs/1"}
    (_, seen, _), told, _ = asked(
        house, b'{"model":"auto","messages":[{"role":"user","content":"hi"}]}', headers=headers
    )

    assert seen["authorization"] == "Bearer sk-ours"
    assert set(seen) == {"host", "accept-encoding", "content-type", "accept", "authorization", "content-length"}
    assert "x-upstream-secret" not in told

"""What an attacker tries from outside, against one gateway whose every written byte is looked at in the end.

SECURITY.md lists the threats, each with its test.
"""

from __future__ import annotations

import base64
import gzip
import json
import re
import socket
import threading
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.integration.upstreams import KEY, Upstreams, chat, decision, folder, serving, whole
from tests.running import ADMIN_TOKEN, PATIENCE_S, Running, starter

pytestmark = pytest.mark.services
VENDOR_KEY = "sk-vendor-canary-5521-never-written"
PROMPT = "prompt-canary-7734-never-written"
ANSWER = "answer-canary-9917-never-written"
ADMIN = {"authorization": f"Bearer {ADMIN_TOKEN}"}
MOST_BYTES = 200_000


@dataclass
class House:
    gateway: Running
    upstreams: Upstreams
    exported: list[bytes] = field(default_factory=list)  # what the collector of traces was sent

    def raw(self, data: bytes, *, control: bool = False) -> bytes:
        """All that comes back to these bytes, until the other side has closed or says nothing for a while."""
        port = self.gateway.control_port if control else self.gateway.port
        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as plug:
            plug.sendall(data)
            said = b""
            while chunk := plug.recv(65_536):
                said += chunk
                plug.settimeout(0.3)
                if not _more(plug):
                    break
            return said

    def asked(self) -> int:
        """Requests that reached the vendor."""
        return len(self.upstreams.asked)


def _more(plug: socket.socket) -> bool:
    try:
        return bool(plug.recv(1, socket.MSG_PEEK))
    except (TimeoutError, ConnectionError):
        return False


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    home = tmp_path_factory.mktemp("attacked")
    exported: list[bytes] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            exported.append(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            return

    collector = ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    threading.Thread(target=collector.serve_forever, daemon=True).start()
    environment = {
        "GATEWAY_KEY_VENDOR": VENDOR_KEY,
        "GATEWAY_MAX_BODY_BYTES": str(MOST_BYTES),
        "GATEWAY_ACCESS_LOG": str(home / "access.log"),
        "GATEWAY_LOG_LEVEL": "debug",
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{collector.server_port}",
        "OTEL_BSP_SCHEDULE_DELAY": "200",
    }
    with serving() as upstreams:
        urls = {name: upstreams.url(name) for name in "ab"}
        policies = folder(home / "policies", urls, key_env="GATEWAY_KEY_VENDOR")
        _change(policies / "policy.yaml", "[m@a, m@b, w@c]", "[m@a]")
        catalog = policies / "catalog" / "all.yaml"
        _change(catalog, "can: [tools]", "can: [tools, vision]")
        _change(catalog, f'api: openai, base_url: "{urls["b"]}"', f'api: anthropic, base_url: "{urls["b"]}"')
        started: list[Running] = []
        try:
            yield House(starter(home, started)(policies, environment=environment), upstreams, exported)
        finally:
            for each in started:
                each.stop()
            collector.shutdown()
            collector.server_close()


def _change(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


BODY = json.dumps(chat()).encode()
INNER = b"GET /v1/models HTTP/1.1\r\nhost: x\r\nauthorization: Bearer %b\r\n\r\n" % KEY.encode()


def _post(*lines: bytes, body: bytes = BODY, target: bytes = b"/v1/chat/completions", end: bytes = b"\r\n") -> bytes:
    head = (b"POST %b HTTP/1.1" % target, b"host: x", b"authorization: Bearer %b" % KEY.encode(), *lines)
    return end.join((*head, b"", body))


def _chunked(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n0\r\n\r\n" % (len(data), data)


LENGTH = b"content-length: %d" % len(BODY)
CHUNKED = b"transfer-encoding: chunked"
SMUGGLED = {  # each could be read as one request by whoever stands before us, and as two by us, or the other way round
    "both lengths": _post(LENGTH, CHUNKED, body=_chunked(BODY) + INNER),
    "both lengths, chunked first": _post(CHUNKED, LENGTH, body=_chunked(BODY) + INNER),
    "two lengths": _post(LENGTH, b"content-length: %d" % (len(BODY) + len(INNER)), body=BODY + INNER),
    "two equal lengths": _post(LENGTH, LENGTH, body=BODY + INNER),
    "a list of lengths": _post(b"content-length: %d, 5" % len(BODY), body=BODY + INNER),
    "a signed length": _post(b"content-length: +%d" % len(BODY), body=BODY + INNER),
    "a length in hexadecimal": _post(b"content-length: 0x%x" % len(BODY), body=BODY + INNER),
    "a length without end": _post(b"content-length: 99999999999999999999999", body=BODY + INNER),
    "a blank before the colon": _post(b"content-length : %d" % len(BODY), body=BODY + INNER),
    "a folded line": _post(b"x-a: 1\r\n content-length: 5", LENGTH, body=BODY + INNER),
    "a folded first line": _post(b"transfer-encoding:\r\n chunked", body=_chunked(BODY) + INNER),
    "an encoding that nobody knows": _post(b"transfer-encoding: xchunked", body=_chunked(BODY) + INNER),
    "chunked is not the last": _post(b"transfer-encoding: chunked, identity", body=_chunked(BODY) + INNER),
    "two encodings": _post(CHUNKED, b"transfer-encoding: identity", body=_chunked(BODY) + INNER),
    "a vertical tab": _post(b"transfer-encoding: \x0bchunked", body=_chunked(BODY) + INNER),
    "bare line ends": _post(LENGTH, body=BODY + INNER, end=b"\n"),
    "a bare return": _post(b"x-a: 1\rcontent-length: 0", LENGTH, body=BODY + INNER),
    "a null": _post(b"x-a: \x00", LENGTH, body=BODY + INNER),
    "a null in a name": _post(b"content-length\x00: 0", LENGTH, body=BODY + INNER),
    "a chunk of no number": _post(CHUNKED, body=b"zz\r\n" + BODY + b"\r\n0\r\n\r\n" + INNER),
    "a chunk of a signed number": _post(CHUNKED, body=b"-1\r\n" + BODY + b"\r\n0\r\n\r\n" + INNER),
    "a chunk beyond all numbers": _post(CHUNKED, body=b"f" * 20 + b"\r\n" + BODY + INNER),
    "chunks with bare line ends": _post(CHUNKED, body=b"%x\n" % len(BODY) + BODY + b"\n0\n\n" + INNER),
    "a length for an old version": _post(LENGTH, CHUNKED, body=_chunked(BODY)).replace(b"HTTP/1.1", b"HTTP/1.0", 1),
    "a version that is none": _post(LENGTH, body=BODY + INNER).replace(b"HTTP/1.1", b"HTTP/1.9", 1),
    "a method in small letters": _post(LENGTH, body=BODY + INNER).replace(b"POST", b"post", 1),
}  # fmt: skip


@pytest.mark.parametrize("name", SMUGGLED)
def test_what_could_be_read_as_two_requests_is_read_as_none_and_the_connection_ends(house, name):
    asked = house.asked()
    said = house.raw(SMUGGLED[name])

    assert said.startswith(b"HTTP/1.1 4"), said
    assert said.count(b"HTTP/1.1 ") == 1, said
    assert b"connection: close" in said.lower()
    assert house.asked() == asked


def test_trailers_say_nothing(house):
    body = b"%x\r\n%b\r\n0\r\nx-gateway-tag: nope\r\nauthorization: Bearer other\r\n\r\n" % (len(BODY), BODY)
    assert house.raw(_post(CHUNKED, b"connection: close", body=body)).startswith(b"HTTP/1.1 200")


PATHS = [
    "//v1/models", "/v1//models", "/v1/./models", "/x/../v1/models", "/V1/models", "/v1/Models", "/v1/models/",
    "/v1/models%00", "/%76%31/models", "/v1%2fmodels", "/v1/models;a=b", "/v1\\models", "/..%2f..%2fetc/passwd",
    "/v1/models/../../api/keys",
    "/metrics", "//metrics", "/api/keys", "/v1/%2e%2e/metrics", "http://127.0.0.1/metrics", "/openapi.json",
    "/static/console.js",
]  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_no_other_spelling_of_a_path_is_a_page_that_needs_no_key_or_one_of_the_control_plane(house, path):
    line = b"GET %b HTTP/1.1\r\nhost: x\r\nconnection: close\r\n" % path.encode()
    assert house.raw(line + b"\r\n").split()[1] in (b"400", b"401", b"404"), path
    keyed = house.raw(line + b"authorization: Bearer %b\r\n\r\n" % KEY.encode())
    assert keyed.split()[1] in (b"400", b"404") or b'{"object":"list","data":[{"id":' in keyed, (path, keyed)


@pytest.mark.parametrize(
    "path",
    ["//api/keys", "/api//keys", "/API/keys", "/api/keys/", "/api/%6beys", "/static/../api/keys",
     "/static/%2e%2e/api/keys", "/..;/api/keys", "/docs/../api/keys", "http://127.0.0.1/api/keys",
     "/static/../../../../../etc/passwd",
     "/static/..%2f..%2f..%2f..%2f..%2fetc%2fpasswd", "/static//etc/passwd"],
)  # fmt: skip
def test_no_spelling_of_a_path_goes_round_the_roles_or_out_of_the_pages(house, path):
    host = b"host: 127.0.0.1:%d\r\nconnection: close\r\n\r\n" % house.gateway.control_port
    said = house.raw(b"GET %b HTTP/1.1\r\n" % path.encode() + host, control=True)
    assert said.split()[1] in (b"307", b"400", b"401", b"404", b"405"), said
    assert b"root:" not in said


def _packed(data: bytes, *encodings: str) -> tuple[str, bytes]:
    for encoding in encodings:
        data = gzip.compress(data) if encoding == "gzip" else zlib.compress(data)
    return ", ".join(encodings), data


BOMB = json.dumps(chat(text="0" * 50_000_000)).encode()
BOMBS = {
    "gzip": _packed(BOMB, "gzip"),
    "deflate": _packed(BOMB, "deflate"),
    "gzip in gzip": _packed(BOMB, "gzip", "gzip"),
    "many members": ("gzip", gzip.compress(b" " * 100_000) * 300),
    "half a packet": ("gzip", gzip.compress(BODY)[:-12]),
    "no packet": ("gzip", BODY),
    "more behind it": ("gzip", gzip.compress(BODY) + b"more"),
    "br": ("br", BODY),
}


@pytest.mark.parametrize("name", BOMBS)
def test_what_is_packed_is_unpacked_no_further_than_a_plain_body_may_be_long(house, name):
    encoding, body = BOMBS[name]
    asked, began = house.asked(), time.monotonic()
    status, _, said = house.gateway.ask(
        "POST", "/v1/chat/completions", body, headers={"authorization": f"Bearer {KEY}", "content-encoding": encoding}
    )

    assert status in (400, 413, 415), said
    assert time.monotonic() - began < 30
    assert house.asked() == asked


def _with(fields: str) -> bytes:
    return BODY[:-1] + b", " + fields.encode() + b"}"


JSONS = {
    "not a number": (_with('"temperature": NaN'), 400),
    "infinity": (_with('"temperature": -Infinity'), 400),
    "an exponent beyond floats": (_with('"max_tokens": 1e999'), 400),
    "a long integer": (_with('"max_tokens": ' + "9" * 5_000), 400),
    "deep": (_with('"x": ' + "[" * 50_000), 400),
    "deep and closed": (_with('"metadata": ' + "[" * 50_000 + "]" * 50_000), 400),
    "half a surrogate": (json.dumps(chat(text="\ud800")).encode(), 400),
    "half a surrogate as a model": (json.dumps(chat("\udfff")).encode(), 400),
    "a byte order mark": (b"\xef\xbb\xbf" + BODY, 400),
    "UTF-16": (BODY.decode().encode("utf-16"), 400),
    "two documents": (BODY + BODY, 400),
    "a comment": (b"/* */" + BODY, 400),
    "single quotes": (BODY.replace(b'"', b"'"), 400),
}


@pytest.mark.parametrize("name", JSONS)
def test_json_that_readers_disagree_on_reaches_no_vendor(house, name):
    body, expected = JSONS[name]
    asked = house.asked()
    status, _, said = house.gateway.ask(
        "POST", "/v1/chat/completions", body, headers={"authorization": f"Bearer {KEY}"}
    )

    assert (status, house.asked()) == (expected, asked), said


@pytest.mark.parametrize("model", ["m@a", "m@b"])
def test_addresses_in_a_request_are_words_to_us_and_are_never_opened(house, model):
    asked = house.asked()
    with socket.create_server(("127.0.0.1", 0)) as trap:
        trap.settimeout(0.5)
        urls = [
            f"http://127.0.0.1:{trap.getsockname()[1]}/x.png",
            "http://169.254.169.254/latest",
            "file:///etc/passwd",
        ]
        for url in urls:
            content = [{"type": "text", "text": "see"}, {"type": "image_url", "image_url": {"url": url}}]
            body = {"model": model, "messages": [{"role": "user", "content": content}]}
            _, _, said = house.gateway.ask(
                "POST", "/v1/chat/completions", body, headers={"authorization": f"Bearer {KEY}"}
            )
            assert b"root:" not in said
        with pytest.raises(TimeoutError):
            trap.accept()
    assert house.asked() > asked  # where the address went on as it was written
    assert not any(b"root:" in body for _, _, body in house.upstreams.asked)


NASTY = [
    "=cmd|' /C calc'!A0", "+1+cmd", "@SUM(1)", "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", 
    "'; drop table requests; --",
    "a\r\nset-cookie: x=1", "a\n2026-11-28T00:00:00.000Z INFO gateway: forged", "\x1b[2Jgone",
    'a"} 1\nforged{x="', "{{7*7}}", "%s%n", "a\u2028b", "\u202etxt",
]  # fmt: skip


def test_no_word_of_a_caller_becomes_a_line_a_label_a_header_a_formula_or_markup(house):
    for nasty in NASTY:
        plain = "".join(char for char in nasty if " " <= char <= "~")
        headers = {"x-client-request-id": plain, "x-gateway-source": plain, "authorization": f"Bearer {KEY}"}
        for body in (chat(nasty), chat(user=nasty), chat("m@a", nasty, metadata={nasty: nasty})):
            status, said, _ = house.gateway.ask("POST", "/v1/chat/completions", body, headers=headers)
            assert status in (200, 400, 404)
            assert "set-cookie" not in said
        house.gateway.ask("POST", "/v1/chat/completions", chat(), headers={**headers, "x-gateway-tag": plain})
        house.gateway.ask("GET", f"/v1/decisions/{plain.replace(' ', '+')}", headers={"authorization": f"Bearer {KEY}"})
    for path in _pages():
        status, headers, said = house.gateway.ask_control("GET", path, headers=ADMIN)
        assert status == 200, (path, said)
        assert (b"<script>alert" in said or b"<img src=x" in said) is False, path
        if "csv" in path:
            assert not any(
                cell.lstrip('"').startswith(("=", "+", "@"))
                for line in said.decode().splitlines()
                for cell in line.split(",")
            )
    lines = house.gateway.log.read_text().splitlines()
    assert not any(line.startswith(("2026-11-28T00:00:00.000Z INFO gateway: forged", "forged{")) for line in lines)
    assert "\x1b" not in house.gateway.log.read_text()
    assert b"\nforged" not in house.gateway.ask_control("GET", "/metrics", headers=ADMIN)[2]
    for line in (house.gateway.log.parent.parent / "access.log").read_text().splitlines():
        json.loads(line)


def _pages() -> list[str]:
    """What the control plane shows."""
    reports = ("adoption", "savings", "refusals", "rules", "vendors", "breakeven")
    pages = [f"/api/reports/{name}?format={form}" for name in reports for form in ("json", "csv", "html")]
    return [
        *pages,
        "/",
        "/metrics",
        "/api/overview",
        "/api/decisions",
        "/api/policy",
        "/api/audit",
        "/api/keys",
        "/api/catalog",
    ]


def test_nothing_that_is_secret_stands_in_anything_that_is_written_or_shown(house):
    """The last of this file: what callers said, what vendors said, and both keys, in every place and form."""

    async def answers(line: Any) -> None:
        text = {"choices": [{"index": 0, "message": {"role": "assistant", "content": ANSWER}, "finish_reason": "stop"}]}
        await line.say(whole(200, text))

    async def repeats(line: Any) -> None:
        said = f"bad {PROMPT} for key {VENDOR_KEY} {line.head.decode()} {line.body.decode()}"
        await line.say(
            whole(int(line.document["seed"]), {"error": {"message": said, "type": said, "code": said, "param": said}})
        )

    requests = []
    for act, seeds in ((answers, [0]), (repeats, [400, 401, 404, 429, 500])):
        for seed in seeds:
            house.upstreams.acts["a"] = act
            tool = {"type": "function", "function": {"name": "look", "description": PROMPT, "parameters": {}}}
            body = chat("m@a", PROMPT, seed=seed, user=PROMPT, metadata={"note": PROMPT}, tools=[tool])
            requests.append(
                house.gateway.ask("POST", "/v1/chat/completions", body, headers={"authorization": f"Bearer {KEY}"})
            )
    house.gateway.ask("POST", "/v1/chat/completions", PROMPT.encode(), headers={"authorization": f"Bearer {KEY}x"})
    house.raw(b"GET /%b HTTP/1.1\r\nhost: %b\r\nx: %b\r\nx y\r\n\r\n" % ((PROMPT.encode(),) * 3))
    ids = [headers["x-request-id"] for _, headers, _ in requests]
    told = [json.dumps(decision(house.gateway, headers)).encode() for _, headers, _ in requests]
    shown = [
        house.gateway.ask_control("GET", path, headers=ADMIN)[2]
        for path in [*_pages(), *(f"/api/decisions/{id}" for id in ids)]
    ]
    places = [
        file for folder in (house.gateway.state_dir, house.gateway.log.parent.parent) for file in folder.rglob("*")
    ]
    written = [file.read_bytes() for file in places if file.is_file() and "policies" not in file.parts]
    deadline = time.monotonic() + PATIENCE_S
    while not any(id.encode() in b"".join(house.exported) for id in ids) and time.monotonic() < deadline:
        time.sleep(0.1)

    assert requests[0][0] == 200
    assert any(id.encode() in data for id in ids for data in written)  # there is something to look at
    assert any(id.encode() in b"".join(house.exported) for id in ids)
    for data in (*written, *shown, *told, *house.exported, *(body for _, _, body in requests[2:])):
        for secret in (PROMPT, ANSWER, VENDOR_KEY, KEY, f"{KEY}x"):
            for form in (
                secret.encode(),
                secret.encode("utf-16-le"),
                base64.b64encode(secret.encode())[:-4],
                secret.encode().hex().encode(),
            ):
                assert form not in data, (secret, data[:200])
    assert VENDOR_KEY.encode() not in b"".join(body for _, _, body in requests)


def test_no_process_leaves_an_image_of_itself(house):
    for pid in (house.gateway.process.pid, house.gateway.control_pid(), *house.gateway.workers()):
        limits = Path(f"/proc/{pid}/limits").read_text()
        assert re.search(r"Max core file size +0 +0 ", limits), pid

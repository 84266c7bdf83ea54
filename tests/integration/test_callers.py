"""Claims about callers of every kind: old, half-closed, asking for another protocol, with packed bodies."""

from __future__ import annotations

import gzip
import json
import re
import socket
import time
import zlib

import pytest

from tests.integration.callers import built, chat, head, plugged, rest, say, waits
from tests.integration.test_passthrough import KEY, POLICY
from tests.integration.test_server import REPLY
from tests.running import Running

pytestmark = pytest.mark.services
CLOSE = "connection: close\r\n"
ORIGIN = "https://app.example.com"
HURRIED = POLICY.replace("guards:", "defaults: {limits: {first_byte_s: 3, total_s: 4}}\nguards:")
PACKED = gzip.compress(
    chat(), mtime=0
)  # a test named after a moment is another one in each of the processes that collect


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    root = tmp_path_factory.mktemp("callers")
    with built(root, {"GATEWAY_MAX_BODY_BYTES": "1000000", "GATEWAY_CORS_ORIGINS": ORIGIN}) as house:
        yield house


def asked(house, body: bytes = b"", **more) -> bytes:
    """The whole answer to one request on a connection of its own."""
    lines = more.pop("more", "")
    length = len(body) if more.get("method", "POST") == "POST" or body else None
    return say(house[0], head(length, more=lines + CLOSE, **more) + body)


def status(told: bytes) -> int:
    return int(told[9:12])


def error(told: bytes) -> dict[str, str]:
    found: dict[str, str] = json.loads(told.partition(b"\r\n\r\n")[2])["error"]
    return found


# Another protocol


@pytest.mark.parametrize("protocol", ["h2c", "websocket", "TLS/1.0", "nonsense"])
@pytest.mark.parametrize("together", [True, False])
def test_a_wish_for_another_protocol_is_ignored_and_the_body_is_read(house, protocol, together):
    body = chat()
    wish = f"connection: Upgrade, HTTP2-Settings, close\r\nupgrade: {protocol}\r\nhttp2-settings: AAMAAABkAAQ\r\n"
    written = head(len(body), more=wish)
    told = say(house[0], written + body) if together else say(house[0], written, body)

    assert told.startswith(b"HTTP/1.1 200 ")
    assert told.endswith(REPLY)


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("chunked", [True, False])
def test_a_request_hidden_in_the_body_of_another_is_never_run(house, together, chunked):
    hidden = head(len(chat())) + chat()
    wish = "connection: upgrade\r\nupgrade: h2c\r\n"
    if chunked:
        first = head(path="/health/live", method="GET", more=f"{wish}transfer-encoding: chunked\r\n")
        body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(hidden), hidden)
    else:
        first, body = head(len(hidden), path="/health/live", method="GET", more=wish), hidden
    last = head(path="/health/live", method="GET", more=CLOSE)
    before = house[1].asked
    told = say(house[0], first + body + last) if together else say(house[0], first, body, last)

    assert told.count(b"HTTP/1.1 200 ") <= 2
    assert b'{"status":"live"}' in told
    assert house[1].asked == before


def test_this_is_no_proxy(house):
    told = say(house[0], b"CONNECT example.com:443 HTTP/1.1\r\nhost: example.com:443\r\n\r\n")

    assert status(told) in (400, 405)


@pytest.mark.parametrize(
    "lines",
    [
        b"content-length: 5\r\ntransfer-encoding: chunked\r\n",
        b"content-length: -5\r\n",
        b"content-length: 5\r\ncontent-length: 6\r\n",
        b"content-length: 5x\r\n",
        b"transfer-encoding: gzip\r\n",
        b"no colon\r\n",
        b"bad name: x\r\n",
    ],
)
def test_an_ambiguous_or_malformed_head_is_refused(house, lines):
    asked = house[1].asked
    told = say(house[0], head()[:-2] + lines + b"\r\n5\r\nhello\r\n0\r\n\r\n")

    assert status(told) == 400
    assert error(told)["code"] == "invalid_request"
    assert b"\r\nx-request-id: req_" in told
    assert house[1].asked == asked


def test_what_follows_a_body_in_chunks_is_no_header(house):
    first = head(more=f"{CLOSE}transfer-encoding: chunked\r\n")
    told = say(house[0], first + b"%x\r\n%b\r\n0\r\nauthorization: Bearer x\r\n\r\n" % (len(chat()), chat()))

    assert status(told) == 200


def test_rubbish_behind_a_request_does_not_spoil_its_reply(house):
    with plugged(house[0]) as plug:
        plug.sendall(head(len(chat("long", stream=True))) + chat("long", stream=True))
        told = plug.recv(100)
        plug.sendall(b"\x00\x01rubbish\r\n\r\n")
        told += rest(plug)

    assert told.count(b"HTTP/1.1") == 1
    assert told.endswith(b"\r\n0\r\n\r\n")


def test_headers_without_end_are_431(house):
    with plugged(house[0]) as plug:
        plug.sendall(b"GET / HTTP/1.1\r\n")
        for number in range(3000):
            try:
                plug.sendall(b"x-%d: %b\r\n" % (number, b"y" * 100))
            except OSError:
                break
        told = plug.recv(65_536)

    assert told.startswith(b"HTTP/1.1 431 ")


# Old callers, and those that have ended their side


def test_a_stream_for_an_old_caller_is_its_bytes_and_then_the_end(house):
    body = chat("long", stream=True)
    told = say(house[0], head(len(body)).replace(b"HTTP/1.1", b"HTTP/1.0") + body)
    lines, _, stream = told.partition(b"\r\n\r\n")

    assert b"transfer-encoding" not in lines
    assert b"\r\nconnection: close" in lines
    assert re.fullmatch(rb"(data: [^\n]+\n\n)+", stream)
    assert stream.endswith(b"data: [DONE]\n\n")


@pytest.mark.parametrize("more", [{}, {"stream": True}])
@pytest.mark.parametrize("word", ["hi", "slow"])
def test_a_caller_who_has_ended_its_side_gets_the_whole_answer(house, more, word):
    body = chat("long" if more else word, **more)
    with plugged(house[0]) as plug:
        plug.sendall(head(len(body)) + body)
        plug.shutdown(socket.SHUT_WR)
        told = rest(plug)

    assert told.startswith(b"HTTP/1.1 200 OK\r\n")
    assert told.count(b"HTTP/1.1") == 1
    assert told.endswith(b"0\r\n\r\n" if more else REPLY)


@pytest.mark.parametrize("stream", [False, True])
def test_a_caller_who_closes_has_left_though_it_ended_its_side_first(house, stream):
    running, seen = house
    seen.left.clear()
    before, asked = running.metric("gateway_requests_total", outcome="left"), seen.asked
    with plugged(running) as plug:
        plug.sendall(head(len(chat("hang", stream=stream))) + chat("hang", stream=stream))
        assert waits(lambda: seen.asked > asked)
        plug.shutdown(socket.SHUT_WR)
        time.sleep(0.5)

    assert seen.left.wait(20)
    assert waits(lambda: running.metric("gateway_requests_total", outcome="left") == before + 1)


def test_half_a_body_and_then_the_end_is_no_request(house):
    asked = house[1].asked
    with plugged(house[0]) as plug:
        plug.sendall(head(1000) + chat())
        plug.shutdown(socket.SHUT_WR)

        assert rest(plug) == b""
    assert house[1].asked == asked


def test_a_caller_who_reads_no_more_is_cut_off_when_its_time_is_up(tmp_path):
    with built(tmp_path, policy=HURRIED) as (running, seen), plugged(running) as plug:
        plug.sendall(head(len(chat("long", stream=True))) + chat("long", stream=True))
        assert waits(lambda: running.metric("gateway_requests_total", outcome="left") == 1, 40)
        assert waits(lambda: running.metric("gateway_in_flight") == 0)
        told, reset = b"", False
        try:
            told = rest(plug)
        except ConnectionResetError:
            reset = True

    assert reset or not told.endswith(b"0\r\n\r\n")
    assert seen.events < 500


# Keys and addresses


@pytest.mark.parametrize("name", ["x-api-key", "api-key", "X-Api-Key"])
@pytest.mark.parametrize(("path", "method"), [("/v1/chat/completions", "POST"), ("/v1/models", "GET")])
def test_a_key_may_stand_in_other_headers(house, name, path, method):
    body = chat() if method == "POST" else b""

    assert status(asked(house, body, path=path, method=method, key=None, more=f"{name}: {KEY}\r\n")) == 200
    assert status(asked(house, body, path=path, method=method, more=f"{name}: {KEY}\r\n")) == 200
    for more in (f"{name}: gw-other\r\n", f"{name}: {KEY}\r\n{name}: gw-other\r\n"):
        told = asked(house, body, path=path, method=method, more=more)
        assert (status(told), error(told)["code"]) == (401, "invalid_api_key")
        assert b"\r\nx-request-id: req_" in told


@pytest.mark.parametrize(
    "path",
    [
        "/v1/v1/chat/completions",
        "/chat/completions",
        "/v1/chat/completions/",
        "//v1/chat/completions",
        "/v1/v1/v1//chat/completions/",
    ],
)
def test_a_base_url_that_is_nearly_right_is_served(house, path):
    assert status(asked(house, chat(), path=path)) == 200
    assert status(asked(house, path=path.replace("chat/completions", "models"), method="GET")) == 200


def test_a_path_that_is_none_is_404_with_an_id_and_the_right_address(house):
    told = asked(house, chat(), path="/v1/chat/completion")

    assert (status(told), error(told)["code"]) == (404, "not_found")
    assert b"\r\nx-request-id: req_" in told
    assert "/v1" in error(told)["message"]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/v1/chat/completions", b"POST"),
        ("DELETE", "/v1/models", b"GET, HEAD"),
        ("PUT", "/v1/models/m", b"GET, HEAD"),
        ("OPTIONS", "/v1/embeddings", b"POST"),
    ],
)
def test_a_wrong_method_is_405_and_says_the_right_one(house, method, path, allowed):
    told = asked(house, path=path, method=method)

    assert status(told) == 405
    assert b"\r\nallow: " + allowed + b"\r\n" in told


def test_head_is_get_without_the_body(house):
    got, headed = (asked(house, path="/v1/models", method=method) for method in ("GET", "HEAD"))
    missing = asked(house, path="/v1/chat/completions", method="HEAD")

    def length(told: bytes) -> bytes:
        found = re.search(rb"content-length: \d+", told)
        assert found is not None
        return found[0]

    assert length(got) == length(headed)
    assert status(missing) == 405
    for told in (headed, missing):
        assert told.endswith(b"\r\n\r\n")


def test_a_page_of_a_named_origin_may_ask_and_read(house):
    asks = "access-control-request-method: POST\r\naccess-control-request-headers: authorization, x-stainless-os\r\n"
    told = asked(house, path="/v1/chat/completions", method="OPTIONS", key=None, more=f"origin: {ORIGIN}\r\n{asks}")

    assert status(told) == 204
    for line in (
        f"access-control-allow-origin: {ORIGIN}",
        "access-control-allow-methods: POST",
        "access-control-allow-headers: authorization, x-stainless-os",
    ):
        assert f"\r\n{line}\r\n".encode() in told
    for body, key in ((chat(), KEY), (chat(stream=True), KEY), (chat(model="none"), KEY), (chat(), None)):
        told = asked(house, body, key=key, more=f"origin: {ORIGIN}\r\n")
        assert told.count(f"\r\naccess-control-allow-origin: {ORIGIN}\r\n".encode()) == 1
    assert b"access-control-allow-origin" in asked(house, path="/v1/models", method="GET", more=f"origin: {ORIGIN}\r\n")


def test_a_page_of_another_origin_may_not(house):
    more = "origin: https://evil.example\r\naccess-control-request-method: POST\r\n"

    assert status(asked(house, path="/v1/chat/completions", method="OPTIONS", more=more)) == 405
    assert b"access-control-allow" not in asked(house, chat(), more=more)


# Bodies


@pytest.mark.parametrize(
    ("name", "pack"),
    [
        ("gzip", gzip.compress),
        ("x-gzip", gzip.compress),
        ("GZIP", lambda body: gzip.compress(body[:9]) + gzip.compress(body[9:])),
        ("deflate", zlib.compress),
        ("deflate", lambda body: zlib.compress(body)[2:-4]),
        ("identity", bytes),
    ],
)
def test_a_packed_body_is_unpacked(house, name, pack):
    assert status(asked(house, pack(chat()), more=f"content-encoding: {name}\r\n")) == 200


@pytest.mark.parametrize("name", ["zstd", "br", "gzip, gzip", "nonsense"])
def test_a_packing_that_we_do_not_know_is_415_by_name(house, name):
    told = asked(house, chat(), more=f"content-encoding: {name}\r\n")

    assert (status(told), error(told)["code"]) == (415, "unsupported_encoding")
    assert f"`{name}`" in error(told)["message"]


@pytest.mark.parametrize("body", [chat(), PACKED[:-9], PACKED + b"more", b""], ids=["plain", "cut", "longer", "empty"])
def test_a_body_that_is_not_what_it_says_is_400(house, body):
    told = asked(house, body, more="content-encoding: gzip\r\n")

    assert (status(told), error(told)["code"]) == (400, "invalid_request")


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress])
def test_a_bomb_is_413_and_never_unpacked_whole(house, pack):
    bomb = pack(b" " * 500_000_000)
    assert len(bomb) < 1_000_000
    name = "gzip" if pack is gzip.compress else "deflate"

    assert status(asked(house, bomb, more=f"content-encoding: {name}\r\n")) == 413
    assert _peak_mb(house[0]) < 400


def _peak_mb(running: Running) -> float:
    with open(f"/proc/{running.workers()[0]}/status") as told:
        found = re.search(r"VmHWM:\s+(\d+)", told.read())
    assert found is not None
    return int(found[1]) / 1024


@pytest.mark.parametrize("number", ["100.0", "1e2", "100"])
def test_a_whole_number_may_be_written_with_a_point(house, number):
    body = chat()[:-1] + b', "max_tokens": %b, "n": 1.0}' % number.encode()

    assert status(asked(house, body)) == 200


@pytest.mark.parametrize("number", ["100.5", "-1.0", "1e300", "true", '"100"'])
def test_what_is_no_whole_number_is_400(house, number):
    told = asked(house, chat()[:-1] + b', "max_tokens": %b}' % number.encode())

    assert (status(told), error(told)["param"]) == (400, "max_tokens")


def test_callers_come_by_ipv6_too(tmp_path):
    def begun(running: Running) -> bool:
        try:
            with plugged(running, "::1") as plug:
                plug.sendall(head(path="/health/live", method="GET", more=CLOSE))
                return rest(plug).startswith(b"HTTP/1.1 200 ")
        except OSError:
            return False

    with built(tmp_path, {"GATEWAY_HOST": "::1"}, begun=begun) as (running, _), plugged(running, "::1") as plug:
        plug.sendall(head(len(chat()), more=CLOSE) + chat())

        assert rest(plug).endswith(REPLY)

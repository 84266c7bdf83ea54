"""What of a request is known before it is there."""

import ssl

import pytest

from gateway.catalog.facts import Pin
from gateway.upstreams.http1 import Target, header_lines

HEADS = {
    "tls": ("https://api.example/v1", b"POST /v1/chat HTTP/1.1\r\nhost: api.example\r\n"),
    "slash_at_the_end": ("https://api.example/v1/", b"POST /v1/chat HTTP/1.1\r\nhost: api.example\r\n"),
    "no_path": ("https://api.example", b"POST /chat HTTP/1.1\r\nhost: api.example\r\n"),
    "port": ("http://127.0.0.1:8000", b"POST /chat HTTP/1.1\r\nhost: 127.0.0.1:8000\r\n"),
    "the_usual_port": ("http://vllm:80", b"POST /chat HTTP/1.1\r\nhost: vllm\r\n"),
    "new_address": ("http://[::1]:8000", b"POST /chat HTTP/1.1\r\nhost: [::1]:8000\r\n"),
    "query": (
        "https://a.example/openai?api-version=2026-10-01",
        b"POST /openai/chat?api-version=2026-10-01 HTTP/1.1\r\nhost: a.example\r\n",
    ),
    "another_alphabet": ("https://bücher.example", b"POST /chat HTTP/1.1\r\nhost: xn--bcher-kva.example\r\n"),
}


@pytest.mark.parametrize(("base_url", "head"), HEADS.values(), ids=HEADS)
def test_the_head_of_a_request_asks_for_an_uncompressed_reply(base_url, head):
    assert Target.of(base_url, "/chat").head == head + b"accept-encoding: identity\r\n"


@pytest.mark.parametrize(
    "base_url", ["ftp://a.example", "api.example/v1", "https://", "https://me:key@a.example", "https://a.example/a b"]
)
def test_a_url_that_cannot_be_asked_is_refused_without_showing_it(base_url):
    with pytest.raises(ValueError, match="a base URL") as caught:
        Target.of(base_url, "/chat")

    assert "key" not in str(caught.value)


def test_connections_are_shared_only_between_the_same_origin_and_pin():
    same = Target.of("https://a.example/v1", "/chat"), Target.of("https://a.example/v2", "/embeddings")
    others = (
        Target.of("http://a.example/v1", "/chat"),
        Target.of("https://a.example:444/v1", "/chat"),
        Target.of("https://b.example/v1", "/chat"),
        Target.of("https://a.example/v1", "/chat", Pin(cidr="203.0.113.0/24")),
    )

    assert same[0].pool == same[1].pool
    assert len({same[0].pool, *(other.pool for other in others)}) == 5


def test_headers_stand_one_a_line():
    assert header_lines({"accept": "*/*", "x-a": "b c"}) == b"accept: */*\r\nx-a: b c\r\n"


@pytest.mark.parametrize(("name", "value"), [("x-key", "a\r\nhost: b"), ("x-key", "a\n"), ("x key", "a"), ("x-é", "a")])
def test_a_header_that_would_smuggle_another_is_refused_without_its_value(name, value):
    with pytest.raises(ValueError, match="no header may hold") as caught:
        header_lines({name: value})

    assert "host" not in str(caught.value)


def test_files_that_were_read_anew_share_no_connection_with_those_before():
    """Whatever address in memory the contexts have."""

    def pool() -> str:
        return Target.of("https://a.example/v1", "/chat", context=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)).pool

    pools = [pool() for _ in range(20)]

    assert len(set(pools)) == 20


def test_requests_with_the_same_files_share_connections():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    one, other = [Target.of("https://a.example/v1", path, context=context) for path in ("/chat", "/embeddings")]

    assert one.pool == other.pool

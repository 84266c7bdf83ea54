"""What a vendor can do wrong, by the names that tests/integration/faults.yaml has: an act of the scripted upstream."""

from __future__ import annotations

import gzip
import json
import time
import zlib
from email.utils import formatdate

from tests.integration.rerouted import YES, pieces, said
from tests.integration.upstreams import SSE, Act, Line, event, saying, whole

CHUNKED = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
JSON_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
USAGE = {"choices": [], "usage": {"prompt_tokens": 10, "completion_tokens": 20, "total_tokens": 30}}
EVENTS = [event(each) for each in [*pieces(YES * 4), USAGE]] + [event(b"[DONE]")]
REPLY = json.dumps({**said(YES), "usage": USAGE["usage"]}).encode()
OOPS = {"error": {"message": "oops", "type": "server_error"}}


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def begun(events: int) -> list[bytes]:
    """The head of a stream in chunks, and its first events."""
    return [CHUNKED, *map(chunk, EVENTS[:events])]


async def good(line: Line) -> None:
    """A whole answer with its usage, as it is asked for."""
    if line.document.get("stream"):
        await line.say(SSE, *EVENTS)
    else:
        await line.say(JSON_HEAD + b"connection: close\r\ncontent-length: %d\r\n\r\n" % len(REPLY) + REPLY)


def either(of_whole: Act, of_stream: Act) -> Act:
    async def act(line: Line) -> None:
        await (of_stream if line.document.get("stream") else of_whole)(line)

    return act


def then_reset(*parts: bytes) -> Act:
    async def act(line: Line) -> None:
        await line.say(*parts, gap_s=0.002)
        line.reset()

    return act


def then_silent(*parts: bytes) -> Act:
    """Says no more, and waits until the gateway closes."""

    async def act(line: Line) -> None:
        await line.say(*parts, gap_s=0.002)
        await line.reader.read()

    return act


def status(code: int, *headers: str) -> Act:
    return saying(whole(code, OOPS, *headers))


def stream_of(*events: bytes) -> Act:
    return saying(SSE, *events)


def repeating(head: bytes, part: bytes, most: int = 100_000_000) -> Act:
    """The same over and over, until the gateway has had enough."""

    async def act(line: Line) -> None:
        line.writer.write(head)
        for _ in range(most // len(part)):
            if line.writer.transport.is_closing():
                return
            line.writer.write(part)
            await line.writer.drain()

    return act


def framed(head: bytes) -> Act:
    """A good reply under a head that says something else."""
    return saying(head + b"\r\n" + REPLY)


def _chunked(extension: bytes, trailers: bytes) -> Act:
    """A good reply in chunks, each with an extension, the last one with trailers."""

    async def act(line: Line) -> None:
        stream = bool(line.document.get("stream"))
        head = CHUNKED if stream else JSON_HEAD + b"transfer-encoding: chunked\r\n\r\n"
        parts = [b"%x%b\r\n%b\r\n" % (len(each), extension, each) for each in (EVENTS if stream else [REPLY])]
        await line.say(head, *parts, b"0%b\r\n%b\r\n" % (extension, trailers))

    return act


def early(head: bytes) -> Act:
    """An answer after a head of its own."""

    async def act(line: Line) -> None:
        line.writer.write(head)
        await good(line)

    return act


CUT_WHOLE = JSON_HEAD + b"content-length: %d\r\n\r\n" % len(REPLY) + REPLY[:40]
MUCH = chunk(b" " * 1_000_000)
MUCH_TEXT = chunk(event({"choices": [{"index": 0, "delta": {"content": "x" * 999_000}}]}).rstrip(b"\n"))
PACKED = gzip.compress(REPLY)
RAW = zlib.compressobj(wbits=-zlib.MAX_WBITS)
BOMB = gzip.compress(b" " * 20_000_000)
HALF_EVENT = EVENTS[1][:40]
BAD_EVENT = b'data: {"choices": [{"index": 0, "delta": {"conte\n\n'

Acts = dict[str, Act]
CONNECTIONS: Acts = {
    "closed at once": saying(),
    "reset at once": then_reset(),
    "closed within the head": saying(b"HTTP/1.1 200 OK\r\ncontent-ty"),
    "closed after the head": either(saying(JSON_HEAD + b"content-length: 500\r\n\r\n"), saying(CHUNKED)),
    "closed in the body": either(saying(CUT_WHOLE), saying(*begun(2))),
    "reset in the body": either(then_reset(CUT_WHOLE), then_reset(*begun(2))),
    "closed late in the body": either(saying(CUT_WHOLE), saying(*begun(16))),
    "reset late in the body": either(then_reset(CUT_WHOLE), then_reset(*begun(16))),
    "closed within an event": either(saying(CUT_WHOLE), saying(*begun(1), chunk(HALF_EVENT))),
    "closed within a chunk": either(saying(CUT_WHOLE), saying(*begun(1), b"ff\r\n" + HALF_EVENT)),
    "closed before the last chunk": either(saying(CUT_WHOLE), saying(CHUNKED, *map(chunk, EVENTS))),
}
STREAMS: Acts = {  # of streams alone
    "an event that is not JSON": stream_of(EVENTS[0], BAD_EVENT, *EVENTS[1:]),
    "a late event that is not JSON": stream_of(*EVENTS[:16], BAD_EVENT, *EVENTS[16:]),
    "words in place of an event": stream_of(EVENTS[0], b"data: oops\n\n", *EVENTS[1:]),
    "an end without a finish reason": stream_of(EVENTS[0], EVENTS[-1]),
    "a late end without a finish reason": stream_of(*EVENTS[:16], EVENTS[-1]),
    "an error event": stream_of(EVENTS[0], event(OOPS)),
    "a late error event": stream_of(*EVENTS[:16], event(OOPS)),
}
BODIES: Acts = {
    "a chunk without a length": either(
        saying(JSON_HEAD + b"transfer-encoding: chunked\r\n\r\nzz\r\n"), saying(*begun(1), b"zz\r\n")
    ),
    "a negative chunk": either(
        saying(JSON_HEAD + b"transfer-encoding: chunked\r\n\r\n-5\r\n"), saying(*begun(16), b"-5\r\nhello\r\n")
    ),
    "an error inside 200": saying(whole(200, OOPS)),
    "HTML with 200": saying(whole(200, b"<html><body>Welcome</body></html>", "x-content-type: text/html")),
    "bytes with 200": saying(whole(200, bytes(range(256)))),
    "nothing with 200": saying(whole(200, b"")),
    "nothing with 204": saying(b"HTTP/1.1 204 No Content\r\n\r\n"),
    "truncated JSON": either(saying(whole(200, REPLY[:60])), stream_of(EVENTS[0], EVENTS[1][:-20])),
    "no HTTP": saying(b"SSH-2.0-OpenSSH_9.9\r\n\r\n"),
    "a head without end": repeating(b"HTTP/1.1 200 OK\r\n", b"x-more: " + b"y" * 5000 + b"\r\n", 10_000_000),
    "gzip that nobody asked for": saying(whole(200, PACKED, "content-encoding: gzip")),
    "a body of 100 MB": either(
        repeating(JSON_HEAD + b"content-length: 100000000\r\n\r\n", b" " * 1_000_000),
        repeating(SSE + b"data: ", b"x" * 1_000_000),
    ),
    "chunks without end": either(
        repeating(JSON_HEAD + b"transfer-encoding: chunked\r\n\r\n", MUCH), repeating(CHUNKED, MUCH_TEXT)
    ),
    "two lengths": framed(JSON_HEAD + b"content-length: 5\r\ncontent-length: %d\r\n" % len(REPLY)),
    "a length and chunks": framed(JSON_HEAD + b"content-length: 5\r\ntransfer-encoding: chunked\r\n"),
    "100 first": early(b"HTTP/1.1 100 Continue\r\n\r\n"),
    "103 first": early(b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n"),
    "101": saying(b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n"),
}
FRAMES: Acts = {  # how a body is written down
    "deflate that nobody asked for": saying(whole(200, zlib.compress(REPLY), "content-encoding: deflate")),
    "deflate without its header": saying(whole(200, RAW.compress(REPLY) + RAW.flush(), "content-encoding: deflate")),
    "br that nobody asked for": saying(whole(200, b"\x0b\x02\x80{}\x03", "content-encoding: br")),
    "zstd that nobody asked for": saying(whole(200, b"\x28\xb5\x2f\xfd", "content-encoding: zstd")),
    "two codings": saying(whole(200, gzip.compress(PACKED), "content-encoding: gzip, gzip")),
    "a damaged gzip": saying(whole(200, PACKED[:20] + b"xxxx" + PACKED[24:], "content-encoding: gzip")),
    "a cut gzip": saying(whole(200, PACKED[:-20], "content-encoding: gzip")),
    "a bomb of gzip": saying(whole(200, BOMB, "content-encoding: gzip")),
    "chunk extensions": _chunked(b";name=value", b""),
    "trailers": _chunked(b"", b"x-sum: 1\r\nx-gateway-cost-usd: 7\r\n"),
    "a length among the trailers": _chunked(b"", b"content-length: 3\r\n"),
    "HTTP/1.0": saying(b"HTTP/1.0 200 OK\r\ncontent-type: application/json\r\n\r\n" + REPLY),
    "HTTP/1.0 with a length": saying(b"HTTP/1.0 200 OK\r\ncontent-length: %d\r\n\r\n" % len(REPLY) + REPLY),
    "the same length twice": framed(
        JSON_HEAD + b"content-length: %d\r\n" % len(REPLY) + b"content-length: %d\r\n" % len(REPLY)
    ),
    "a length that is no number": framed(JSON_HEAD + b"content-length: many\r\n"),
    "a negative length": framed(JSON_HEAD + b"content-length: -5\r\n"),
    "102 first": early(b"HTTP/1.1 102 Processing\r\n\r\n"),
    "many 100s first": early(b"HTTP/1.1 100 Continue\r\n\r\n" * 50),
    "more than was announced": saying(JSON_HEAD + b"content-length: %d\r\n\r\n" % len(REPLY) + REPLY * 2),
}
STATUSES: Acts = {str(code): status(code) for code in (400, 401, 402, 403, 404, 408, 409, 413, 422, 500, 502, 504, 529)}


def redirecting(url: str) -> Acts:
    """To an address that notes whether anybody follows."""
    return {str(code): status(code, f"location: {url}") for code in (301, 302, 303, 307, 308)}


RESTS: Acts = {  # the endpoint is left alone afterwards
    "429": status(429),
    "429, come back in 7 s": status(429, "retry-after: 7"),
    "429, come back at a date": status(429, f"retry-after: {formatdate(time.time() + 3600, usegmt=True)}"),
    "429, come back in 30 years": status(429, "retry-after: 999999999"),
    "429, come back at nonsense": status(429, "retry-after: soon"),
    "503": status(503),
    "503, come back in 7 s": status(503, "retry-after: 7"),
}
SLOW: Acts = {  # asked with short limits
    "no first byte": then_silent(),
    "a byte now and then": saying(*(bytes([byte]) for byte in CHUNKED), gap_s=0.2),
    "a stall in the body": either(then_silent(CUT_WHOLE), then_silent(*begun(2))),
    "a late stall in the body": either(then_silent(CUT_WHOLE), then_silent(*begun(16))),
}
ADDRESSES = ("connection refused", "no such host", "plain text where TLS is wanted", "an unknown certificate")

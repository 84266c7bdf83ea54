"""Whatever way the bytes of a reply are split, the reply is the same; whatever is cut off, it is no whole reply."""

import asyncio
import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.upstreams.http1 import Reply, UpstreamFault


class Nowhere:
    """A connection that leads nowhere: the bytes are fed by hand."""

    peer = "203.0.113.1:443"
    certificate: str | None = None

    def __init__(self, loop: asyncio.AbstractEventLoop):
        self.loop = loop

    def expect(self, by: float) -> None:
        pass

    def resume(self) -> None:
        pass

    def abort(self) -> None:
        pass


NAMES = st.text("abcdefghijklmnopqrstuvwxyz-", min_size=1, max_size=12).map(lambda name: f"x-{name}")
VALUES = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=30)
INTERIM = st.sampled_from(["", "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n"])


@st.composite
def replies(draw) -> tuple[bytes, int, bytes, bool]:
    """(bytes of a reply, its status, its body, whether the body ends with the connection)"""
    body = draw(st.binary(max_size=300))
    status = draw(st.sampled_from([200, 201, 400, 429, 500, 599]))
    framing = draw(st.sampled_from(["length", "chunked", "open"]))
    lines = [f"{name}: {value}" for name, value in draw(st.lists(st.tuples(NAMES, VALUES), max_size=5))]
    if framing == "length":
        lines.insert(draw(st.integers(0, len(lines))), f"Content-Length: {len(body)}")
        sent = body
    elif framing == "chunked":
        lines.append("Transfer-Encoding: chunked")
        sent = b""
        left = body
        while left:
            size = draw(st.integers(1, len(left)))
            sent += b"%X\r\n%s\r\n" % (size, left[:size])
            left = left[size:]
        sent += b"0\r\n\r\n"
    else:
        lines.append("Connection: close")
        sent = body
    head = draw(INTERIM) + f"HTTP/1.1 {status} Reason\r\n" + "".join(f"{line}\r\n" for line in lines) + "\r\n"
    return head.encode() + sent, status, body, framing == "open"


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    edges = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return [data[start:end] for start, end in itertools.pairwise(edges)]


def read(parts: list[bytes], end: Exception | None = None) -> tuple[int, Any]:
    """(status, body) of what was fed until the connection was lost. Raises UpstreamFault."""

    async def main() -> tuple[int, Any]:
        reply = Reply(Nowhere(asyncio.get_running_loop()))
        for part in parts:
            reply.feed(part)
        reply.end(end)
        await reply.head()
        return reply.status, await reply.read(1_000_000)

    return asyncio.run(main())


@settings(max_examples=300, deadline=None)
@given(replies(), st.lists(st.integers(0, 2000), max_size=8))
def test_any_split_of_a_reply_gives_the_same_reply(reply, cuts):
    data, status, body, _ = reply

    assert read(pieces(data, cuts)) == (status, body)


@settings(max_examples=300, deadline=None)
@given(replies(), st.lists(st.integers(0, 2000), max_size=4), st.integers(1, 2000))
def test_any_cut_of_a_reply_raises_and_never_ends_cleanly(reply, cuts, missing):
    data, _, _, ends_with_connection = reply
    cut = data[: max(0, len(data) - 1 - missing % len(data))]
    # Nothing tells a cut body from a whole one when the vendor promised neither length nor end.
    error = ConnectionResetError() if ends_with_connection else None

    with pytest.raises(UpstreamFault):
        read(pieces(cut, cuts), end=error)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400), st.lists(st.integers(0, 2000), max_size=4))
def test_garbage_never_raises_anything_but_a_fault(data, cuts):
    with pytest.raises(UpstreamFault):
        read(pieces(b"\x00" + data, cuts))


@settings(max_examples=200, deadline=None)
@given(replies(), st.integers(0, 2000), st.integers(0, 255))
def test_one_changed_byte_gives_a_reply_or_a_fault(reply, place, byte):
    data = bytearray(reply[0])
    data[place % len(data)] = byte
    try:
        status, _ = read([bytes(data)])
    except UpstreamFault:
        return

    assert status >= 200

"""The upstream client against vendors that keep, break and bend HTTP/1.1."""

import asyncio
import gzip
import socket
import zlib
from collections.abc import Awaitable, Callable

import pytest
import uvloop

from gateway.upstreams.http1 import Client, Reply, UpstreamFault
from tests.integration.scripted import OK, Line, Script, Vendor, ask, hang_up, reset, running, stall, target

pytestmark = pytest.mark.services
SOON = 2.0  # seconds a vendor waits for what must happen at once; only a failing test waits that long
CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"


@pytest.fixture(params=["asyncio", "uvloop"])
def run(request):
    """Runs a coroutine on each of the two loops."""
    factory = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}[request.param]

    def runner(main: Callable[[], Awaitable[None]]) -> None:
        with asyncio.Runner(loop_factory=factory) as loop:
            loop.run(asyncio.wait_for(main(), 20))

    return runner


async def fault_of(vendor: Vendor, *, first_byte_s: float) -> UpstreamFault:
    """What goes wrong when the vendor's whole reply is asked for."""
    client = Client()
    async with running(vendor):
        with pytest.raises(UpstreamFault) as caught:
            await (await ask(client, target(vendor.port), first_byte_s=first_byte_s)).read(10_000_000)
    client.close()
    assert "secret-key" not in str(caught.value)
    return caught.value


def test_a_request_goes_out_whole_in_one_piece_and_its_reply_comes_back(run):
    async def main():
        vendor = Vendor()
        vendor.scripts = [vendor.answering(OK)]
        client = Client()
        async with running(vendor):
            reply = await ask(client, target(vendor.port), body=b'{"a":1}')

            assert (reply.status, await reply.read(100)) == (200, b"hello")
            assert reply.peer == f"127.0.0.1:{vendor.port}"
            assert reply.certificate is None
            assert vendor.requests == [
                b"POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1:%d\r\naccept-encoding: identity\r\n"
                % vendor.port
                + b"content-type: application/json\r\nauthorization: Bearer secret-key\r\n"
                + b'content-length: 7\r\n\r\n{"a":1}'
            ]
            client.close()

    run(main)


def test_a_connection_serves_the_next_request_too(run):
    async def main():
        vendor = Vendor()
        vendor.scripts = [vendor.answering(OK)]
        client = Client()
        async with running(vendor):
            for _ in range(5):
                assert await (await ask(client, target(vendor.port))).read(100) == b"hello"
            client.close()

            await asyncio.wait_for(vendor.closed.wait(), SOON)
            assert vendor.connections == 1

    run(main)


def test_a_connection_sends_small_packets_at_once_and_is_kept_alive(run):
    async def main():
        vendor = Vendor()
        vendor.scripts = [vendor.answering(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n")]
        client = Client()
        async with running(vendor):
            reply = await ask(client, target(vendor.port))
            plug = reply._carrier.transport.get_extra_info("socket")  # type: ignore[attr-defined]

            assert plug.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            assert plug.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
            reply.close()
            client.close()

    run(main)


def test_an_unused_connection_is_closed_after_its_time(run):
    async def main():
        vendor = Vendor()
        vendor.scripts = [vendor.answering(OK)]
        client = Client(idle_s=0.05)
        async with running(vendor):
            await ask(client, target(vendor.port))

            await asyncio.wait_for(vendor.closed.wait(), SOON)
            assert client._idle == {} or not any(client._idle.values())
            client.close()

    run(main)


def test_no_more_unused_connections_are_kept_than_allowed(run):
    async def main():
        vendor = Vendor()
        vendor.scripts = [vendor.answering(OK)]
        client = Client(idle_per_origin=2)
        async with running(vendor):
            await asyncio.gather(*(ask(client, target(vendor.port)) for _ in range(6)))

            assert [len(kept) for kept in client._idle.values()] == [2]
            client.close()

    run(main)


BODIES = {
    "content_length": (OK,),
    "in_pieces": (b"HTTP/1.1 200 OK\r\ncontent-le", b"ngth: 5\r\n\r", b"\nhe", b"llo"),
    "chunked": (CHUNKED + b"2\r\nhe\r\n", b"3\r\nllo\r\n0\r\n\r\n"),
    "chunked_with_extension_and_trailer": (CHUNKED + b"5;a=b\r\nhello\r\n0\r\nx-checksum: 1\r\n\r\n",),
    "after_interim_replies": (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n", OK),
    "old_and_open_ended": (b"HTTP/1.0 200 OK\r\ncontent-type: text/plain\r\n\r\nhel", b"lo"),
    "open_ended": (b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nhel", b"lo"),
}


@pytest.mark.parametrize("parts", BODIES.values(), ids=BODIES)
def test_every_framing_of_a_body_gives_the_same_body(run, parts):
    async def main():
        vendor = Vendor()
        vendor.scripts = [vendor.answering(*parts, then=hang_up)]
        client = Client()
        async with running(vendor):
            reply = await ask(client, target(vendor.port))

            assert (reply.status, await reply.read(100)) == (200, b"hello")
            assert b"link" not in dict(reply.headers)
            client.close()

    run(main)


def test_a_stream_is_handed_on_as_it_comes(run):
    async def main():
        async def one_by_one(line: Line) -> None:
            for word in (b"one", b"two"):
                await line.reader.readexactly(1)
                await line.say(b"3\r\n%s\r\n" % word)
            await line.say(b"0\r\n\r\n")

        vendor = Vendor()
        vendor.scripts = [vendor.answering(CHUNKED, then=one_by_one)]
        client = Client()
        async with running(vendor):
            reply = await ask(client, target(vendor.port))
            words = []
            reply._carrier.transport.write(b".")  # type: ignore[attr-defined]
            while chunk := await reply.next():
                words.append(chunk)
                reply._carrier.transport.write(b".")  # type: ignore[attr-defined]

            assert words == [b"one", b"two"]
            client.close()

    run(main)


FAULTS = {
    "closed_unanswered": ((), hang_up, "closed"),
    "reset_unanswered": ((), reset, "closed"),
    "reset_in_the_headers": ((b"HTTP/1.1 200 OK\r\ncontent-le",), reset, "closed"),
    "closed_in_the_headers": ((b"HTTP/1.1 200 OK\r\ncontent-le",), hang_up, "closed"),
    "closed_after_an_interim_reply": ((b"HTTP/1.1 100 Continue\r\n\r\n",), hang_up, "closed"),
    "reset_in_the_body": ((b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhell",), reset, "closed"),
    "closed_in_the_body": ((b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhell",), hang_up, "closed"),
    "closed_between_chunks": ((CHUNKED + b"5\r\nhello\r\n",), hang_up, "closed"),
    "closed_in_a_chunk": ((CHUNKED + b"5\r\nhel",), hang_up, "closed"),
    "closed_before_the_last_line": ((CHUNKED + b"5\r\nhello\r\n0\r\n",), hang_up, "closed"),
    "reset_of_an_open_ended_body": ((b"HTTP/1.1 200 OK\r\n\r\nhell",), reset, "closed"),
    "garbage": ((b"SSH-2.0-OpenSSH_9.2\r\n",), stall, "protocol"),
    "a_garbled_chunk": ((CHUNKED + b"5\r\nhello\r\nnot-hex\r\n",), stall, "protocol"),
    "two_lengths": ((b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello",), stall, "protocol"),
    "length_and_chunks": ((CHUNKED[:-2] + b"content-length: 5\r\n\r\n0\r\n\r\n",), stall, "protocol"),
    "damaged_compression": (
        (b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 5\r\n\r\nhello",),
        stall,
        "protocol",
    ),
    "unknown_compression": (
        (b"HTTP/1.1 200 OK\r\ncontent-encoding: br\r\ncontent-length: 5\r\n\r\nhello",),
        stall,
        "protocol",
    ),
    "cut_compression": (
        (
            b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 20\r\n\r\n"
            + gzip.compress(b"hello", mtime=0)[:20],
        ),
        stall,
        "protocol",
    ),
    "other_protocol": ((b"HTTP/1.1 101 Switching\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n",), stall, "protocol"),
    "endless_header": ((b"HTTP/1.1 200 OK\r\nx: ", *[b"x" * 60_000] * 4), stall, "protocol"),
    "endless_headers": ((b"HTTP/1.1 200 OK\r\n", b"x-padding: abcdefghijkl\r\n" * 4000), stall, "protocol"),
    "endless_interim_replies": ((b"HTTP/1.1 102 Processing\r\n\r\n" * 8000,), stall, "protocol"),
    "silence": ((), stall, "timeout"),
    "silence_after_the_headers": ((CHUNKED,), stall, "timeout"),
    "slow_headers": ((b"HTTP/1.1 ",), stall, "timeout"),
}


@pytest.mark.parametrize(("parts", "then", "kind"), FAULTS.values(), ids=FAULTS)
def test_every_fault_is_told_apart_and_none_passes_for_a_whole_reply(run, parts, then, kind):
    async def main():
        vendor = Vendor()
        vendor.scripts = [vendor.answering(*parts, then=then)]

        fault = await fault_of(vendor, first_byte_s=0.2 if kind == "timeout" else 10)

        assert fault.kind == kind
        assert vendor.connections == 1

    run(main)


def test_what_came_before_a_cut_can_still_be_read(run):
    async def main():
        vendor = Vendor()
        vendor.scripts = [vendor.answering(CHUNKED + b"5\r\nhello\r\n", then=hang_up)]
        client = Client()
        seen = b""
        async with running(vendor):
            reply = await ask(client, target(vendor.port))
            with pytest.raises(UpstreamFault, match="middle of the body"):
                while chunk := await reply.next():
                    seen += chunk

        assert seen == b"hello"
        client.close()

    run(main)


def test_a_refused_connection_is_a_connect_fault(run):
    async def main():
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            with pytest.raises(UpstreamFault) as caught:
                await ask(Client(), target(taken.getsockname()[1]))

        assert caught.value.kind == "connect"

    run(main)


def test_a_name_that_does_not_resolve_is_a_connect_fault(run):
    async def main():
        with pytest.raises(UpstreamFault) as caught:
            await ask(Client(), target(80, host="no-such-host.invalid"))

        assert caught.value.kind == "connect"

    run(main)


def test_a_server_that_does_not_accept_is_given_up_in_time(run):
    async def main():
        with socket.socket() as full, socket.socket() as first, socket.socket() as second:
            full.bind(("127.0.0.1", 0))
            full.listen(0)
            for plug in (first, second):  # the backlog of a server that never accepts
                plug.setblocking(False)
                plug.connect_ex(full.getsockname())
            with pytest.raises(UpstreamFault) as caught:
                await ask(Client(), target(full.getsockname()[1]), connect_s=0.2)

        assert (caught.value.kind, caught.value.detail) == ("timeout", "no connection within 0.2 s")

    run(main)


def test_a_body_beyond_the_limit_is_refused_and_its_connection_closed(run):
    async def main():
        vendor = Vendor()
        vendor.scripts = [vendor.answering(b"HTTP/1.1 200 OK\r\ncontent-length: 99999\r\n\r\n", b"x" * 5000)]
        client = Client()
        async with running(vendor):
            reply = await ask(client, target(vendor.port))
            with pytest.raises(UpstreamFault, match="longer than 1000 bytes"):
                await reply.read(1000)

            await asyncio.wait_for(vendor.closed.wait(), SOON)
            client.close()

    run(main)


def test_a_reader_who_stops_makes_the_vendor_stop_and_loses_nothing(run):
    size = 40_000_000

    async def main():
        sent = 0

        async def flood(line: Line) -> None:
            nonlocal sent
            while sent < size:
                line.writer.write(b"x" * 100_000)
                await line.writer.drain()
                sent += 100_000
            await line.gone()

        vendor = Vendor()
        vendor.scripts = [vendor.answering(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % size, then=flood)]
        client = Client()
        async with running(vendor):
            reply = await ask(client, target(vendor.port))
            still = -1
            while still != sent:
                still = sent
                await asyncio.sleep(0.2)

            assert sent < size / 2
            assert reply.held < 2_000_000
            assert len(await reply.read(size)) == size
            client.close()

    run(main)


async def one_then(vendor: Vendor, end: Script) -> None:
    """The vendor answers once, then does `end` to the next request on that connection; later connections are fine."""
    answers = 0

    async def first(line: Line) -> None:
        nonlocal answers
        while request := await line.request():
            vendor.requests.append(request)
            if answers:
                return await end(line)
            answers += 1
            await line.say(OK)

    vendor.scripts = [first, vendor.answering(OK)]


@pytest.mark.parametrize("end", [hang_up, reset])
def test_a_request_on_a_connection_that_turns_out_stale_is_sent_once_more(run, end):
    async def main():
        vendor = Vendor()
        await one_then(vendor, end)
        client = Client()
        async with running(vendor):
            await ask(client, target(vendor.port))
            reply = await ask(client, target(vendor.port))

            assert await reply.read(100) == b"hello"
            assert (vendor.connections, len(vendor.requests)) == (2, 3)
            client.close()

    run(main)


def test_a_connection_that_the_vendor_closed_meanwhile_is_not_used(run):
    async def main():
        vendor = Vendor()
        vendor.scripts = [vendor.answering(OK, then=hang_up), vendor.answering(OK)]
        client = Client()
        async with running(vendor):
            await ask(client, target(vendor.port))
            await asyncio.sleep(0.05)
            await ask(client, target(vendor.port))

            assert (vendor.connections, len(vendor.requests)) == (2, 2)
            client.close()

    run(main)


async def half_an_answer(line: Line) -> None:
    await line.say(b"HTTP/1.1 2")
    line.writer.close()


async def late(line: Line) -> None:
    await asyncio.sleep(0.3)
    line.writer.close()


@pytest.mark.parametrize("end", [half_an_answer, late])
def test_a_request_that_was_perhaps_worked_on_is_not_sent_again(run, end):
    async def main():
        vendor = Vendor()
        await one_then(vendor, end)
        client = Client(stale_s=0.1)
        async with running(vendor):
            await ask(client, target(vendor.port))
            with pytest.raises(UpstreamFault) as caught:
                await ask(client, target(vendor.port))

            assert caught.value.kind == "closed"
            assert (vendor.connections, len(vendor.requests)) == (1, 2)
            client.close()

    run(main)


@pytest.mark.parametrize("surplus", [OK, b"garbage", b"HTTP/1.1 2"])
@pytest.mark.parametrize("apart", [True, False])
def test_bytes_that_nobody_asked_for_never_answer_the_next_request(run, surplus, apart):
    async def main():
        vendor = Vendor()
        parts = (OK, surplus) if apart else (OK + surplus,)
        vendor.scripts = [vendor.answering(*parts), vendor.answering(OK.replace(b"hello", b"right"))]
        client = Client()
        async with running(vendor):
            assert await (await ask(client, target(vendor.port))).read(100) == b"hello"
            await asyncio.sleep(0.05)
            assert await (await ask(client, target(vendor.port))).read(100) == b"right"
            assert vendor.connections == 2
            client.close()

    run(main)


def test_a_request_answered_before_it_was_read_does_not_leave_its_rest_to_the_next(run):
    async def main():
        async def hasty(line: Line) -> None:
            await line.reader.readuntil(b"\r\n\r\n")
            await line.say(b"HTTP/1.1 413 Too Large\r\ncontent-length: 2\r\n\r\nno")
            await asyncio.sleep(0.2)

        vendor = Vendor(hasty)
        client = Client()
        async with running(vendor):
            reply = await ask(client, target(vendor.port), body=b"x" * 30_000_000)

            assert (reply.status, await reply.read(100)) == (413, b"no")
            assert not any(client._idle.values())
            client.close()

    run(main)


WAITS = {
    "for_the_headers": (),
    "inside_the_headers": (b"HTTP/1.1 200 OK\r\ncontent-ty",),
    "for_the_body": (CHUNKED,),
    "inside_the_body": (CHUNKED + b"5\r\nhello\r\n",),
}


@pytest.mark.parametrize("parts", WAITS.values(), ids=WAITS)
def test_a_caller_who_leaves_closes_the_connection_at_once(run, parts):
    async def main():
        async def watch(line: Line) -> None:
            asked.set()
            await line.gone()
            vendor.closed.set()

        asked = asyncio.Event()
        vendor = Vendor()
        vendor.scripts = [vendor.answering(*parts, then=watch)]
        client = Client()
        async with running(vendor):
            task = asyncio.create_task(drain(client, vendor.port))
            await asked.wait()
            await asyncio.sleep(0.02)
            task.cancel()

            await asyncio.wait_for(vendor.closed.wait(), SOON)
            with pytest.raises(asyncio.CancelledError):
                await task
            assert not any(client._idle.values())
            client.close()

    run(main)


async def drain(client: Client, port: int) -> None:
    reply = await ask(client, target(port))
    while await reply.next():
        pass


def test_a_caller_who_leaves_while_connecting_leaves_nothing_behind(run):
    async def main():
        with socket.socket() as full, socket.socket() as first, socket.socket() as second:
            full.bind(("127.0.0.1", 0))
            full.listen(0)
            for plug in (first, second):
                plug.setblocking(False)
                plug.connect_ex(full.getsockname())
            task = asyncio.create_task(ask(Client(), target(full.getsockname()[1])))
            await asyncio.sleep(0.05)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await asyncio.sleep(0.05)

    run(main)


def test_a_reply_that_is_closed_unread_closes_its_connection(run):
    async def main():
        async def watch(line: Line) -> None:
            await line.gone()
            vendor.closed.set()

        vendor = Vendor()
        vendor.scripts = [vendor.answering(CHUNKED + b"5\r\nhello\r\n", then=watch)]
        client = Client()
        async with running(vendor):
            reply: Reply = await ask(client, target(vendor.port))
            reply.close()
            reply.close()

            await asyncio.wait_for(vendor.closed.wait(), SOON)
            with pytest.raises(UpstreamFault):
                await reply.next()
            client.close()

    run(main)


def test_a_reader_may_wait_for_the_next_bytes_until_a_given_time_and_go_on_afterwards(run):
    async def main():
        async def later(line: Line) -> None:
            await line.reader.readexactly(1)
            await line.say(b"5\r\nhello\r\n0\r\n\r\n")

        vendor = Vendor()
        vendor.scripts = [vendor.answering(CHUNKED, then=later)]
        client = Client()
        async with running(vendor):
            reply = await ask(client, target(vendor.port))
            loop = asyncio.get_running_loop()

            assert await reply.next_by(loop.time() + 0.05) is None
            assert await reply.next_by(loop.time() - 1) is None
            reply._carrier.transport.write(b".")  # type: ignore[attr-defined]
            assert await reply.next_by(loop.time() + 10) == b"hello"
            assert await reply.next_by(loop.time() + 10) == b""
            client.close()

    run(main)


def test_proxies_of_the_environment_are_ignored(run, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")

    async def main():
        vendor = Vendor()
        vendor.scripts = [vendor.answering(OK)]
        client = Client()
        async with running(vendor):
            assert await (await ask(client, target(vendor.port))).read(100) == b"hello"
            client.close()

    run(main)


RAW = zlib.compressobj(wbits=-15)
COMPRESSED = {
    "gzip": (b"gzip", gzip.compress(b"hello" * 100)),
    "gzip in capitals, beside identity": (b"identity, GZIP", gzip.compress(b"hello" * 100)),
    "deflate": (b"deflate", zlib.compress(b"hello" * 100)),
    "deflate without its header": (b"deflate", RAW.compress(b"hello" * 100) + RAW.flush()),
}


@pytest.mark.parametrize(("coding", "body"), COMPRESSED.values(), ids=COMPRESSED)
def test_a_body_that_comes_compressed_is_read(run, coding, body):
    """Nobody asks for it; any other client would read it all the same."""

    async def main():
        vendor = Vendor()
        head = b"HTTP/1.1 200 OK\r\ncontent-encoding: %b\r\ncontent-length: %d\r\n\r\n" % (coding, len(body))
        vendor.scripts = [vendor.answering(head + body[:7], body[7:])]
        async with running(vendor):
            client = Client()
            try:
                assert await (await ask(client, target(vendor.port))).read(10_000) == b"hello" * 100
            finally:
                client.close()

    run(main)

"""The upstream client over TLS, with an authority made for the test: who is trusted, pinned and named."""

import asyncio
import hashlib
import shutil
import ssl
import subprocess

import pytest
import uvloop

from gateway.catalog.facts import Pin
from gateway.upstreams.http1 import Client, Hop, Target, UpstreamFault
from tests.integration.scripted import OK, Vendor, ask, hang_up, reset, running, target

pytestmark = pytest.mark.services


def openssl(folder, *words):
    subprocess.run([shutil.which("openssl") or "openssl", *words], cwd=folder, check=True, capture_output=True)


@pytest.fixture(scope="module")
def papers(tmp_path_factory):
    """A folder with an authority (`ca.pem`) and a certificate by it for localhost (`leaf.pem`)."""
    folder = tmp_path_factory.mktemp("papers")
    new = ("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    openssl(folder, *new, "-x509", "-subj", "/CN=Test Authority", "-days", "2", "-keyout", "ca.key", "-out", "ca.pem",
            "-addext", "keyUsage=critical,keyCertSign")  # fmt: skip
    openssl(folder, *new, "-subj", "/CN=localhost", "-keyout", "leaf.key", "-out", "leaf.csr")
    (folder / "names").write_text("subjectAltName=DNS:localhost,DNS:*.vendor.example\n")
    openssl(folder, "x509", "-req", "-in", "leaf.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
            "-days", "2", "-extfile", "names", "-out", "leaf.pem")  # fmt: skip
    return folder


@pytest.fixture
def server_side(papers):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(papers / "leaf.pem", papers / "leaf.key")
    return context


@pytest.fixture
def client_side(papers):
    return ssl.create_default_context(cafile=papers / "ca.pem")


@pytest.fixture(params=["asyncio", "uvloop"])
def run(request):
    factory = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}[request.param]

    def runner(main):
        with asyncio.Runner(loop_factory=factory) as loop:
            loop.run(asyncio.wait_for(main(), 20))

    return runner


def test_a_reply_comes_over_tls_and_names_its_certificate(run, server_side, client_side):
    async def main():
        vendor = Vendor()
        vendor.scripts = [vendor.answering(OK)]
        client = Client(tls=client_side)
        async with running(vendor, server_side):
            for _ in range(3):
                reply = await ask(client, target(vendor.port, scheme="https", host="localhost"))
                assert await reply.read(100) == b"hello"
                assert reply.certificate == "localhost"
            assert vendor.connections == 1
            client.close()

    run(main)


def test_the_name_is_sent_so_that_a_shared_server_can_choose(run, server_side, client_side):
    async def main():
        asked = []
        server_side.sni_callback = lambda connection, name, context: asked.append(name)
        vendor = Vendor()
        vendor.scripts = [vendor.answering(OK)]
        client = Client(tls=client_side)
        async with running(vendor, server_side):
            await ask(client, target(vendor.port, scheme="https", host="localhost"))
            client.close()

        assert asked == ["localhost"]

    run(main)


def test_an_authority_that_the_system_does_not_know_is_not_trusted(run, server_side):
    async def main():
        vendor = Vendor()
        vendor.scripts = [vendor.answering(OK)]
        client = Client()
        async with running(vendor, server_side):
            with pytest.raises(UpstreamFault) as caught:
                await ask(client, target(vendor.port, scheme="https", host="localhost"))
            client.close()

        assert caught.value.kind == "tls"
        assert "not trusted" in caught.value.detail
        assert vendor.requests == []

    run(main)


def test_a_certificate_for_another_name_is_not_trusted(run, server_side, papers):
    async def main():
        vendor = Vendor()
        vendor.scripts = [vendor.answering(OK)]
        client = Client(tls=ssl.create_default_context(cafile=papers / "ca.pem"))
        async with running(vendor, server_side):
            with pytest.raises(UpstreamFault) as caught:
                await ask(client, target(vendor.port, scheme="https", host="127.0.0.1"))
            client.close()

        assert caught.value.kind == "tls"
        assert vendor.requests == []

    run(main)


def test_a_vendor_that_speaks_no_tls_is_a_tls_fault(run, client_side):
    async def main():
        async def plain(line):
            await line.say(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        vendor = Vendor(plain)
        client = Client(tls=client_side)
        async with running(vendor):
            with pytest.raises(UpstreamFault) as caught:
                await ask(client, target(vendor.port, scheme="https", host="localhost"))
            client.close()

        assert caught.value.kind == "tls"

    run(main)


def test_a_handshake_that_never_ends_is_given_up_in_time(run, client_side):
    async def main():
        async def mute(line):
            await line.gone()
            vendor.closed.set()

        vendor = Vendor(mute)
        client = Client(tls=client_side)
        async with running(vendor):
            with pytest.raises(UpstreamFault) as caught:
                await ask(client, target(vendor.port, scheme="https", host="localhost"), connect_s=0.2)

            assert caught.value.kind == "timeout"
            await asyncio.wait_for(vendor.closed.wait(), 2)
            client.close()

    run(main)


PINS = {
    "holds": (Pin(host_suffix="localhost", cidr="127.0.0.0/8", certificate="localhost"), None),
    "host": (Pin(host_suffix="vendor.example"), "host localhost is not under vendor.example"),
    "address": (Pin(cidr="203.0.113.0/24"), "address 127.0.0.1 is not in 203.0.113.0/24"),
    "certificate": (
        Pin(certificate="other.example"),
        "certificate (localhost, *.vendor.example) is not other.example",
    ),
}


@pytest.mark.parametrize(("pin", "wrong"), PINS.values(), ids=PINS)
def test_a_pin_is_checked_before_a_byte_of_the_request_is_sent(run, server_side, client_side, pin, wrong):
    async def main():
        vendor = Vendor()
        vendor.scripts = [vendor.answering(OK)]
        client = Client(tls=client_side)
        async with running(vendor, server_side):
            where = target(vendor.port, scheme="https", host="localhost", pin=pin)
            if wrong is None:
                assert await (await ask(client, where)).read(100) == b"hello"
                client.close()
                return
            with pytest.raises(UpstreamFault) as caught:
                await ask(client, where)
            await asyncio.sleep(0.05)

        assert (caught.value.kind, caught.value.detail) == ("pin", wrong)
        assert vendor.requests == []

    run(main)


def test_a_fingerprint_pins_one_certificate(run, server_side, client_side, papers):
    async def main():
        encoded = ssl.PEM_cert_to_DER_cert((papers / "leaf.pem").read_text())
        pin = Pin(certificate="sha256:" + hashlib.sha256(encoded).hexdigest())
        vendor = Vendor()
        vendor.scripts = [vendor.answering(OK)]
        client = Client(tls=client_side)
        async with running(vendor, server_side):
            reply = await ask(client, target(vendor.port, scheme="https", host="localhost", pin=pin))

            assert await reply.read(100) == b"hello"
            client.close()

    run(main)


@pytest.mark.parametrize("end", [hang_up, reset])
def test_a_cut_body_is_a_fault_over_tls_too(run, server_side, client_side, end):
    async def main():
        vendor = Vendor()
        vendor.scripts = [vendor.answering(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhell", then=end)]
        client = Client(tls=client_side)
        async with running(vendor, server_side):
            reply = await ask(client, target(vendor.port, scheme="https", host="localhost"))
            with pytest.raises(UpstreamFault) as caught:
                await reply.read(100)
            client.close()

        assert caught.value.kind == "closed"

    run(main)


def test_a_caller_who_leaves_closes_a_tls_connection_at_once(run, server_side, client_side):
    async def main():
        async def watch(line):
            asked.set()
            await line.gone()
            vendor.closed.set()

        asked = asyncio.Event()
        vendor = Vendor()
        vendor.scripts = [vendor.answering(then=watch)]
        client = Client(tls=client_side)
        async with running(vendor, server_side):
            task = asyncio.create_task(ask(client, target(vendor.port, scheme="https", host="localhost")))
            await asked.wait()
            task.cancel()

            await asyncio.wait_for(vendor.closed.wait(), 2)
            with pytest.raises(asyncio.CancelledError):
                await task
            client.close()

    run(main)


def test_a_caller_who_leaves_during_the_handshake_leaves_nothing_behind(run, client_side):
    async def main():
        async def mute(line):
            reached.set()
            await line.gone()
            vendor.closed.set()

        reached = asyncio.Event()
        vendor = Vendor(mute)
        client = Client(tls=client_side)
        async with running(vendor):
            task = asyncio.create_task(ask(client, target(vendor.port, scheme="https", host="localhost")))
            await reached.wait()
            task.cancel()

            await asyncio.wait_for(vendor.closed.wait(), 2)
            with pytest.raises(asyncio.CancelledError):
                await task
            client.close()

    run(main)


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "the proxy answers 407; its login"),
        (b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 3\r\n\r\nabc", "the proxy answers 502"),
        (b"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello", "more than was asked"),
        (b"SSH-2.0-OpenSSH_9\r\n\r\n", "does not answer in HTTP/1.1"),
        (b"HTTP/1.1 200 OK\r\nx: " + b"y" * 40_000, "too long"),
        (b"", "closed the connection"),
    ],
)
def test_a_proxy_that_opens_no_tunnel_gets_no_byte_of_the_request(run, answer, told):
    async def main():
        heard = bytearray()

        async def proxy(reader, writer):
            heard.extend(await reader.readuntil(b"\r\n\r\n"))
            writer.write(answer)
            writer.write_eof()
            heard.extend(await reader.read())
            writer.close()

        server = await asyncio.start_server(proxy, "127.0.0.1", 0)
        hop = Hop("127.0.0.1", server.sockets[0].getsockname()[1], "Basic c2VjcmV0")
        client = Client()
        where = Target.of("https://vendor.example:8443/v1", "/chat/completions", hop=hop)
        with pytest.raises(UpstreamFault) as caught:
            await ask(client, where, body=b'{"messages": "private"}')
        client.close()
        server.close()
        await asyncio.sleep(0.01)

        assert caught.value.kind == "connect"
        assert told in caught.value.detail
        assert "c2VjcmV0" not in str(caught.value)
        assert bytes(heard) == (
            b"CONNECT vendor.example:8443 HTTP/1.1\r\nhost: vendor.example:8443\r\n"
            b"proxy-authorization: Basic c2VjcmV0\r\n\r\n"
        )

    run(main)

"""Claims about connections in a closed network: a real proxy, private authorities, certificates that change.

One gateway, with TLS on both listeners, run below strace: no process of it connects elsewhere than it was told.
"""

from __future__ import annotations

import base64
import http.client
import json
import re
import shutil
import socket
import ssl
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import trustme

from tests.integration.upstreams import KEY, Upstreams, chat, folder, serving
from tests.running import ADMIN_TOKEN, PATIENCE_S, Running, free_port, starter

pytestmark = pytest.mark.services
LOGIN = "gateway:word-of-the-proxy"
TRACED = (
    "-c",
    "import os, sys\n"
    "options = ['-D', '-f', '-qq', '--seccomp-bpf', '-e', 'trace=connect,sendto', '-e', 'signal=none', '-o']\n"
    "program = [sys.executable, '-u', '-m', 'gateway', *sys.argv[1:]]\n"
    "os.execvp('strace', ['strace', *options, os.environ['TRACE'], *program])",
)
WITHOUT_OLD_HASHES = """
import hashlib, os
from functools import partial
def strictly(name):
    made = getattr(hashlib, name)
    def asked(data=b"", *, usedforsecurity=True):
        if usedforsecurity:
            with open(os.environ["HASHED"], "a") as file:
                file.write(name)
            raise ValueError("this machine knows no " + name)
        return made(data, usedforsecurity=False)
    return asked
made_by_name = hashlib.new
hashlib.md5, hashlib.sha1 = strictly("md5"), strictly("sha1")
old = {"md5": hashlib.md5, "sha1": hashlib.sha1}
hashlib.new = lambda name, *rest, **more: old.get(name.lower(), partial(made_by_name, name))(*rest, **more)
open(os.environ["HASHED"] + ".begun", "a").close()
"""  # as a machine in FIPS mode, for every process
ROW = """
  - {id: MODEL, hosting: self, storage: [], inference: [US], trains_on_data: false, retention_days: 0, api: openai,
     base_url: "URL", WAY, prices: [{since: 2026-01-01, input: 1, output: 2}]}
"""


@dataclass
class Papers:
    """Who vouches for whom; files are replaced as a secret store replaces them."""

    home: Path
    authority: trustme.CA  # of the vendor and of our listeners
    ours: trustme.CA  # of what we show the vendor

    def issue(self, name: str, by: trustme.CA, host: str = "localhost") -> Path:
        """A file with key and certificate, put where an older one is in one step."""
        made = by.issue_cert(host)
        path, fresh = self.home / name, self.home / f"{name}.fresh"
        made.private_key_and_cert_chain_pem.write_to_path(str(fresh))
        fresh.replace(path)
        return path

    def trusting(self, *, shows: Path | None = None) -> ssl.SSLContext:
        context = ssl.create_default_context()
        self.authority.configure_trust(context)
        if shows is not None:
            context.load_cert_chain(shows)
        return context


@dataclass
class Proxy:
    port: int
    log: Path

    def asked(self) -> int:
        """How many tunnels it made."""
        return self.log.read_text().count("CONNECT localhost:")


@dataclass
class House:
    gateway: Running
    papers: Papers
    upstreams: Upstreams
    shown: list[str]  # names in the certificates that the vendor was shown, one a connection
    proxy: Proxy
    login_file: Path
    trace: Path
    collector: int

    def ask(self, model: str) -> tuple[int, Any]:
        """Of callers' listener, by a caller who knows the private authority alone."""
        body = json.dumps(chat(model)).encode()
        headers = {"authorization": f"Bearer {KEY}", "content-type": "application/json"}
        return self.exchange(self.gateway.port, "POST", "/v1/chat/completions", body, headers)

    def exchange(
        self,
        port: int,
        method: str,
        path: str,
        body: bytes | None,
        headers: dict[str, str],
        context: ssl.SSLContext | None = None,
    ) -> tuple[int, Any]:
        line = http.client.HTTPSConnection(
            "localhost", port, timeout=PATIENCE_S, context=context or self.papers.trusting()
        )
        try:
            line.request(method, path, body, headers)
            reply = line.getresponse()
            return reply.status, reply.read()
        finally:
            line.close()


def _until(holds: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE_S
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.1)
    return holds()


def _vendor_side(papers: Papers, shown: list[str]) -> ssl.SSLContext:
    """Wants a certificate of whoever connects."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    papers.authority.issue_cert("localhost").configure_cert(context)
    papers.ours.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED

    class Noted(ssl.SSLObject):
        def do_handshake(self) -> None:
            super().do_handshake()
            found: Any = (self.getpeercert() or {}).get("subjectAltName", ())
            shown.extend(str(name) for _, name in found)

    context.sslobject_class = Noted
    return context


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Papers:
    papers = Papers(tmp_path_factory.mktemp("papers"), trustme.CA(), trustme.CA())
    papers.authority.cert_pem.write_to_path(str(papers.home / "ca.pem"))
    papers.ours.cert_pem.write_to_path(str(papers.home / "ours.pem"))
    return papers


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """One of the wild, which lets nobody through without a login."""
    port, log = free_port(), tmp_path_factory.mktemp("proxy") / "log"
    options = ["--hostname", "127.0.0.1", "--port", str(port), "--basic-auth", LOGIN, "--num-workers", "1"]
    log.touch()
    command = [sys.executable, "-m", "proxy", *options, "--num-acceptors", "1", "--log-file", str(log)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        assert _until(lambda: _answers(port)), log.read_text()
        yield Proxy(port, log)
    finally:
        process.terminate()
        process.wait(20)


def _answers(port: int) -> bool:
    with socket.socket() as plug:
        return plug.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, papers: Papers, proxy: Proxy) -> Iterator[House]:
    home = tmp_path_factory.mktemp("house")
    shown: list[str] = []
    collector = free_port()  # where nobody listens
    login_file, trace = home / "login", home / "trace"
    login_file.write_text(LOGIN)
    (home / "sitecustomize.py").write_text(WITHOUT_OLD_HASHES)
    ca, client = papers.home / "ca.pem", papers.issue("client.pem", papers.ours, "gateway.bank.example")
    ways = {
        "m@a": f'ca_file: "{ca}", client_cert: "{client}"',
        "m@a/anonymous": f'ca_file: "{ca}"',
        "m@a/strange": f'client_cert: "{client}"',
        "m@b": f'ca_file: "{ca}", client_cert: "{client}", proxy: true',
        "m@b/file": f'ca_file: "{ca}", client_cert: "{client}", '
        f'proxy: {{url: "http://127.0.0.1:{proxy.port}", login_file: "{login_file}"}}',
        "w@c": f'ca_file: "{home}/nothing.pem"',
    }
    with serving(_vendor_side(papers, shown)) as upstreams:
        policies = folder(home / "policies", dict.fromkeys("abc", "unused"))
        file = policies / "catalog" / "all.yaml"
        head = file.read_text().partition("endpoints:")[0]
        rows = [
            ROW.replace("MODEL", name)
            .replace("URL", f"https://localhost:{upstreams.port}/{name[2]}")
            .replace("WAY", way)
            for name, way in ways.items()
        ]
        file.write_text(head + "endpoints:\n" + "".join(rows))
        started: list[Running] = []
        environment = {
            "HTTPS_PROXY": f"http://{LOGIN}@127.0.0.1:{proxy.port}",
            "HTTP_PROXY": f"http://{LOGIN}@127.0.0.1:{proxy.port}",
            "ALL_PROXY": f"http://{LOGIN}@127.0.0.1:{proxy.port}",
            "GATEWAY_TLS_CERT": str(papers.issue("callers.pem", papers.authority)),
            "GATEWAY_CONTROL_TLS_CERT": str(papers.issue("control.pem", papers.authority)),
            "GATEWAY_CONTROL_TLS_CLIENT_CA": str(papers.home / "ours.pem"),
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{collector}",
            "OTEL_BSP_SCHEDULE_DELAY": "200",
            "TRACE": str(trace),
            "HASHED": str(home / "hashed"),
            "PYTHONPATH": str(home),
        }
        start = starter(home, started)
        try:
            gateway = start(policies, environment=environment, program=TRACED, begun=_answering)
            yield House(gateway, papers, upstreams, shown, proxy, login_file, trace, collector)
        finally:
            for each in started:
                each.stop()


def _answering(running: Running) -> bool:
    return "entrepot serves" in running.log.read_text()


def test_callers_and_administrators_come_by_tls_alone(house: House) -> None:
    assert house.ask("m@a")[0] == 200
    with pytest.raises((http.client.HTTPException, OSError)):
        house.gateway.ask("GET", "/health/live")
    assert f"https://127.0.0.1:{house.gateway.port}" in house.gateway.log.read_text()
    old = house.papers.trusting()
    old.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings(action="ignore"):
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(ssl.SSLError):
        house.exchange(house.gateway.port, "GET", "/health/live", None, {}, old)


def test_administrators_show_a_certificate_as_well(house: House) -> None:
    asked = {"authorization": f"Bearer {ADMIN_TOKEN}"}
    with pytest.raises((ssl.SSLError, ConnectionError)):
        house.exchange(house.gateway.control_port, "GET", "/api/policy", None, asked)
    shows = house.papers.trusting(shows=house.papers.issue("admin.pem", house.papers.ours, "admin.bank.example"))

    assert house.exchange(house.gateway.control_port, "GET", "/api/policy", None, asked, shows)[0] == 200


def test_an_endpoint_is_trusted_by_its_own_authority_and_sees_our_certificate(house: House) -> None:
    tunnels = house.proxy.asked()
    assert house.ask("m@a")[0] == 200
    assert house.shown[-1] == "gateway.bank.example"
    assert house.proxy.asked() == tunnels  # whatever the environment says

    for stranger in ("m@a/strange", "m@a/anonymous"):
        asked = len(house.upstreams.asked)
        status, said = house.ask(stranger)
        assert (status, len(house.upstreams.asked)) == (502, asked), said


@pytest.mark.parametrize("model", ["m@b", "m@b/file"])
def test_an_endpoint_is_reached_through_its_proxy_which_reads_nothing(house: House, model: str) -> None:
    tunnels = house.proxy.asked()

    assert house.ask(model)[0] == 200
    assert _until(lambda: house.proxy.asked() > tunnels)
    assert KEY not in house.proxy.log.read_text()


def test_a_proxy_that_lets_nobody_through_is_told_and_its_login_is_not(house: House) -> None:
    house.login_file.write_text("gateway:another-word-entirely")
    assert _until(lambda: "holds another key" in house.gateway.log.read_text())
    status, said = house.ask("m@b/file")
    house.login_file.write_text(LOGIN)

    assert status == 502
    assert b"the proxy answers 407" in said
    assert b"another-word" not in said
    assert _until(lambda: house.ask("m@b/file")[0] == 200)
    written = house.gateway.log.read_bytes() + b"".join(
        path.read_bytes() for path in house.gateway.state_dir.rglob("*") if path.is_file()
    )
    for secret in (LOGIN.partition(":")[2], "another-word-entirely", base64.b64encode(LOGIN.encode()).decode()):
        assert secret.encode() not in written


def test_an_endpoint_whose_files_are_not_there_is_passed_over_and_says_so(house: House) -> None:
    status, said = house.ask("w@c")

    assert status == 503
    assert b"certificates of w@c cannot be used" in said
    assert "nothing.pem cannot be read" in house.gateway.log.read_text()


def test_certificates_that_are_swapped_are_used_without_a_restart(house: House) -> None:
    def shown_by_us() -> bytes:
        plug = socket.create_connection(("localhost", house.gateway.port))
        with house.papers.trusting().wrap_socket(plug, server_hostname="localhost") as line:
            return line.getpeercert(binary_form=True) or b""

    before = shown_by_us()
    (house.papers.home / "callers.pem").write_text("half of a file that is being writ")
    assert _until(lambda: "stays in use" in house.gateway.log.read_text())
    assert shown_by_us() == before
    house.papers.issue("callers.pem", house.papers.authority)
    house.papers.issue("client.pem", house.papers.ours, "gateway2.bank.example")

    assert _until(lambda: shown_by_us() != before)
    assert _until(lambda: house.ask("m@a")[0] == 200 and house.shown[-1] == "gateway2.bank.example")


def test_a_listener_whose_certificate_cannot_be_used_does_not_begin(house: House) -> None:
    for name, way_out in (("TLS_CERT", "cannot be read"), ("TLS_CLIENT_CA", "GATEWAY_TLS_CERT")):
        settings = {"GATEWAY_STATE_DIR": str(house.trace.parent / name), f"GATEWAY_{name}": "/nowhere.pem"}
        settings["GATEWAY_CONTROL_PORT"] = str(free_port())
        command = [sys.executable, "-m", "gateway", "serve", "--port", str(free_port())]
        ended = subprocess.run(command, env=settings, capture_output=True, text=True, timeout=PATIENCE_S)

        assert (ended.returncode, "Traceback" in ended.stderr) == (2, False), ended.stderr
        assert way_out in ended.stderr


def test_nothing_that_is_kept_from_others_stands_on_md5_or_sha1(house: House) -> None:
    """The whole file runs without them; a console's page and a report besides."""
    asked = {"authorization": f"Bearer {ADMIN_TOKEN}"}
    shows = house.papers.trusting(shows=house.papers.issue("admin.pem", house.papers.ours, "admin.bank.example"))
    for path in ("/", "/docs", "/metrics", "/api/reports/adoption?format=html"):
        status, said = house.exchange(house.gateway.control_port, "GET", path, None, asked, shows)
        assert status == 200, (path, said)
    assert (house.trace.parent / "hashed.begun").exists()
    assert not (house.trace.parent / "hashed").exists()


def test_nothing_connects_anywhere_but_to_endpoints_proxies_and_the_collector(house: House) -> None:
    """The last of this file: of all processes, since they began."""
    assert shutil.which("strace")
    ours = {house.gateway.port, house.gateway.control_port}  # which it looks at until they answer
    known = {house.upstreams.port, house.proxy.port, house.collector}
    assert _until(lambda: _connected(house.trace) >= {("127.0.0.1", port) for port in known})
    reached = _connected(house.trace)

    assert {(host, port) for host, port in reached if port not in known | ours} == set()
    assert {host for host, _ in reached} <= {"127.0.0.1", "::1"}
    assert "/v1/traces" not in house.proxy.log.read_text()


def _connected(trace: Path) -> set[tuple[str, int]]:
    """Hosts and ports; port 0 is how the system asks itself which of a name's addresses it could reach."""
    v4 = re.compile(r'sin_port=htons\((\d+)\), sin_addr=inet_addr\("([^"]+)"\)')
    v6 = re.compile(r'sin6_port=htons\((\d+)\).*?inet_pton\(AF_INET6, "([^"]+)"')
    text = trace.read_text()
    return {(host, int(port)) for each in (v4, v6) for port, host in each.findall(text) if int(port)}

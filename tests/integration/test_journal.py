"""Whoever is killed, whatever is away: the ledger holds what callers and upstreams saw, each request once."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from gateway.record.ledger import ingest
from gateway.record.store import open_store
from tests.integration.test_passthrough import CALLERS, CATALOG, KEY, POLICY
from tests.private_postgresql import PostgreSQL
from tests.running import PATIENCE_S, Running, Start

pytestmark = pytest.mark.services
AUTHORIZATION = {"authorization": f"Bearer {KEY}"}
CHAT = {"model": "auto", "messages": [{"role": "user", "content": "Why do ships float?"}]}
REPLY = (
    b'{"choices":[{"index":0,"message":{"content":"Hi"},"finish_reason":"stop"}],'
    b'"usage":{"prompt_tokens":9,"completion_tokens":2}}'
)
CALLS = 4  # at once
DUMP = """if True:
    import os, pathlib, signal, sys
    def dump(*_):
        pathlib.Path(os.environ["DUMP"], str(os.getpid())).write_text("\\n".join(sys.modules))
    signal.signal(signal.SIGUSR1, dump)
    from gateway.cli import main
    main()
"""
FULL = """if True:
    import resource
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
    from gateway.cli import main
    main()
"""


@pytest.fixture(scope="module")
def upstream() -> Iterator[ThreadingHTTPServer]:
    class Answering(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            server.seen += 1  # type: ignore[attr-defined]
            self.send_response(200)
            self.send_header("content-length", str(len(REPLY)))
            self.end_headers()
            self.wfile.write(REPLY)

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    server.daemon_threads = True
    server.seen = 0  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def policies(tmp_path: Path, upstream: ThreadingHTTPServer) -> Path:
    folder = tmp_path / "policies"
    (folder / "catalog").mkdir(parents=True)
    (folder / "catalog" / "all.yaml").write_text(
        CATALOG.replace("PORT", str(upstream.server_port)).replace("GATEWAY_KEY_TEST", "null")
    )
    (folder / "callers.yaml").write_text(CALLERS)
    (folder / "policy.yaml").write_text(POLICY)
    return folder


@pytest.fixture(scope="module")
def database() -> Iterator[PostgreSQL]:
    server = PostgreSQL()
    yield server
    server.close()


@dataclass
class Calls:
    """What callers saw."""

    answered: list[str] = field(default_factory=list)  # request ids
    others: Counter[object] = field(default_factory=Counter)  # statuses, and what connections died of
    slowest_s: float = 0.0

    def one(self, running: Running, body: object = CHAT) -> None:
        began = time.monotonic()
        try:
            status, headers, _ = running.ask("POST", "/v1/chat/completions", body, headers=AUTHORIZATION)
        except (OSError, http.client.HTTPException) as wrong:
            self.others[type(wrong).__name__] += 1
            time.sleep(0.05)
            return
        self.slowest_s = max(self.slowest_s, time.monotonic() - began)
        if status == 200:
            self.answered.append(headers["x-request-id"])
        else:
            self.others[status] += 1


@contextmanager
def calling(*gateways: Running) -> Iterator[Calls]:
    """Callers that never pause."""
    calls, over = Calls(), threading.Event()

    def keep(running: Running) -> None:
        while not over.is_set():
            calls.one(running)

    with ThreadPoolExecutor(CALLS * len(gateways)) as callers:
        for running in gateways * CALLS:
            callers.submit(keep, running)
        try:
            yield calls
        finally:
            over.set()


def waits(seconds: float, until: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError, http.client.HTTPException):
            if until():
                return True
        time.sleep(0.1)
    return False


def more(calls: Calls, count: int) -> None:
    """Waits for so many more answers."""
    before = len(calls.answered)
    assert waits(PATIENCE_S, lambda: len(calls.answered) >= before + count), calls.others


def recorded(running: Running, url: str | None = None) -> tuple[list[str], int]:
    """Ids of the ledger's rows, and how many it says are lost."""
    store = open_store(database_url=url, state_dir=running.state_dir)
    try:
        return [row["request_id"] for row in store.rows()], store.lost()
    finally:
        store.close()


@pytest.mark.parametrize("victim", ["worker", "control"])
def test_a_process_that_is_killed_costs_no_record_and_counts_none_twice(
    gateway: Start, policies: Path, upstream: ThreadingHTTPServer, victim: str
):
    upstream.seen = 0  # type: ignore[attr-defined]
    running = gateway(policies, workers=2)
    with calling(running) as calls:
        for _ in range(2):
            more(calls, 40)
            assert waits(PATIENCE_S, lambda: running.ask_control("GET", "/metrics")[0] == 200)
            os.kill(running.workers()[0] if victim == "worker" else running.control_pid(), signal.SIGKILL)
        more(calls, 40)
    assert waits(PATIENCE_S, lambda: counted(running) >= len(calls.answered)), running.log.read_text()[-3000:]
    assert waits(PATIENCE_S, lambda: len(recorded(running)[0]) >= counted(running) >= len(calls.answered))
    count = counted(running)
    running.stop()

    rows, lost = recorded(running)
    died = sum(calls.others.values())
    assert set(calls.answered) <= set(rows)
    assert (len(rows), lost) == (count, 0)
    assert len(calls.answered) <= len(rows) <= len(calls.answered) + died
    assert len(rows) <= upstream.seen <= len(calls.answered) + died  # type: ignore[attr-defined]
    assert victim == "worker" or died == 0


def test_a_database_that_is_killed_or_hangs_costs_no_request_and_no_record_of_two_gateways(
    gateway: Start, policies: Path, database: PostgreSQL
):
    both = [gateway(policies, environment={"GATEWAY_DATABASE_URL": database.url}) for _ in range(2)]
    with calling(*both) as calls:
        more(calls, 40)
        database.kill()
        more(calls, 40)
        assert both[0].ask("GET", "/health/live")[0] == both[1].ask("GET", "/health/ready")[0] == 200
        assert waits(PATIENCE_S, lambda: all("ledger" in each.ready()["degraded"] for each in both))
        database.start()
        more(calls, 40)
        database.freeze()
        try:
            more(calls, 40)
            assert both[0].ask("GET", "/health/live")[0] == both[1].ask("GET", "/health/ready")[0] == 200
            answered = len(calls.answered)
            assert waits(PATIENCE_S, lambda: sum(map(counted, both)) >= answered)  # metrics go on
        finally:
            database.thaw()
    assert waits(2 * PATIENCE_S, lambda: ids(database) >= set(calls.answered))
    assert waits(PATIENCE_S, lambda: all(each.ready()["degraded"] == [] for each in both))

    assert calls.others == {}
    assert len(database.rows("SELECT 1 FROM requests")) == len(calls.answered) == sum(map(counted, both))


def counted(running: Running) -> float:
    return running.metric("gateway_requests_total")


def ids(database: PostgreSQL) -> set[str]:
    return {str(row[0]) for row in database.rows("SELECT request_id FROM requests")}


def test_a_full_disk_stops_nobody_and_readiness_and_metrics_say_so(gateway: Start, policies: Path):
    (policies / "policy.yaml").write_text(POLICY + "record_signals: none\n")  # a language model is unpacked to a file
    running = gateway(policies, program=("-c", FULL))
    calls = Calls()
    for _ in range(20):
        calls.one(running)

    assert (len(calls.answered), calls.others) == (20, {})
    assert waits(PATIENCE_S, lambda: "disk" in running.json("/health/ready")["degraded"])
    assert running.counts("gateway_ledger_dropped_total", 20)
    assert running.ask("GET", "/health/ready")[0] == 200


def test_no_name_of_a_model_keeps_a_request_out_of_the_ledger(gateway: Start, policies: Path, database: PostgreSQL):
    names = ("gpt-4\0", "gpt-4" * 200_000, "\ud7ff\x7f", "gpt-4")
    (policies / "policy.yaml").write_text(POLICY.replace("aliases: {auto: any}", 'aliases: {"gpt-*": any, "*": any}'))
    running = gateway(policies, environment={"GATEWAY_DATABASE_URL": database.url})
    calls = Calls()
    for name in names:
        calls.one(running, CHAT | {"model": name})

    assert calls.others == {}
    assert waits(PATIENCE_S, lambda: ids(database) >= set(calls.answered))


def test_large_bodies_that_end_together_are_all_recorded(gateway: Start, policies: Path):
    running = gateway(policies)
    calls = Calls()
    large = CHAT | {"user": "x" * 6_000_000}
    with ThreadPoolExecutor(6) as callers:
        for _ in range(6):
            callers.submit(calls.one, running, large)
    running.stop()

    assert calls.others == {}
    assert sorted(recorded(running)[0]) == sorted(calls.answered)


def test_a_worker_imports_nothing_that_only_readers_need(gateway: Start, policies: Path, tmp_path: Path):
    running = gateway(policies, environment={"DUMP": str(tmp_path)}, program=("-c", DUMP))
    calls = Calls()
    calls.one(running)
    assert waits(PATIENCE_S, lambda: running.ask_control("GET", "/metrics")[0] == 200)
    (worker,) = running.workers()
    os.kill(worker, signal.SIGUSR1)
    assert waits(PATIENCE_S, lambda: (tmp_path / str(worker)).exists())

    imported = {name.partition(".")[0] for name in (tmp_path / str(worker)).read_text().split()}
    assert len(calls.answered) == 1
    assert imported & {"sqlalchemy", "psycopg", "opentelemetry", "prometheus_client", "fastapi", "starlette"} == set()


def test_a_state_folder_that_lost_its_parent_under_load_has_every_record(gateway: Start, policies: Path):
    running = gateway(policies, workers=2)
    with calling(running) as calls:
        more(calls, 60)
        os.kill(running.process.pid, signal.SIGKILL)
        assert waits(PATIENCE_S, lambda: calls.others["ConnectionRefusedError"] > 3)
    assert waits(PATIENCE_S, lambda: not Path(f"/proc/{running.control_pid()}").exists())
    ingest(running.state_dir, None)

    rows, lost = recorded(running)
    assert set(calls.answered) <= set(rows)
    assert (len(set(rows)), lost) == (len(rows), 0)

"""The ledger on SQLite and on a real PostgreSQL: the same rows, and what a crash costs."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.exc import OperationalError

from gateway.demo import stage, traffic
from gateway.demo.vendors import process
from gateway.outcome.priced import Priced
from gateway.outcome.savings import Effective
from gateway.policy.explain.rule_cost import RulePrices
from gateway.record.columns import request_row
from gateway.record.follower import Follower
from gateway.record.insert import insert
from gateway.record.journal.layout import FOLDER, journals
from gateway.record.journal.reader import Batch
from gateway.record.journal.writer import Writer
from gateway.record.ledger import LedgerSink, ingest
from gateway.record.schema import migrate
from gateway.record.store import REQUESTS, Store, open_store
from tests.running import Start, free_port
from tests.unit.record.build import FILES, GLM, QWEN, attempt, caller, decision, denied, entries, outcome, put, request
from tests.warm import command

pytestmark = pytest.mark.services


@pytest.fixture(scope="module")
def postgresql() -> Iterator[str]:
    """The URL of a private server."""
    binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1]
    folder = Path(tempfile.mkdtemp(prefix="gateway-postgresql-"))
    as_postgres: list[str | Path] = []
    if os.getuid() == 0:  # the server refuses to run as root
        shutil.chown(folder, "postgres", "postgres")
        as_postgres = ["runuser", "-u", "postgres", "--"]
    data = folder / "data"
    initdb: list[str | Path] = [
        *as_postgres,
        binaries / "initdb",
        "--pgdata",
        data,
        "--username",
        "gateway",
        "--auth",
        "trust",
        "--no-sync",
    ]
    subprocess.run(initdb, check=True, capture_output=True, cwd=folder)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    options: list[str | Path] = ["-p", str(port), "-k", folder, "-c", "listen_addresses=127.0.0.1"]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [*as_postgres, binaries / "postgres", "-D", data, *options], stdout=log, stderr=log, cwd=folder
        )
        try:
            _await_port(port)
            yield f"postgresql://gateway@127.0.0.1:{port}/postgres"
        finally:
            subprocess.run([*as_postgres, binaries / "pg_ctl", "stop", "-D", data, "-m", "fast"], capture_output=True)
            server.wait(30)
            shutil.rmtree(folder, ignore_errors=True)


def _await_port(port: int) -> None:
    for _ in range(200):
        try:
            psycopg.connect(host="127.0.0.1", port=port, user="gateway", dbname="postgres").close()
            return
        except psycopg.OperationalError:
            time.sleep(0.1)
    raise AssertionError("PostgreSQL did not start")


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str | None:
    """An empty ledger; None is SQLite in the state folder."""
    if request.param == "sqlite":
        return None
    url: str = request.getfixturevalue("postgresql")
    return fresh_database(url, f"ledger_{time.time_ns()}")


def fresh_database(url: str, name: str) -> str:
    """Of the server at `url`; its URL."""
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return url.removesuffix("/postgres") + f"/{name}"


def test_both_databases_give_the_same_rows(postgresql: str, tmp_path: Path):
    outcomes = [
        outcome(
            attempt(GLM, outcome="filtered", peer=None),
            attempt(QWEN),
            rerouted=(("glm-5@zai", "qwen3@self", "filtered"),),
        ),
        outcome(request=request("r2", at=1.25), decision=decision(data_class="regulated"), cost_usd=Decimal("1E-12")),
        denied("budget", request=request("r3", at=2.5), decision=None),
    ]
    rows, replies = {}, {}
    for url in (None, postgresql):
        store = open_store(database_url=url, state_dir=tmp_path)
        put(store, *outcomes)
        rows[url] = list(store.rows())
        replies[url] = store.replies(since=0.0)
        store.close()

    assert replies[None] == replies[postgresql] == {GLM.id: 1, QWEN.id: 2}
    assert [row["request_id"] for row in rows[None]] == ["r2", "r3", "r1"]
    assert rows[None] == rows[postgresql]


def test_postgresql_adds_money_up_exactly(postgresql: str, tmp_path: Path):
    store = open_store(database_url=postgresql, state_dir=tmp_path)
    put(store, *(outcome(request=request(f"m{n}"), cost_usd=Decimal("0.1")) for n in range(3)))
    store.close()

    engine = create_engine(postgresql.replace("postgresql:", "postgresql+psycopg:"))
    with engine.connect() as connection:
        total = connection.execute(text("SELECT SUM(cost_usd) FROM requests WHERE request_id LIKE 'm%'")).scalar_one()
    engine.dispose()

    assert total == Decimal("0.3")


def test_a_ledger_of_an_earlier_release_keeps_its_rows(database_url: str | None, tmp_path: Path):
    first = create_engine(address(database_url, tmp_path))
    with first.begin() as connection:
        migrate(connection, to=1)
        then = {column["name"] for column in inspect(connection).get_columns("requests")}
        names = tuple([name for name in REQUESTS if name in then])
        rows = [dict(zip(REQUESTS, request_row(entry), strict=True)) for entry in entries(outcome())]
        insert(connection, "requests", names, [tuple(row[name] for name in names) for row in rows])
    first.dispose()

    store = open_store(database_url=database_url, state_dir=tmp_path)
    put(store, outcome(request=request("r2")), priced=Priced(Effective(0.5, 0.1, 0.2, 0.3), RulePrices({}, {}, 0.25)))
    kept = {row["request_id"]: (row["baseline_effective_usd"], row["rules_usd"]) for row in store.rows()}
    read = {row.request_id: row for row in store.read(since=0.0)}
    used = store.last_uses()
    store.close()
    after = create_engine(address(database_url, tmp_path))
    indexes = {index["name"] for index in inspect(after).get_indexes("requests")}
    after.dispose()

    assert kept == {"r1": (None, {}), "r2": (0.5, {"marginal": {}, "alone": {}, "all": 0.25})}
    assert (read["r1"].baseline_effective_usd, read["r2"].baseline_effective_errors_usd) == (None, [0.1, 0.2, 0.3])
    assert list(used) == ["research-bot"]
    assert "requests_personal" in indexes


def test_several_control_processes_write_at_once(database_url: str | None, tmp_path: Path):
    program = """if True:
        import sys
        from pathlib import Path
        from gateway.record.journal.writer import Writer
        from gateway.record.ledger import ingest
        from tests.unit.record.build import outcome, put, request
        url, folder, name = sys.argv[1:]
        writer = Writer(Path(folder), most_bytes=1 << 30)
        for n in range(1000):
            writer.append(outcome(request=request(f"{name}-{n}")))
        writer.close()
        ingest(Path(folder), url or None)
    """
    readers = [subprocess.Popen(_python(program, database_url, tmp_path, str(n))) for n in range(3)]
    assert [each.wait(60) for each in readers] == [0, 0, 0]
    ingest(tmp_path, database_url)

    store = open_store(database_url=database_url, state_dir=tmp_path)
    assert sum(1 for _ in store.rows()) == 3000
    store.close()


def test_an_outage_of_the_database_is_survived(postgresql: str, tmp_path: Path):
    sink = LedgerSink(
        state_dir=tmp_path, database_url=postgresql, unwritable=lambda count: None, price=lambda entries: None
    )
    follower = Follower(tmp_path, sink)
    follower.start()
    writer = Writer(tmp_path, most_bytes=1 << 26)
    store = open_store(database_url=postgresql, state_dir=tmp_path)
    engine = create_engine(postgresql.replace("postgresql:", "postgresql+psycopg:"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        others = (
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
        writer.append(outcome(request=request("before")))
        _await_row(store, "before")
        connection.execute(text(others))
        writer.append(outcome(request=request("after")))
        _await_row(store, "after")
    engine.dispose()
    writer.close()
    assert follower.close(10)
    store.close()


def test_the_documented_questions_have_the_answers_that_the_rows_give(database_url: str | None, tmp_path: Path):
    store = open_store(database_url=database_url, state_dir=tmp_path)
    put(
        store,
        outcome(attempt(GLM, outcome="declined", cost_usd=Decimal("0.1")), attempt(QWEN, cost_usd=Decimal("0.2"))),
        outcome(request=request("r2"), baseline_permitted=False),
        outcome(attempt(QWEN, outcome="failed", cost_usd=Decimal(0)), request=request("r3"), caller=caller("sales")),
        denied("home-only", request=request("r4"), caller=caller("sales")),
    )
    store.write(Batch(lost={"dead": 7}), at=1.0)
    store.close()

    answers = [asked(database_url, tmp_path, question) for question in questions()]

    assert answers == [
        [("research", 2, 0.30031), ("sales", 2, 0)],
        [("glm-5@zai", 0.1, 0, 0), ("qwen3@self", 0.20031, 3, 2)],
        [(-0.2958,)],
        [("glm-5", "zai", 1, 1), ("qwen3", "self", 2, 0)],
        [("home-only", "sales", 1)],
        [(7,)],
    ]


def questions() -> list[str]:
    """The SQL of the guide, in order."""
    return re.findall(r"```sql\n(.*?)```", (Path(__file__).parents[2] / "docs" / "ledger.md").read_text(), re.S)


def address(database_url: str | None, folder: Path) -> str:
    """As SQLAlchemy wants it."""
    return (database_url or f"sqlite:///{folder}/ledger.sqlite").replace("postgresql:", "postgresql+psycopg:")


def asked(database_url: str | None, folder: Path, question: str) -> list[tuple[object, ...]]:
    engine = create_engine(address(database_url, folder))
    with engine.connect() as connection:
        found = [tuple(row) for row in connection.execute(text(question))]
    engine.dispose()
    return [
        tuple(round(float(value), 9) if isinstance(value, Decimal | float) else value for value in row) for row in found
    ]


def test_every_line_of_an_export_is_a_row_again(database_url: str | None, tmp_path: Path):
    store = open_store(database_url=database_url, state_dir=tmp_path)
    put(store, *(outcome(request=request(f"r{n}", at=float(n))) for n in range(5)))
    rows = list(store.rows())
    store.close()

    assert [json.loads(json.dumps(row)) for row in rows] == rows


def _python(program: str, database_url: str | None, folder: Path, name: str) -> list[str]:
    return [sys.executable, "-c", program, database_url or "", str(folder), name]


def _await_row(store: Store, request_id: str) -> None:
    for _ in range(200):
        with contextlib.suppress(OperationalError):  # its connections were ended too
            if store.row(request_id) is not None:
                return
        time.sleep(0.05)
    raise AssertionError(f"{request_id} was not written")


@pytest.mark.parametrize("workers", [1, 2])
def test_a_gateway_that_is_told_to_stop_loses_nothing(
    vendors: process.Vendors, gateway: Start, tmp_path: Path, workers: int
):
    keys = stage.fresh_keys()
    urls = {"self": vendors.base_urls["simulated-us"], **vendors.base_urls}
    stage.write_folder(tmp_path / "policies", urls=urls, keys=keys)
    running = gateway(tmp_path / "policies", workers=workers)

    told = list(traffic.send(traffic.asks(20), host="127.0.0.1", port=running.port, keys=keys))
    running.stop()

    store = open_store(database_url=None, state_dir=running.state_dir)
    assert sum(1 for _ in store.rows()) == len(told) == 20
    store.close()
    assert running.process.returncode == 0


def test_a_gateway_whose_parent_is_killed_under_load_loses_nothing(
    vendors: process.Vendors, gateway: Start, tmp_path: Path
):
    keys = stage.fresh_keys()
    urls = {"self": vendors.base_urls["simulated-us"], **vendors.base_urls}
    stage.write_folder(tmp_path / "policies", urls=urls, keys=keys)
    running = gateway(tmp_path / "policies")
    body = {"model": "auto", "messages": [{"role": "user", "content": "Why do ships float?"}]}
    told: dict[str, float] = {}  # by request id: when its reply had come

    def ask() -> None:
        with contextlib.suppress(OSError, http.client.HTTPException):
            while True:
                _, headers, _ = running.ask(
                    "POST", "/v1/chat/completions", body, headers={"authorization": f"Bearer {keys['demo']}"}
                )
                told[headers["x-request-id"]] = time.monotonic()

    with ThreadPoolExecutor(4) as callers:
        for _ in range(4):
            callers.submit(ask)
        time.sleep(4)
        running.process.kill()
    ingest(running.state_dir, None)
    store = open_store(database_url=None, state_dir=running.state_dir)
    written = {row["request_id"] for row in store.rows()}
    lost = store.lost()
    store.close()

    assert len(told) > 20
    assert (told.keys() - written, lost) == (set(), 0)


def test_a_stop_that_comes_while_workers_start_is_obeyed(gateway: Start, tmp_path: Path):
    operators = ("self", "simulated-cn", "simulated-us", "simulated-west")
    stage.write_folder(
        tmp_path / "policies", urls=dict.fromkeys(operators, "http://127.0.0.1:9"), keys=stage.fresh_keys()
    )

    running = gateway(tmp_path / "policies", workers=2, begun=lambda it: any(journals(it.state_dir / FOLDER)))
    running.stop()

    assert running.process.returncode == 0


def test_every_worker_soon_explains_what_another_decided(vendors: process.Vendors, gateway: Start, tmp_path: Path):
    keys = stage.fresh_keys()
    urls = {"self": vendors.base_urls["simulated-us"], **vendors.base_urls}
    stage.write_folder(tmp_path / "policies", urls=urls, keys=keys)
    running = gateway(tmp_path / "policies", workers=2)
    authorization = {"authorization": f"Bearer {keys['demo']}"}
    asked = {"model": "auto", "messages": [{"role": "user", "content": "Why do ships float?"}]}
    _, headers, _ = running.ask("POST", "/v1/chat/completions", asked, headers=authorization)
    path = f"/v1/decisions/{headers['x-request-id']}"

    time.sleep(2)

    told = [running.ask("GET", path, headers=authorization) for _ in range(12)]  # each connection finds some worker
    assert {status for status, _, _ in told} == {200}
    assert {json.loads(body)["request_id"] for _, _, body in told} == {headers["x-request-id"]}


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_gateway_without_its_ledger_says_so_once_and_does_not_start(tmp_path: Path, workers: str):
    policies = tmp_path / "policies"
    for name, content in FILES.items():
        (policies / name).parent.mkdir(parents=True, exist_ok=True)
        (policies / name).write_text(content)
    nobody = f"postgresql://me:sesame@127.0.0.1:{free_port()}/ledger"
    environment = {"GATEWAY_DATABASE_URL": nobody, "GATEWAY_STATE_DIR": str(tmp_path / "state")}
    started = command("serve", "--policies", policies, "--port", "0", "--workers", workers, timeout=60, **environment)

    assert started.returncode == 1
    assert started.stderr.count("cannot be opened") == 1
    assert "sesame" not in started.stderr
    assert "Traceback" not in started.stderr

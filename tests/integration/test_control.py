"""Claims about the control process: it stands beside the workers, none of the two needs the other, and it ends last."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from gateway.background.adoption import take_over
from gateway.record.journal.layout import FOLDER, journals
from gateway.record.journal.reader import Reader
from gateway.record.journal.writer import Writer
from gateway.record.metrics import MetricsSink
from gateway.record.store import open_store
from tests.integration.test_stopping import alive, ask, policies, streaming, waits  # noqa: F401 - a fixture
from tests.running import Running, Start, free_port
from tests.unit.record.build import outcome, request
from tests.warm import command

pytestmark = pytest.mark.services


def shown(running: Running) -> bool:
    """True if the control listener answers."""
    try:
        return running.ask_control("GET", "/metrics")[0] == 200
    except OSError:
        return False


@contextmanager
def asking(running: Running) -> Iterator[list[int]]:
    """Callers that never pause; the status of each request."""
    statuses, over = [], [False]

    def keep() -> None:
        while not over[0]:
            statuses.append(ask(running))

    with ThreadPoolExecutor(3) as callers:
        for _ in range(3):
            callers.submit(keep)
        try:
            yield statuses
        finally:
            over[0] = True


def refused(policies: Path, state: Path, **environment: str) -> tuple[int, str]:  # noqa: F811
    """Exit code and words of a gateway that does not start."""
    asked = ("serve", "--policies", policies, "--port", free_port())
    ended = command(*asked, timeout=120, GATEWAY_STATE_DIR=str(state), **environment)
    return ended.returncode, ended.stderr


def test_a_control_process_that_is_killed_under_load_costs_no_request_and_comes_back(
    gateway: Start,
    policies: Path,  # noqa: F811
):
    running = gateway(policies)
    assert waits(lambda: shown(running))
    first = running.control_pid()

    with asking(running) as statuses:
        assert waits(lambda: len(statuses) > 20)
        os.kill(first, signal.SIGKILL)
        before = len(statuses)
        assert waits(lambda: shown(running) and len(statuses) > before + 50)

    assert set(statuses) == {200}
    assert running.control_pid() != first
    assert running.counts("gateway_requests_total", len(statuses))


def test_a_worker_that_is_killed_leaves_the_control_process_as_it_is(gateway: Start, policies: Path):  # noqa: F811
    running = gateway(policies)
    assert waits(lambda: shown(running))
    control, (worker,) = running.control_pid(), running.workers()

    os.kill(worker, signal.SIGKILL)

    assert waits(lambda: running.workers() not in ([], [worker]))
    assert waits(lambda: running.ask("GET", "/health/ready")[0] == 200)
    assert shown(running)
    assert running.control_pid() == control


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_it_serves_until_the_last_stream_has_ended_and_ends_last(
    gateway: Start,
    policies: Path,  # noqa: F811
    number: int,
):
    running = gateway(policies, environment={"GATEWAY_DRAIN_S": "8"})
    assert waits(lambda: shown(running))
    control, (worker,) = running.control_pid(), running.workers()

    with streaming(running):
        running.process.send_signal(number)
        time.sleep(1.5)
        assert alive(worker)
        assert shown(running)

    assert waits(lambda: not alive(control))
    assert not alive(worker)


def test_a_signal_to_the_whole_group_ends_it_last_too(gateway: Start, policies: Path):  # noqa: F811
    running = gateway(policies)
    assert waits(lambda: shown(running))
    pids = [running.control_pid(), *running.workers()]

    for pid in (running.process.pid, *pids):
        os.kill(pid, signal.SIGINT)

    assert waits(lambda: running.process.poll() is not None)
    assert running.process.returncode == 0
    assert not any(map(alive, pids))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_control_process_that_keeps_dying_keeps_nobody_from_ending(
    gateway: Start,
    policies: Path,  # noqa: F811
    number: int,
):
    running = gateway(policies)
    for _ in range(3):
        assert waits(lambda: alive(running.control_pid()))
        os.kill(running.control_pid(), number)
        assert waits(lambda: not alive(running.control_pid()))

    running.process.terminate()

    assert running.process.wait(60) == 0


def test_a_control_port_that_is_taken_ends_the_start_by_name(policies: Path, tmp_path: Path):  # noqa: F811
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        code, said = refused(policies, tmp_path / "state", GATEWAY_CONTROL_PORT=port)

    assert (code, said) == (
        2,
        f"error: port {port} on 127.0.0.1 is taken; choose another with GATEWAY_CONTROL_PORT\n",
    )


def test_a_control_listener_beyond_loopback_needs_an_administrator(policies: Path, tmp_path: Path):  # noqa: F811
    code, said = refused(
        policies, tmp_path / "state", GATEWAY_CONTROL_HOST="0.0.0.0", GATEWAY_CONTROL_PORT=str(free_port())
    )

    assert code == 2
    assert "GATEWAY_ADMIN_TOKEN" in said


def test_workers_run_without_one_and_one_may_be_started_beside_them_but_no_second(
    gateway: Start,
    policies: Path,  # noqa: F811
):
    running = gateway(policies, environment={"GATEWAY_CONTROL": "off"})
    assert ask(running) == 200
    assert not shown(running)
    assert running.control_pid() == 0
    settings = {"GATEWAY_STATE_DIR": str(running.state_dir), "GATEWAY_CONTROL_PORT": str(running.control_port)}
    command = [sys.executable, "-m", "gateway", "control"]

    with subprocess.Popen(command, env={**os.environ, **settings}, stdout=subprocess.PIPE, text=True) as beside:
        assert waits(lambda: shown(running))
        assert running.counts("gateway_requests_total", 1)
        another = {**settings, "GATEWAY_CONTROL_PORT": str(free_port())}
        second = subprocess.run(
            command, env={**os.environ, **another}, capture_output=True, text=True, timeout=120, check=False
        )
        beside.terminate()
        said, code = beside.stdout.read() if beside.stdout else "", beside.wait(60)

    assert (second.returncode, "a control process runs" in second.stderr) == (2, True)
    assert f"http://127.0.0.1:{running.control_port}/?token=" in said
    assert code == 0
    assert ask(running) == 200


def test_what_a_gateway_that_is_gone_left_behind_is_taken_over(gateway: Start, policies: Path, tmp_path: Path):  # noqa: F811
    running = gateway(policies, environment={"GATEWAY_CONTROL": "off"})
    assert [ask(running) for _ in range(5)] == [200] * 5
    other = tmp_path / "other"
    settings = {"GATEWAY_STATE_DIR": str(other), "GATEWAY_CONTROL_PORT": str(running.control_port)}
    adopt = ("control", "--adopt", running.state_dir)

    alive_yet = command(*adopt, timeout=120, **settings)
    workers = running.workers()
    os.kill(running.process.pid, signal.SIGKILL)
    for worker in workers:
        with suppress(ProcessLookupError):
            os.kill(worker, signal.SIGKILL)
    assert waits(lambda: not any(map(alive, workers)))
    begun = [sys.executable, "-m", "gateway", *map(str, adopt)]
    with subprocess.Popen(begun, env={**os.environ, **settings}, stdout=subprocess.PIPE, text=True) as beside:
        assert waits(lambda: shown(running))
        assert running.counts("gateway_requests_total", 5)
        beside.terminate()
        said = beside.stdout.read() if beside.stdout else ""

    assert (alive_yet.returncode, "are still being written; end that gateway first" in alive_yet.stderr) == (2, True)
    assert "took over 1 journals" in said
    store = open_store(database_url=None, state_dir=other)
    assert len(list(store.rows())) == 5
    store.close()
    assert not journals(running.state_dir / FOLDER)


def test_what_metrics_have_counted_elsewhere_is_not_counted_again(tmp_path: Path):
    mine, theirs = tmp_path / "mine", tmp_path / "theirs"
    writer = Writer(theirs, most_bytes=1 << 24)
    writer.append(outcome())
    sink = MetricsSink(theirs, lambda entry: None)
    read = Reader(theirs, sink.open())
    sink.take(read.read(), read.positions)
    sink.save()
    writer.append(outcome(request=request("req_two")))
    writer.close()

    assert take_over(mine, theirs) == 1

    sink = MetricsSink(mine, lambda entry: None)
    read = Reader(mine, sink.open())
    assert len(read.read().entries) == 1
    assert [len(Reader(mine).read().entries), take_over(mine, theirs)] == [2, 0]

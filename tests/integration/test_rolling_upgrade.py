"""A rolling upgrade as docs/upgrade.md has it: two gateways behind a real HAProxy, one after the other made anew."""

from __future__ import annotations

import http.client
import json
import re
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.integration.rerouted import YES, pieces, said
from tests.integration.upstreams import KEY, SSE, Line, chat, event, folder, serving, whole
from tests.private_postgresql import PostgreSQL
from tests.private_redis import private_redis
from tests.running import PATIENCE_S, Running, Start, free_port

pytestmark = pytest.mark.services
PAGE = Path(__file__).parents[2] / "docs" / "upgrade.md"
USAGE = {"prompt_tokens": 1000, "completion_tokens": 500, "total_tokens": 1500}
COST = Decimal("0.002")  # of USAGE, at a dollar and two a million
BUDGET = 50
PACE_S = 0.05  # of each caller, between its requests
GAP_S = 0.1  # between a stream's events


@dataclass
class Told:
    """What callers were told."""

    ids: list[str] = field(default_factory=list)  # of requests with a whole answer
    streamed: int = 0
    lost: list[str] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)

    def keep_asking(self, port: int, stream: bool) -> None:
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
        while not self.stopped.is_set():
            try:
                self._ask(line, stream)
            except (OSError, http.client.HTTPException, ValueError) as error:
                self.lost.append(repr(error))
                line.close()
            time.sleep(PACE_S)
        line.close()

    def more(self, many: int) -> None:
        """Returns once so many more were answered."""
        before = len(self.ids)
        until(lambda: len(self.ids) >= before + many)

    def _ask(self, line: http.client.HTTPConnection, stream: bool) -> None:
        body = json.dumps(chat("m@a", stream=stream))
        line.request("POST", "/v1/chat/completions", body, {"authorization": f"Bearer {KEY}"})
        reply = line.getresponse()
        text = reply.read().decode()
        good = text.endswith("data: [DONE]\n\n") if stream else text and json.loads(text).get("usage") == USAGE
        if reply.status == 200 and good:
            self.ids.append(reply.headers["x-request-id"])
            self.streamed += stream
        else:
            self.lost.append(f"{reply.status} {text[-300:]}")


async def slowly(line: Line) -> None:
    """Streams last a second or two."""
    if line.document.get("stream"):
        parts = [*pieces(YES)]
        told = [*parts[:12], parts[-1], {"choices": [], "usage": USAGE}, b"[DONE]"]
        await line.say(SSE, *map(event, told), gap_s=GAP_S)
    else:
        await line.say(whole(200, {**said(YES), "usage": USAGE}))


@contextmanager
def haproxy(home: Path, *gateways: Running) -> Iterator[int]:
    """With the configuration of the page; the port that callers ask."""
    port = free_port()
    written = re.findall(r"```haproxy\n(.*?)```", PAGE.read_text(), re.S)[0]
    for listed, real in zip((8080, 8181, 8182), (port, *(each.port for each in gateways)), strict=True):
        assert f":{listed}" in written
        written = written.replace(f":{listed}", f":{real}")
    (home / "haproxy.cfg").write_text(written)
    process = subprocess.Popen(["haproxy", "-q", "-db", "-f", home / "haproxy.cfg"])
    try:
        until(lambda: _listens(port))
        yield port
    finally:
        process.terminate()
        process.wait(20)


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


def until(true: Callable[[], Any]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.05)


def spent(gateway: Running) -> Decimal:
    """Of the budget, in dollars."""
    return Decimal(gateway.metric("gateway_budget_used_ratio", team="t")) * BUDGET


@pytest.fixture
def database() -> Iterator[PostgreSQL]:
    server = PostgreSQL()
    yield server
    server.close()


@pytest.mark.slow  # `make upgrade`: two gateways twice, PostgreSQL, Redis and HAProxy
def test_two_gateways_made_anew_one_after_the_other_lose_nothing(tmp_path: Path, gateway: Start, database: PostgreSQL):
    told = Told()
    with serving() as upstreams, private_redis(tmp_path) as redis:
        upstreams.acts["a"] = slowly
        policies = folder(tmp_path / "policies", {name: upstreams.url(name) for name in "abc"})
        callers = policies / "callers.yaml"
        budget = f"data_class: public, budget: {{usd: {BUDGET}, per: month, when_spent: reject}}"
        callers.write_text(callers.read_text().replace("data_class: public", budget))
        world = {"GATEWAY_REDIS_URL": redis.url, "GATEWAY_DATABASE_URL": database.url, "GATEWAY_DRAIN_S": "30"}
        running = [gateway(policies, environment=world) for _ in range(2)]
        with haproxy(tmp_path, *running) as port:
            threads = [threading.Thread(target=told.keep_asking, args=(port, n < 3)) for n in range(6)]
            for thread in threads:
                thread.start()
            for place, old in enumerate(running):
                told.more(20)
                old.process.terminate()
                assert old.process.wait(PATIENCE_S) == 0
                new = running[place] = gateway(policies, environment=world, instead=old)
                served = new.metric("gateway_requests_total")  # it counts on where the old one stood
                told.more(20)
                assert new.metric("gateway_requests_total") > served
            told.stopped.set()
            for thread in threads:
                thread.join()
        rows = "SELECT request_id, outcome, cost_usd FROM requests"
        until(lambda: len(database.rows(rows)) >= len(told.ids))
        written, cost = database.rows(rows), COST * len(told.ids)
        until(lambda: abs(spent(running[1]) - cost) < COST / 2)  # the gauge is a moment behind

    assert told.lost == []
    assert told.streamed > 8
    assert sorted(str(row[0]) for row in written) == sorted(told.ids)
    assert {(row[1], Decimal(str(row[2]))) for row in written} == {("answered", COST)}

"""Claims about `gateway demo` as a process: what it prints works, and nothing of it is left when it ends."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.running import free_port

pytestmark = pytest.mark.services

PATIENCE_S = 90


@dataclass
class Demo:
    """A running demo and what it has printed so far."""

    process: subprocess.Popen[bytes]
    out: Path

    def says(self, words: str) -> str:
        """What it printed, once these words are part of it."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            said = self.out.read_text()
            if words in said:
                return said
            assert self.process.poll() is None, said
            time.sleep(0.05)
        raise AssertionError(f"{words!r} was not printed: {self.out.read_text()}")

    def children(self) -> list[int]:
        listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(self.process.pid)], capture_output=True, text=True)
        return [int(word) for word in listed.stdout.split()]


@pytest.fixture
def demo(tmp_path):
    started: list[Demo] = []

    def start(*options: str, port: int | None = -1) -> Demo:
        """`port`: None for the usual one."""
        out = tmp_path / f"out-{len(started)}"
        named = [] if port is None else ["--port", str(free_port() if port == -1 else port)]
        command = [sys.executable, "-m", "gateway", "demo", *named, *options]
        ports = {} if port is None else {"GATEWAY_CONTROL_PORT": str(free_port())}
        environment = {**os.environ, **ports, "GATEWAY_STATE_DIR": str(tmp_path / "state")}
        with out.open("wb") as sink:
            started.append(Demo(subprocess.Popen(command, stdout=sink, stderr=sink, env=environment), out))
        return started[-1]

    yield start
    for each in started:
        each.process.kill()
        each.process.wait()


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def all_gone(pids: list[int]) -> bool:
    deadline = time.monotonic() + 20
    while any(map(alive, pids)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not any(map(alive, pids))


def test_what_the_demo_prints_works_and_ctrl_c_ends_all_of_it(demo):
    running = demo()
    said = running.says("Ctrl-C ends everything")
    curls = [shlex.split(line) for line in said.splitlines() if line.strip().startswith("curl")]
    console = re.search(r"http://\S+/\?token=\S+", said)
    children = running.children()

    replies = [subprocess.run(curl, capture_output=True, text=True).stdout for curl in curls]
    made = beyond_text(curls[1])
    assert console is not None
    with urllib.request.urlopen(console[0]) as page:
        assert page.status == 200
    running.process.send_signal(signal.SIGINT)

    assert '"model":"smollm2-135m"' in replies[0]
    assert "x-gateway-endpoint: simulated-deepseek@simulated-cn" in replies[1]
    assert "x-gateway-endpoint: smollm2-135m@self" in replies[2]
    assert made == {
        "images/generations": "simulated-image@simulated-west",
        "audio/speech": "simulated-speech@simulated-west",
        "rerank": "simulated-rerank@simulated-west",
        "moderations": "simulated-moderation@simulated-west",
    }
    assert running.process.wait(30) == 0
    assert (len(children), all_gone(children)) == (4, True)  # model, vendors, worker, control


def beyond_text(curl: list[str]) -> dict[str, str | None]:
    """Who answers what is no chat, with the key and at the address of a printed line."""
    url = next(word for word in curl if word.startswith("http")).partition("/v1/")[0]
    key = next(word for word in curl if word.lower().startswith("authorization"))
    said = {"model": "auto", "prompt": "a ship", "input": "a ship", "query": "ships", "documents": ["sea", "land"]}
    found = {}
    for path in ("images/generations", "audio/speech", "rerank", "moderations"):
        headers = {"content-type": "application/json", "authorization": key.partition(":")[2].strip()}
        asked = urllib.request.Request(f"{url}/v1/{path}", json.dumps(said).encode(), headers)
        with urllib.request.urlopen(asked) as reply:
            reply.read()
            found[path] = reply.headers["x-gateway-endpoint"]
    return found


def test_traffic_is_sent_and_told_in_a_table(demo):
    said = demo("--traffic", "6").says("all requests are sent")

    assert "answered by (or error)" in said
    assert "simulated-deepseek" in said


def test_a_demo_that_is_killed_leaves_nothing_running(demo):
    running = demo()
    running.says("Ctrl-C ends everything")
    children = running.children()

    running.process.kill()

    assert (len(children), all_gone(children)) == (4, True)  # model, vendors, worker, control


def test_a_second_demo_runs_beside_the_first_and_takes_nothing_from_it(demo, tmp_path):
    first, second = demo(port=None), demo(port=None)
    said = [each.says("Ctrl-C ends everything") for each in (first, second)]
    addresses = [re.findall(r"http://[0-9.:]+/v1\b", words)[0] for words in said]
    curls = [shlex.split(next(line for line in words.splitlines() if "curl" in line)) for words in said]
    kept = sorted(path for path in (tmp_path / "state").iterdir() if path.is_dir())

    replies = [subprocess.run(curl, capture_output=True, text=True).stdout for curl in curls]

    assert len(set(addresses)) == len(kept) == 2
    assert "another demo runs in this folder" in "".join(said)
    assert all('"choices"' in reply for reply in replies)
    second.process.send_signal(signal.SIGINT)
    second.process.wait(30)
    assert '"choices"' in subprocess.run(curls[0], capture_output=True, text=True).stdout
    assert all((home / "state").is_dir() for home in kept)

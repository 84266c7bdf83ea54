"""Claims about bodies made to cost much: they end by themselves, and others do not wait for them."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.running import Running, starter
from tests.unit.policy import small

pytestmark = pytest.mark.services
KEYS = {"one": "gw-one", "two": "gw-two"}
CALLERS = "teams: {one: {data_class: internal}, two: {data_class: internal}}\nkeys:\n" + "".join(
    f"  - {{id: {team}, team: {team}, sha256: {hashlib.sha256(key.encode()).hexdigest()}}}\n"
    for team, key in KEYS.items()
)
POLICY = """
version: 1
aliases: {auto: any}
guards:
  - {name: mail, why: no mailbox leaves, when: {pii: [email]}, never: {hosting: [self, hosted]}}
  - {name: politics, why: nothing political leaves, when: {topic: [prc_political]}, never: {hosting: [self, hosted]}}
routes:
  - {name: rest, try: [{any: {}}], order: listed}
"""
MAILBOX = {"model": "auto", "messages": [{"role": "user", "content": "write to ann@example.com"}]}
MOST_S = 5.0  # that anybody else may wait; one who waits behind the whole of a hostile body waits for longer
SIZE = 6_000_000


def chat(*contents: bytes) -> bytes:
    return b'{"model":"auto","messages":[%s]}' % b",".join(b'{"role":"user","content":%s}' % each for each in contents)


def parts(part: bytes, count: int) -> bytes:
    return chat(b"[" + b",".join([part] * count) + b"]")


HOSTILE: dict[str, Callable[[], bytes]] = {
    "parts of one digit": lambda: parts(b'"1"', 64_000),
    "parts of one sign": lambda: parts(b'"@"', 300_000),
    "empty parts": lambda: parts(b'""', SIZE // 3),
    "a short body of empty parts": lambda: parts(b'""', 16_000),
    "messages of one digit": lambda: chat(*[b'"1"'] * 60_000),
    "small objects": lambda: parts(b"{}", SIZE // 3),
    "backslashes": lambda: chat(b'"%s"' % (b"\\\\" * 400_000)),
    "beginnings of accounts": lambda: chat(b'"%s"' % (b"MT99 " * 11_000)),
    "mailboxes and numbers": lambda: chat(b'"%s"' % (b"a@.a.com 1234567 xxxxx " * 2_800 + b"a@a.com " * 110_000)),
    "pictures": lambda: parts(b'{"type":"image_url"}', 240_000),
}
READABLE = ("a short body of empty parts", "backslashes", "beginnings of accounts")  # wholly, and nothing is found


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    root: Path = tmp_path_factory.mktemp("hostile")
    (root / "policies" / "catalog").mkdir(parents=True)
    (root / "policies" / "catalog" / "all.yaml").write_bytes(small.CATALOG)
    (root / "policies" / "callers.yaml").write_text(CALLERS)
    (root / "policies" / "policy.yaml").write_text(POLICY)
    started: list[Running] = []
    keys = dict.fromkeys(("OPENAI_API_KEY", "ZAI_API_KEY", "TOGETHER_API_KEY"), "a-vendor-key")
    yield starter(root, started)(root / "policies", environment=keys)
    for each in started:
        each.stop()


def ask(running: Running, team: str, body: object) -> tuple[int, str]:
    headers = {"authorization": f"Bearer {KEYS[team]}"}
    status, _, reply = running.ask("POST", "/v1/chat/completions", body, headers=headers)
    return status, json.loads(reply)["error"]["code"]


@pytest.mark.parametrize("shape", HOSTILE)
def test_it_is_answered_and_no_other_team_waits_for_it(running, shape):
    body, codes = HOSTILE[shape](), []
    attackers = [
        threading.Thread(target=lambda: codes.append(ask(running, "one", body)), daemon=True) for _ in range(3)
    ]
    for each in attackers:
        each.start()
    worst = 0.0
    while any(each.is_alive() for each in attackers):
        begun = time.monotonic()
        assert ask(running, "two", MAILBOX) == (403, "no_permitted_endpoint")
        assert running.ask("GET", "/health/live")[0] == 200
        worst = max(worst, time.monotonic() - begun)

    assert len(codes) == len(attackers)  # within running.PATIENCE_S
    expected = (502, 503) if shape in READABLE else (400, 403)  # passed on to vendors that are not there, or denied
    assert {status for status, _ in codes} <= set(expected)
    assert worst < MOST_S

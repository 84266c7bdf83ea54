"""Claims about a catalogue of layers: the package's rows, ours over them, and what sleeps in it is asked by nobody."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.upstreams import KEY, Act, Line, Upstreams, ask, chat, serving, whole
from tests.running import Running, starter

pytestmark = pytest.mark.services
POLICY = """
version: 1
catalog: [shipped, catalog]
aliases: {auto: any}
defaults: {order: listed, affinity: none, limits: {attempts: 2}}
routes:
  - {name: named, when: {model_known: true}, try: [requested]}
  - {name: rest, try: [gpt-oss-120b@self/sglang, gemma-4-31b@self/ollama, qwen3.8-27b@self, gpt-oss-20b@self/llama.cpp]}
"""
CATALOG = """
endpoints:
  - {id: qwen3.8-27b@self, enabled: true, base_url: "QWEN"}
  - {id: gpt-oss-20b@self/llama.cpp, enabled: true, base_url: "OSS"}
"""


def write(path: Path, upstreams: Upstreams) -> Path:
    (path / "catalog").mkdir(parents=True)
    (path / "policy.yaml").write_text(POLICY)
    digest = hashlib.sha256(KEY.encode()).hexdigest()
    callers = f'teams: {{t: {{data_class: public}}}}\nkeys: [{{id: k, team: t, sha256: "{digest}"}}]\n'
    (path / "callers.yaml").write_text(callers)
    rows = CATALOG.replace("QWEN", upstreams.url("qwen")).replace("OSS", upstreams.url("oss"))
    (path / "catalog" / "mine.yaml").write_text(rows)
    return path


@pytest.fixture(scope="module")
def upstreams() -> Iterator[Upstreams]:
    with serving() as running:
        yield running


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, upstreams: Upstreams) -> Iterator[Running]:
    root, started = tmp_path_factory.mktemp("layers"), list[Running]()
    yield starter(root, started)(write(root / "policies", upstreams))
    for each in started:
        each.stop()


def broken() -> Act:
    async def act(line: Line) -> None:
        await line.say(whole(500, {"error": {"message": "broken"}}))

    return act


def test_a_row_of_ours_enables_an_endpoint_of_the_package_at_our_address(running: Running, upstreams: Upstreams):
    upstreams.acts.clear()
    status, headers, _ = ask(running, chat())

    assert (status, headers["x-gateway-endpoint"], headers["x-gateway-attempts"]) == (200, "qwen3.8-27b@self", "1")


def test_what_is_not_enabled_takes_no_attempt_and_the_reply_names_who_was_asked_and_who_was_not(
    running: Running, upstreams: Upstreams
):
    upstreams.acts |= {"qwen": broken(), "oss": broken()}
    upstreams.asked.clear()
    status, _, body = ask(running, chat())
    upstreams.acts.clear()

    message = json.loads(body)["error"]["message"]
    assert (status, [name for name, *_ in upstreams.asked]) == (502, ["qwen", "oss"])
    first, *lines = message.splitlines()
    assert first == "every permitted endpoint failed"
    assert [line.partition(":")[0] for line in lines[:2]] == ["qwen3.8-27b@self", "gpt-oss-20b@self/llama.cpp"]
    assert lines[2] == "not enabled in the catalogue: gpt-oss-120b@self/sglang, gemma-4-31b@self/ollama"


def test_asked_for_by_name_what_is_not_enabled_is_denied_with_the_way_out(running: Running):
    status, _, body = ask(running, chat(model="gemma-4-31b@self/ollama"))

    error = json.loads(body)["error"]
    assert (status, error["code"]) == (400, "unsupported_request")
    assert "not enabled" in error["message"] and "enabled: true" in error["message"]


def test_the_accepted_policy_holds_the_rows_of_the_package(running: Running):
    kept = json.loads((running.state_dir / "accepted.json").read_text())["files"]

    assert any(name.startswith("shipped/") for name in kept) and "catalog/mine.yaml" in kept

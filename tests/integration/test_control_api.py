"""Claims about the control API: who may ask, what is reached from where, and that replies are as documented."""

from __future__ import annotations

import json
import re
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics_families
from prometheus_client.parser import text_string_to_metric_families as plain_families

from tests.integration.test_passthrough import KEY
from tests.integration.test_stopping import AUTHORIZATION, ask, laid_out, waits
from tests.running import Running, Start, starter
from tests.warm import command

pytestmark = pytest.mark.services
TOKEN = "the-admin-s-token"
ADMIN = {"authorization": f"Bearer {TOKEN}"}
REQUEST = {"model": "auto", "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 5}
OPEN = {"/metrics"}  # on loopback


@pytest.fixture(scope="module")
def policies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with laid_out(tmp_path_factory.mktemp("control")) as folder:
        yield folder


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, policies: Path) -> Iterator[Running]:
    """One for all that change nothing."""
    started: list[Running] = []
    yield begun(starter(tmp_path_factory.mktemp("running"), started), policies)
    for each in started:
        each.stop()


@pytest.fixture
def alone(gateway: Start, policies: Path) -> Running:
    return begun(gateway, policies)


def begun(start: Start, policies: Path) -> Running:
    started = start(policies, environment={"GATEWAY_ADMIN_TOKEN": TOKEN})
    assert waits(lambda: answers(started))
    return started


def answers(running: Running) -> bool:
    try:
        return running.ask_control("GET", "/openapi.json")[0] == 200
    except OSError:
        return False


def told(running: Running, method: str, path: str, body: object = None, **headers: str) -> tuple[int, Any]:
    status, _, text = running.ask_control(method, path, body, headers={**ADMIN, **headers})
    return status, json.loads(text)


def document(running: Running) -> dict[str, Any]:
    described: dict[str, Any] = told(running, "GET", "/openapi.json")[1]
    return described


def operations(described: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(method, path with examples in it, operation)."""
    for path, methods in described["paths"].items():
        filled = re.sub(r"\{name\}", "savings", re.sub(r"\{kind\}", "endpoints", path))
        filled = re.sub(r"\{\w+(:path)?\}", "nothing", filled)
        for method, operation in methods.items():
            yield method.upper(), filled, operation


def asked(running: Running) -> str:
    """The id of a request that was answered."""
    status, headers, _ = running.ask("POST", "/v1/chat/completions", REQUEST, headers=AUTHORIZATION)
    assert status == 200
    return headers["x-request-id"]


def test_without_the_token_no_operation_does_or_says_anything_even_to_a_body_that_makes_no_sense(running):
    listed = [(method, path) for method, path, _ in operations(document(running)) if path not in OPEN]
    bodies = (None, b"{", b'{"new": {}}')

    statuses = {
        (method, path, running.ask_control(method, path, body, headers={"authorization": token})[0])
        for method, path in listed
        for body in bodies
        for token in ("", "Bearer wrong", f"Bearer {KEY}", f"Basic {TOKEN}")
    }

    assert len(listed) >= 11
    assert {status for _, _, status in statuses} == {401, 429}, statuses  # who guesses waits
    assert running.ask_control("GET", "/api/policy")[0] == 401


def test_who_guesses_is_not_listened_to_for_a_while_and_then_again(alone):
    wrong = {"authorization": "Bearer wrong"}
    told = [
        alone.ask_control("GET", path, headers=wrong) for path in ("/api/policy", "/?token=guess") for _ in range(15)
    ]

    assert [status for status, _, _ in told[:5]] == [401] * 5
    assert 429 in {status for status, _, _ in told[5:15]}
    assert all(float(headers["retry-after"]) >= 1 for status, headers, _ in told if status == 429)
    assert waits(lambda: alone.ask_control("GET", "/api/policy", headers=ADMIN)[0] == 200)


@pytest.mark.parametrize("host", ["attacker.example", "127.0.0.1.attacker.example", "10.0.0.1", "user@127.0.0.1", ""])
def test_a_name_that_is_not_this_listener_s_reads_nothing_at_any_path(running, host):
    paths = [path for _, path, _ in operations(document(running))]

    for path in (*paths, "/", f"/?token={TOKEN}", "/docs", "/openapi.json", "/static/console.js", "/nowhere"):
        status, _, body = running.ask_control(
            "GET", path, headers={**ADMIN, "host": host, "x-forwarded-host": "localhost"}
        )
        assert (status, b"does not go by this name" in body) == (400, True), path


def test_nothing_of_the_control_plane_is_reached_through_the_data_listener(running):
    described = document(running)
    paths = {path for _, path, _ in operations(described)} | {"/docs", "/openapi.json", "/static/console.js"}
    paths |= {"/console/overview", "/console/static/console.js"}

    statuses = {path: running.ask("GET", path, headers=ADMIN)[0] for path in paths}
    status, headers, body = running.ask("GET", "/")

    assert set(statuses.values()) == {404}, statuses
    assert (status, headers["content-type"], body.count(b"\n")) == (200, "text/plain; charset=utf-8", 1)
    assert running.control_url.encode() in body


def test_every_reply_is_named_in_the_document_and_is_what_it_says(running):
    request_id = asked(running)
    assert waits(lambda: told(running, "GET", f"/api/decisions/{request_id}")[0] == 200)
    described = document(running)
    examples = [
        ("GET", "/api/overview", "/api/overview", None),
        ("GET", "/api/decisions", "/api/decisions", None),
        ("GET", "/api/decisions/{request_id}", f"/api/decisions/{request_id}", None),
        *(("GET", "/api/reports/{name}", f"/api/reports/{name}", None) for name in ("savings", "adoption", "rules")),
        ("GET", "/api/catalog", "/api/catalog", None),
        ("GET", "/api/catalog/{kind}/{id}", "/api/catalog/endpoints/m%40self", None),
        ("GET", "/api/policy", "/api/policy", None),
        ("POST", "/api/policy/check", "/api/policy/check", {}),
        ("POST", "/api/policy/explain", "/api/policy/explain", {"text": "Hi"}),
        ("POST", "/api/policy/reload", "/api/policy/reload", None),
    ]

    for method, path, url, body in examples:
        operation = described["paths"][path][method.lower()]
        schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
        status, reply = told(running, method, url, body)

        assert "$ref" in json.dumps(schema), path
        assert status == 200, (path, reply)
        jsonschema.validate(reply, {**schema, "components": described["components"]})
    assert {op for _, _, operation in operations(described) for op in operation["responses"]} >= {"200", "401"}
    assert "422" not in json.dumps([operation["responses"] for _, _, operation in operations(described)])


def test_a_report_comes_as_json_csv_and_a_page_that_runs_nothing(running):
    asked(running)

    for name in ("savings", "adoption", "refusals", "rules", "vendors", "breakeven", "focus"):
        for form, kind in (("json", "application/json"), ("csv", "text/csv"), ("html", "text/html")):
            status, headers, body = running.ask_control("GET", f"/api/reports/{name}?format={form}", headers=ADMIN)
            assert (status, headers["content-type"].partition(";")[0]) == (200, kind), (name, form, body)
            if form == "html":
                assert "sandbox" in headers["content-security-policy"]
                assert "script-src" not in headers["content-security-policy"]
                assert b"<script" not in body
    assert told(running, "GET", "/api/reports/adoption?by=nothing")[0] == 400
    assert told(running, "GET", "/api/reports/reconcile")[0] == 404
    assert told(running, "GET", "/api/reports/savings?since=never")[0] == 400


def test_the_policy_tools_say_what_the_command_line_says(running, policies, tmp_path):
    def said(*words: str) -> Any:
        ended = command(*words, "--json", GATEWAY_STATE_DIR=str(running.state_dir))
        assert ended.stdout, ended.stderr
        return json.loads(ended.stdout)

    files = sent(policies)
    guards = "guards: [{name: none, only: {hosting: hosted}}]"
    narrower = {**files, "policy.yaml": files["policy.yaml"].replace("guards: []", guards)}
    other = tmp_path / "other"
    for name, text in narrower.items():
        (other / name).parent.mkdir(parents=True, exist_ok=True)
        (other / name).write_text(text)

    for body, arguments in (({}, [str(policies)]), ({"files": narrower}, [str(other)])):
        mine, theirs = told(running, "POST", "/api/policy/check", body)[1], said("check", *arguments)
        assert mine["cases"] == theirs["cases"]
        assert [row["message"] for row in mine["problems"]] == [row["message"] for row in theirs["problems"]]
    mine = told(running, "POST", "/api/policy/explain", {"text": "Hi", "team": "research"})[1]
    theirs = said("explain", str(policies), "Hi", "--team", "research")
    assert {name: mine[name] for name in ("endpoints", "removed", "route", "policy_version")} == {
        name: theirs[name] for name in ("endpoints", "removed", "route", "policy_version")
    }
    assert told(running, "POST", "/api/policy/diff", {"new": narrower})[1] == said("diff", str(policies), str(other))
    assert told(running, "POST", "/api/policy/diff", {"old": narrower, "new": files})[1] == said(
        "diff", str(other), str(policies)
    )


def sent(folder: Path) -> dict[str, str]:
    """A folder as it is uploaded."""
    names = ["policy.yaml", "callers.yaml", *(f"catalog/{path.name}" for path in (folder / "catalog").glob("*.yaml"))]
    return {name: (folder / name).read_text() for name in names}


@pytest.mark.parametrize(
    "name",
    ["../policy.yaml", "/etc/passwd", "catalog/../../x.yaml", "catalog/..", "catalog/x.yaml\n", "cases/a/b.yaml"],
)
def test_a_folder_that_is_sent_names_no_file_outside_itself(running, policies, name):
    files = {**sent(policies), name: "{}"}
    for path, body in (("check", {"files": files}), ("diff", {"new": files}), ("explain", {"files": files})):
        status, reply = told(running, "POST", f"/api/policy/{path}", body)
        assert (status, reply["error"]["param"]) == (400, "files")


@pytest.mark.parametrize("catalog", ["/etc", "../..", "x/../../y"])
def test_a_folder_that_is_sent_names_no_catalogue_outside_itself(running, policies, catalog):
    files = sent(policies)
    files["policy.yaml"] += f"catalog: {catalog}\n"

    assert told(running, "POST", "/api/policy/check", {"files": files})[0] == 400


def test_a_folder_that_is_sent_does_not_learn_which_variables_are_set(running, policies):
    files = sent(policies)
    said = []
    for variable in ("GATEWAY_ADMIN_TOKEN", "GATEWAY_NEVER_SET"):
        rows = files["catalog/all.yaml"].replace("GATEWAY_KEY_TEST", variable)
        reply = told(running, "POST", "/api/policy/check", {"files": {**files, "catalog/all.yaml": rows}})[1]
        said.append(json.dumps(reply).replace(variable, "VARIABLE"))

    assert said[0] == said[1]


def test_a_reload_is_answered_with_what_became_of_it(gateway, policies, tmp_path):
    policies = shutil.copytree(policies, tmp_path / "policies")
    running = begun(gateway, policies)
    before = told(running, "GET", "/api/policy")[1]["policy_version"]
    text = (policies / "policy.yaml").read_text()

    (policies / "policy.yaml").write_text(text + "# another\n")
    taken = told(running, "POST", "/api/policy/reload")[1]
    (policies / "policy.yaml").write_text("rotes: []")
    refused = told(running, "POST", "/api/policy/reload")[1]

    assert (taken["accepted"], taken["problem"], taken["policy_version"] != before) == (True, None, True)
    assert (refused["accepted"], refused["policy_version"]) == (False, taken["policy_version"])
    assert "rotes" in refused["problem"]
    assert "rotes" in told(running, "GET", "/api/policy")[1]["reload"]


def test_a_body_without_end_is_cut_off(running):
    status, _, _ = running.ask_control("POST", "/api/policy/check", b" " * 41_000_000, headers=ADMIN)

    assert status == 413


def test_callers_read_their_decisions_at_once_and_say_once_whether_it_answered(running):
    request_id = asked(running)

    row = running.json(f"/v1/decisions/{request_id}", key=KEY)
    given = [
        running.ask("POST", "/v1/feedback", {"request_id": request_id, "answered": True}, headers=AUTHORIZATION)[0]
        for _ in range(2)
    ]

    assert (row["request_id"], row["outcome"]) == (request_id, "answered")
    assert row["why"]
    assert given == [200, 400]
    assert running.ask("GET", f"/v1/decisions/{request_id}")[0] == 401
    for unknown in ("req_" + "0" * 24, "x", "%00", "a" * 5000):
        assert running.ask("GET", f"/v1/decisions/{unknown}", headers=AUTHORIZATION)[0] == 404


def test_the_line_to_the_control_process_is_this_user_s_alone(alone):
    socket = Path((alone.state_dir / "control.socket").read_text())

    assert stat.S_IMODE(socket.stat().st_mode) == 0o600
    assert stat.S_IMODE(socket.parent.stat().st_mode) == 0o700
    assert len(str(socket)) < 100
    alone.stop()
    assert not socket.parent.exists()


def test_without_a_control_process_requests_are_served_and_what_it_knows_is_503(tmp_path, policies):
    started: list[Running] = []
    running = starter(tmp_path, started)(policies, environment={"GATEWAY_CONTROL": "off"})
    try:
        assert ask(running) == 200
        statuses = [
            running.ask("GET", "/v1/decisions/req_" + "0" * 24, headers=AUTHORIZATION)[0],
            running.ask("POST", "/v1/feedback", {"request_id": "x", "answered": True}, headers=AUTHORIZATION)[0],
        ]
        ready = running.ask("GET", "/health/ready")

        assert statuses == [503, 503]
        assert (ready[0], "control" in json.loads(ready[2])["degraded"]) == (200, True)
        assert running.ask("GET", "/")[2].count(b"http") == 0
    finally:
        running.stop()


def test_metrics_come_as_their_reader_asks(alone):
    asked(alone)
    assert alone.counts("gateway_requests_total", 1)
    plain = alone.ask_control("GET", "/metrics")
    modern = alone.ask_control("GET", "/metrics", headers={"accept": "application/openmetrics-text; version=1.0.0"})

    assert plain[1]["content-type"].startswith("text/plain; version=0.0.4")
    assert modern[1]["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    assert modern[2].endswith(b"# EOF\n")
    families = {family.name for family in openmetrics_families(modern[2].decode())}
    assert families == {family.name for family in plain_families(plain[2].decode())}

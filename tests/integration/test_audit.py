"""Claims about the audit: what was done stands in it, tampering shows, and every decision keeps its policy."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gateway.processes import audit
from tests.integration.test_freeze import until
from tests.integration.test_roles import digest
from tests.integration.upstreams import KEY, ask, chat, decision, folder, serving
from tests.running import Running, starter
from tests.warm import command

pytestmark = pytest.mark.services
TOKEN = {"authorization": "Bearer token-of-olga"}
GUARD = "guards:\n  - {name: not-a, why: a test, when: {pii: email}, never: {operator: a}}\n"


@dataclass
class House:
    gateway: Running
    policies: Path
    versions: list[str]  # that served, in order
    refused: str  # why the last change was not taken
    asked: dict[str, str]  # headers of a request under the first version

    def command(self, *words: object, state: Path | None = None) -> tuple[int, str, str]:
        place = str(state or self.gateway.state_dir)
        ended = command(*words, timeout=120, GATEWAY_STATE_DIR=place, GATEWAY_POLICIES=str(self.policies))
        return ended.returncode, ended.stdout, ended.stderr

    def rows(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.gateway.state_dir / audit.NAME).read_text().splitlines()]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Where a policy was changed, another change refused, an operator frozen and a key made."""
    root = tmp_path_factory.mktemp("audit")
    with serving() as vendors:
        policies = folder(root / "policies", {name: vendors.url(name) for name in "abc"})
        callers = policies / "callers.yaml"
        callers.write_text(
            f"teams: {{t: {{data_class: public}}}}\nadmins:\n"
            f"  - {{id: olga, role: admin, sha256: {digest('token-of-olga')}}}\n"
            f"keys:\n  - {{id: k, team: t, sha256: {digest(KEY)}}}\n"
        )
        started: list[Running] = []
        gateway = starter(root, started)(policies)
        first = gateway.serving()["policy"]
        asked = ask(gateway, chat())[1]
        policy = policies / "policy.yaml"
        whole = policy.read_text()
        policy.write_text(whole.replace("guards: []\n", GUARD))
        assert until(lambda: gateway.serving()["policy"] != first)
        second = gateway.serving()["policy"]
        policy.write_text(whole)  # which widens
        assert until(lambda: "widens" in gateway.serving()["reload"])
        refused = gateway.serving()["reload"]
        policy.write_text(whole.replace("guards: []\n", GUARD))
        frozen = gateway.ask_control("POST", "/api/freezes", {"selector": "operator", "value": "c"}, headers=TOKEN)
        assert frozen[0] == 201
        made = House(gateway, policies, [first, second], refused, asked)
        assert made.command("keys", "new", "--team", "t", "--id", "fresh")[0] == 0
        yield made
        for each in started:
            each.stop()


def test_everything_that_was_done_stands_there_with_who_did_it(house):
    rows = house.rows()
    found = [(row["action"], row["via"]) for row in rows]
    accepted = [row for row in rows if row["action"] == "policy_accepted"]
    refused = next(row for row in rows if row["action"] == "policy_refused")

    assert found[:3] == [("policy_accepted", "file"), ("policy_accepted", "file"), ("policy_refused", "file")]
    assert [each for each in found if each[0] in ("freeze", "key_made")] == [("freeze", "api"), ("key_made", "command")]
    assert [row["detail"]["version"] for row in accepted[:2]] == house.versions
    assert accepted[1]["detail"]["before"] == house.versions[0]
    assert accepted[1]["detail"]["files"] == ["policy.yaml"]
    assert "a" in accepted[1]["detail"]["reach"]
    assert "widens" in refused["detail"]["why"]
    assert next(row["by"] for row in rows if row["action"] == "freeze") == "olga"
    assert {row["by"] for row in rows} == {"olga", audit.user()}
    assert KEY not in json.dumps(rows)


def test_the_command_and_the_api_show_it_and_find_it_whole(house):
    code, said, _ = house.command("audit", "show", "--last", "0", "--format", "json")
    assert (code, [json.loads(line) for line in said.splitlines()]) == (0, house.rows())
    assert "CEF:0|Entrepot|gateway|1|freeze|freeze|8|" in house.command("audit", "show", "--format", "cef")[1]
    assert "olga (api)  freeze" in house.command("audit", "show")[1]
    assert re.search(r"value=c, since=20\d\d-\d\d-\d\d \d\d:\d\d:\d\d UTC, by=olga", house.command("audit", "show")[1])
    status, _, text = house.gateway.ask_control("GET", "/api/audit?limit=2", headers=TOKEN)
    told = json.loads(text)
    assert (status, told["rows"], told["problems"]) == (200, house.rows()[:-3:-1], [])
    assert until(lambda: house.command("audit", "verify")[:1] == (0,))
    assert f"{len(house.rows())} rows, whole" in house.command("audit", "verify")[1]


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda lines: [lines[0].replace('"file"', '"api"'), *lines[1:]], "row 1 was changed"),
        (lambda lines: [lines[0], *lines[2:]], "row 3 follows row 1"),
        (lambda lines: [lines[1], lines[0], *lines[2:]], "rows before row 2 are missing"),
        (lambda lines: lines[:-1], "is missing"),
        (lambda lines: [], "is missing"),
        (lambda lines: [*lines[:-1], "no row"], "cannot be read"),
    ],
    ids=["changed", "taken out", "moved", "cut off", "emptied", "unreadable"],
)
def test_a_copy_that_was_tampered_with_does_not_pass(house, tmp_path, damage, words):
    head = house.rows()[-1]["hash"]
    assert until(lambda: head in house.gateway.log.read_text())  # by then the ledger holds it too
    state = tmp_path / "copy"
    shutil.copytree(house.gateway.state_dir, state)
    file = state / audit.NAME
    file.write_text("".join(f"{line}\n" for line in damage(file.read_text().splitlines())))

    code, said, _ = house.command("audit", "verify", state=state)

    assert (code, words in said) == (1, True), said


def test_a_decision_is_explained_by_the_policy_of_its_day(house):
    told = decision(house.gateway, house.asked)

    assert told["policy_version"] == house.versions[0]
    assert not any("kept no more" in line for line in told["why"])
    given = ("--given", "pii=email", "--team", "t")
    assert "a@a" not in house.command("explain", *given, "--at-version", house.versions[0])[1]
    first = house.command("explain", *given, "--at-version", house.versions[0])[1]
    second = house.command("explain", *given, "--at-version", house.versions[1])[1]
    assert ("not-a" in first, "not-a" in second) == (False, True)
    assert "keeps no policy of version" in house.command("explain", "--at-version", "abc")[2]


PAGE = (Path(__file__).parents[2] / "docs" / "compliance.md").read_text(encoding="utf-8")
LINES = [line for block in re.findall(r"```\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()]
SAID = {  # by the beginning of a line: exit code, and words of its output
    "gateway freeze --operator": (0, "all workers here (1)"),
    "gateway freeze": (0, "export control, ticket 4711"),
    "gateway explain --team t --all": (0, "removed by freeze:operator=b"),
    "gateway explain req_": (0, "attempt 1: m@a answered"),
    "gateway audit show": (0, "export control"),
    "gateway audit verify": (0, "rows, whole"),
    "gateway diff": (0, "pii email or unknown no longer reach m@a"),
    "gateway explain --team t --at-version": (0, "m@a"),
    "GATEWAY_STATE_DIR=copy gateway audit verify": (1, "row 1 was changed"),
    "gateway freeze --lift": (0, ""),
}


def test_the_compliance_guide_does_what_it_says_line_by_line(house, tmp_path):
    names = {"OPERATOR": "b", "TEAM": "t", "REQUEST": house.asked["x-request-id"]}
    names |= {
        "BEFORE": house.versions[0],
        "AFTER": house.versions[1],
        "GATEWAY_STATE_DIR": str(house.gateway.state_dir),
    }
    told = set()
    for line in LINES:
        words = re.sub(r"\$(\w+)", lambda name: names[name[1]], line)
        if "gateway " not in words.removeprefix("cp -r "):
            subprocess.run(["bash", "-e", "-c", words], cwd=tmp_path, check=True)
            continue
        copy, _, rest = words.rpartition("gateway ")
        if line == "gateway audit verify":  # the ledger hears of the last row a moment later
            head = house.rows()[-1]["hash"]
            assert until(lambda head=head: head in house.gateway.log.read_text())
        code, out, err = house.command(*shlex.split(rest), state=tmp_path / "copy" if copy else None)
        begun = max((each for each in SAID if words.startswith(each)), key=len)
        assert (code, SAID[begun][1] in out + err) == (SAID[begun][0], True), (words, out, err)
        told.add(begun)

    assert told == SAID.keys()

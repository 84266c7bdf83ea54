"""The public suite llm-comply, in each of its formats, against the simulated vendors through a real gateway.

docs/conformance.md says these counts, and why what fails cannot pass.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from llm_comply.schema import SpecLoader  # type: ignore[import-untyped]

from gateway.demo import stage
from tests.running import Running, starter

pytestmark = pytest.mark.services

PAGE = (Path(__file__).parents[2] / "docs" / "conformance.md").read_text()
REASONS = "auto-gpt-5"  # an alias by whose name the suite asks for reasoning
CHAT = "simulated-deepseek@simulated-us, simulated-gpt@simulated-west"  # one reasons, the other sees
ASKED_AT = {  # other aliases of that kind, each asked on one wire
    "chat-gpt-5": CHAT,
    "chat-claude-4": CHAT,
    "responses-claude-4": "simulated-gpt-5@simulated-west",
    "messages-gpt-5": "simulated-claude-4@simulated-west",
}
CASES = {  # what is asked in which format: passed, failed
    ("openai-chat", REASONS): (9, 0),
    ("openai-chat", "simulated-gpt-5"): (9, 0),
    ("openai-chat", "messages-gpt-5"): (9, 0),
    ("open-responses", "simulated-gpt-5"): (13, 0),
    ("open-responses", "chat-gpt-5"): (13, 0),
    ("open-responses", "messages-gpt-5"): (13, 0),
    ("anthropic", "simulated-claude-4"): (9, 0),
    ("anthropic", "chat-claude-4"): (4, 5),
    ("anthropic", "responses-claude-4"): (4, 5),
}
NATIVE = {"openai-chat": REASONS, "open-responses": "simulated-gpt-5", "anthropic": "simulated-claude-4"}
AS_ANTHROPIC = ("--auth-header", "x-api-key", "--no-bearer", "-H", "anthropic-version:2023-06-01")


@dataclass(frozen=True, slots=True)
class House:
    """A gateway before the simulated vendors, and the key of the demo's team."""

    gateway: Running
    key: str

    def suite(self, case: tuple[str, str]) -> dict[str, Any]:
        """What llm-comply says of one format and model."""
        form, model = case
        command = [sys.executable, "-m", "llm_comply.cli", "run", "--json", "--format", form, "-m", model]
        there = ["-u", self.gateway.base_url, "-k", self.key, *(AS_ANTHROPIC if form == "anthropic" else ())]
        told = subprocess.run([*command, *there], capture_output=True, text=True)
        assert told.stdout, told.stderr
        found: dict[str, Any] = json.loads(told.stdout)
        return found


def asked_also_as(policy: str) -> str:
    """The demo's policy with the names above."""
    names = [f"  {name}: for a suite\n" for name in (REASONS, *ASKED_AT)]
    routes = [f"  - {{name: {name}, when: {{model: {name}}}, try: [{there}]}}\n" for name, there in ASKED_AT.items()]
    aliased = policy.replace("aliases:\n", f"aliases:\n{''.join(names)}")
    return aliased.replace("\nroutes:\n", f"\nroutes:\n{''.join(routes)}")


@pytest.fixture(scope="module")
def house(vendors_process, tmp_path_factory):
    folder, keys = tmp_path_factory.mktemp("suites"), stage.fresh_keys()
    urls = {"self": vendors_process.base_urls["simulated-us"], **vendors_process.base_urls}
    stage.write_folder(folder / "policies", urls=urls, keys=keys)
    policy = folder / "policies" / "policy.yaml"
    policy.write_text(asked_also_as(policy.read_text()))
    gateway = starter(folder, [])(folder / "policies")
    yield House(gateway, keys["demo"])
    gateway.stop()


@pytest.fixture(scope="module")
def verdicts(house):
    with ThreadPoolExecutor(3) as pool:
        return dict(zip(CASES, pool.map(house.suite, CASES), strict=True))


@pytest.mark.parametrize("case", CASES, ids="-".join)
def test_as_many_pass_as_the_page_says(verdicts, case):
    summary = verdicts[case]["summary"]

    assert (summary["passed"], summary["failed"]) == CASES[case], verdicts[case]
    assert summary["skipped"] == 0
    assert re.search(
        rf"^\| `{case[0]}` \| [^|]*`{case[1]}`[^|]* \| {CASES[case][0]} of {summary['total']} \|", PAGE, re.M
    )


def test_where_bytes_pass_nothing_fails_and_only_compaction_is_warned_of(verdicts):
    rows = [row for case in NATIVE.items() for row in verdicts[case]["results"]]

    assert {row["status"] for row in rows} == {"passed"}
    assert [row["id"] for row in rows if row.get("warnings")] == ["compact-response"]


def test_translated_messages_fail_by_the_citations_of_a_text_alone(verdicts):
    rows = [row for case, found in verdicts.items() if case[0] == "anthropic" for row in found["results"]]
    wrong = [error for row in rows if row["status"] == "failed" for error in row["errors"]]

    assert len(wrong) == 10
    assert all(re.match(r"content\.\d: \{'type': 'text', 'text': .*is not valid under any", error) for error in wrong)


HARBOUR = {"type": "object", "properties": {"port": {"type": "string"}}, "required": ["port"]}
CALLING: dict[str, Any] = {
    "input": [{"type": "message", "role": "user", "content": "When is high water in Whitby?"}], "stream": True,
    "tools": [{"type": "function", "name": "tide_table", "description": "High water.", "parameters": HARBOUR}],
    "tool_choice": "required",
}  # fmt: skip


@pytest.mark.filterwarnings("ignore:jsonschema.RefResolver")
@pytest.mark.parametrize("model", ["simulated-gpt-5", "simulated-gpt", "simulated-claude-4"])
def test_a_streamed_call_is_told_in_the_events_of_the_open_responses_document(house, model):
    """What Open Responses' own acceptance tests ask beside those that llm-comply has."""
    key = {"authorization": f"Bearer {house.key}"}
    status, _, said = house.gateway.ask("POST", "/v1/responses", {"model": model, **CALLING}, headers=key)
    told = [json.loads(line[6:]) for line in said.decode().splitlines() if line.startswith("data: {")]
    document = SpecLoader(str(files("llm_comply") / "specs" / "openresponses.json"))
    kinds = [event["type"] for event in told]

    assert (status, kinds[0], kinds[-1]) == (200, "response.created", "response.completed")
    assert [error for event in told for error in document.validate_sse_event(event["type"], event)] == []
    assert {"response.function_call_arguments.delta", "response.function_call_arguments.done"} <= set(kinds)
    for kind in ("response.output_item.added", "response.output_item.done"):
        assert "function_call" in [event["item"]["type"] for event in told if event["type"] == kind]
    assert [event["sequence_number"] for event in told] == sorted({event["sequence_number"] for event in told})


def test_the_page_names_each_test_that_does_not_pass(verdicts):
    rows = [row for found in verdicts.values() for row in found["results"]]

    assert [row["id"] for row in rows if row["status"] != "passed" and f"`{row['id']}`" not in PAGE] == []

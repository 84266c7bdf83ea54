"""The page of clouds: its rows that the gateway asks itself lead where the cloud listens, with the cloud's key."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gateway.catalog.compile import compile_catalog
from gateway.catalog.data import shipped
from gateway.processes.policy_folder import read_folder
from gateway.source import parse
from gateway.upstreams.fleet import _target as target
from tests.golden.test_catalog import POLICIES
from tests.unit.catalog.small import endpoint

PAGE = (Path(__file__).parents[2] / "docs" / "clouds.md").read_text(encoding="utf-8")
ROWS = [line.split("|")[1:4] for line in PAGE.splitlines() if line.endswith("| the gateway |")]
ASKED = {
    "Azure OpenAI, v1": ["/openai/v1/chat/completions", "/openai/v1/chat/completions"],
    "Azure OpenAI, dated": ["/openai/deployments/up/chat/completions?api-version=2024-10-21"],
    "Bedrock, OpenAI-compatible": ["/openai/v1/chat/completions", "/v1/chat/completions"],
    "Bedrock, Claude on Mantle": ["/anthropic/v1/messages"],
    "Gemini, OpenAI-compatible": ["/v1beta/openai/chat/completions"],
    "Cohere, OpenAI-compatible": ["/compatibility/v1/chat/completions"],
}


def addresses(row: str) -> list[tuple[str, str]]:
    """`api:` and base URL of each door that a row names; `…` is the host before it."""
    api, found, host = "", [], ""
    for word, url in re.findall(r"api: (\w+)|(https://[^`\s]+|…[^`\s]+)", row.replace("REGION", "us-west-2")):
        api = word or api
        if url:
            url = url.replace("…", host)
            host = re.sub(r"(https://[^/?]+).*", r"\1", url)
            found.append((api, url))
    return found


@pytest.mark.parametrize(("cloud", "row"), [(cloud.strip(), row) for cloud, row, _ in ROWS])
def test_a_row_is_asked_where_its_cloud_listens(cloud, row):
    heads = []
    for api, url in addresses(row):
        wire = f'hosting: hosted, api: {api}, base_url: "{url}", key_env: MILL_API_KEY, upstream_model: up'
        made = target(endpoint(wire=wire), url, "the-key-of-this-cloud", None)
        path = "/messages" if api == "anthropic" else "/chat/completions"
        heads.append(made.targets[path].head.split(b" ")[1].decode())
        header = {"azure": b"api-key: ", "anthropic": b"x-api-key: "}.get(api, b"authorization: Bearer ")
        assert header + b"the-key-of-this-cloud\r\n" in made.headers

    assert heads == ASKED[cloud]


def test_every_native_row_of_the_page_is_known_here():
    assert {cloud.strip() for cloud, _, _ in ROWS} == set(ASKED)


@pytest.mark.thorough
def test_the_row_that_the_page_gives_stands_in_the_shipped_catalogue():
    block = re.findall(r"```yaml\n(endpoints:\n.*?)```", PAGE, re.S)[0]
    files = [parse(data, name) for name, data in read_folder(POLICIES).items() if name.startswith("catalog/")]
    made = compile_catalog([*files, parse(block.encode(), "catalog/ours.yaml")], shipped())
    bedrock = made.endpoints["gpt-oss-120b@aws-bedrock/openai"]
    asked = target(bedrock, bedrock.base_url, "a-bedrock-key", None).targets["/chat/completions"]

    assert (bedrock.dialect, bedrock.adapted, bedrock.operator.id) == ("openai", False, "aws-bedrock")
    assert asked.host == "bedrock-runtime.us-west-2.amazonaws.com"
    assert asked.head.startswith(b"POST /openai/v1/chat/completions ")

"""Which kinds an endpoint serves."""

import pytest

from gateway.policy.capability import serves
from tests.unit.catalog.small import standing

BEDROCK = "api: bedrock, base_url: https://bedrock-runtime.eu-central-1.amazonaws.com, key_env: AWS_BEDROCK_API_KEY"
GOOGLE = "api: gemini, base_url: https://generativelanguage.googleapis.com, key_env: GEMINI_API_KEY"
WATSONX = ("api: watsonx, base_url: https://eu-de.ml.cloud.ibm.com, "
           "credentials: {api_key: {env: WATSONX_API_KEY}, project_id: p}")  # fmt: skip


@pytest.mark.parametrize(
    ("wire", "kinds", "served"),
    [
        (BEDROCK, "[embedding]", {"embedding"}),
        (GOOGLE, "[chat, embedding]", {"chat", "messages", "responses", "embedding"}),
        (WATSONX, "[chat, embedding]", {"chat", "messages", "responses"}),
        (BEDROCK, "[chat]", {"chat", "messages", "responses"}),
    ],
)
def test_what_the_adapter_may_be_asked(wire, kinds, served):
    made = standing(
        f"models: [{{id: leaf, lab: oak, base: [], kinds: {kinds}}}]",
        f"endpoints: [{{id: leaf@mill, hosting: hosted, {wire}}}]",
    ).endpoints["leaf@mill"]
    asked = ("chat", "messages", "responses", "completion", "embedding", "image")

    assert {kind for kind in asked if serves(made, kind)} == served

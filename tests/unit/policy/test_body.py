"""Fields of a request that move or keep data elsewhere."""

from __future__ import annotations

import msgspec
import pytest

from gateway.catalog.rows import BodyField
from gateway.errors import GatewayError
from gateway.policy.body import body_needs, body_rules

RULES = body_rules(
    (
        BodyField("openai", "store", "stored_state", values=frozenset({True})),
        BodyField("openai", "tools[].type", "hosted_tools", values=frozenset({"web_search*", "mcp"})),
        BodyField("openai", "messages[].content[].file.file_id", "stored_state"),
        BodyField("openai", "service_tier", "hosted_tools", except_values=frozenset({"auto", "default"})),
        BodyField("openai", "mcp_servers", "hosted_tools"),
        BodyField("openai", "provider", "refused", why="it chooses another vendor"),
    )
)
NEEDS = [
    ({"store": True}, {"stored_state"}),
    ({"store": False}, set()),
    ({"store": None}, set()),
    ({"store": 1}, set()),
    ({"tools": [{"type": "function"}, {"type": "web_search_preview"}]}, {"hosted_tools"}),
    ({"tools": [{"type": "function"}]}, set()),
    ({"tools": "mcp"}, set()),
    ({"messages": [{"content": "x"}, {"content": [{"file": {"file_id": "f"}}]}]}, {"stored_state"}),
    ({"service_tier": "auto"}, set()),
    ({"service_tier": "priority"}, {"hosted_tools"}),
    ({"anything": {"else": 1}}, set()),
    ({"mcp_servers": []}, set()),  # what SDKs send that were given none
    ({"mcp_servers": [{}]}, {"hosted_tools"}),
    ({"mcp_servers": {}}, {"hosted_tools"}),
]


@pytest.mark.parametrize(("fields", "needs"), NEEDS)
def test_a_field_needs_what_its_row_says(fields, needs):
    raw = {name: msgspec.Raw(msgspec.json.encode(value)) for name, value in fields.items()}

    assert body_needs(RULES, "openai", fields) == needs
    assert body_needs(RULES, "openai", raw) == needs
    assert body_needs(RULES, "anthropic", fields) == set()


def test_a_field_that_chooses_another_vendor_is_refused():
    with pytest.raises(GatewayError, match="it chooses another vendor") as wrong:
        body_needs(RULES, "openai", {"provider": {"order": ["x"]}})

    assert (wrong.value.code, wrong.value.param) == ("unsupported_request", "provider")

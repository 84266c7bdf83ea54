"""docs/dialects.md says what becomes of each field that a translator knows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gateway.upstreams.translate import requests_anthropic_openai, requests_openai_anthropic

PAGE = (Path(__file__).parents[2] / "docs" / "dialects.md").read_text()
PAIRS = {
    "openai to anthropic": requests_openai_anthropic.FIELDS.keys() | requests_openai_anthropic.ELSEWHERE - {"model"},
    "anthropic to openai": requests_anthropic_openai.FIELDS.keys() | {"messages", "system"},
}


@pytest.mark.parametrize("pair", PAIRS)
def test_each_field_has_a_row(pair):
    client, _, upstream = pair.partition(" to ")
    section = PAGE.partition(f"(`{client}` to `{upstream}`)")[2].partition("\n## ")[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]

    assert {name for row in rows for name in re.findall(r"`(\w+)`", row)} >= PAIRS[pair]

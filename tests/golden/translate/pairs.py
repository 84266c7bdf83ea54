"""Which translator a recorded case asks for."""

from __future__ import annotations

from typing import Any

from gateway.upstreams.translate import TRANSLATORS, Translator

WIRES = {"responses": "openai_responses"}  # as the catalogue's `api` has it, where cases say it shorter


def translator(case: dict[str, Any]) -> Translator:
    client, upstream = case["client"], case["upstream"]
    return TRANSLATORS[WIRES.get(client, client), WIRES.get(upstream, upstream)]

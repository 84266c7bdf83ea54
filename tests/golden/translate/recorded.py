"""The recorded cases, and what their words stand for in the gateway."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from gateway.upstreams.translate import TRANSLATORS, Translator

CASES = [json.loads(path.read_text()) for path in sorted((Path(__file__).parent / "cases").glob("*.json"))]
WIRES = {"responses": "openai_responses"}  # where the cases have another word


def translator(case: dict[str, Any]) -> Translator:
    return TRANSLATORS[tuple(WIRES.get(case[side], case[side]) for side in ("client", "upstream"))]  # type: ignore[index]


def tells_a_failure(event: str) -> bool:
    """Of an upstream's event: a translator is not given it, see StreamTranslator."""
    document = event.rpartition("data: ")[2].strip()
    read = json.loads(document) if document.startswith("{") else {}
    return read.get("type") in ("error", "response.failed") or bool("type" not in read and read.get("error"))

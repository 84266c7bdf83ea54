"""An API of nobody's: what a new interface takes, one file and one line."""

from __future__ import annotations

import json

from gateway.errors import GatewayError
from gateway.interfaces.dialects import Dialect
from gateway.interfaces.spec import Interface


def error(problem: GatewayError) -> dict[str, object]:
    return {"alas": problem.code}


def error_event(problem: GatewayError, told: bytes) -> bytes:
    return b"event: alas\ndata: " + json.dumps(error(problem)).encode() + b"\n\n"


HAIKU = Interface(
    kind="haiku",
    dialect=Dialect("haiku", error, error_event),
    path="/v1/haikus",
    upstream_path="/haikus",
    content="prompt",
    prompts=True,
    text="completion",
    operation="text_completion",
    limits=("most_syllables",),
)

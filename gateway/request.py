"""One request of a caller, parsed no further than we act on it; every other field survives untouched."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec


@dataclass(frozen=True, slots=True)
class Request:
    """What came in. `fields` holds every top-level field of the body as raw JSON, in the caller's order."""

    id: str  # ours, random
    kind: str  # chat, completion, embedding, responses, messages
    model: str  # the string the caller asked for
    stream: bool
    include_usage: bool  # the caller asked for the usage chunk
    max_tokens: int | None
    choices: int  # n
    fields: dict[str, msgspec.Raw]
    body_bytes: int
    data_class: str | None  # x-gateway-data-class
    tag: str | None  # x-gateway-tag
    client_request_id: str | None  # x-client-request-id
    received_at: float  # seconds since the epoch
    started: float  # monotonic seconds

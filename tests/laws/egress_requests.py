"""Any request that a caller may send, for the egress law."""

from __future__ import annotations

import json
from random import Random
from time import monotonic
from typing import Any

from gateway.interfaces import INTERFACES, Interface, served
from gateway.request import Arrival, Request, parse
from tests.laws.egress_worlds import EVENING

SURFACES = (
    *dict.fromkeys(served().values()),
    *(INTERFACES[kind] for kind in ("chat", "chat", "responses", "messages")),
)
_FORM = "multipart/form-data; boundary=b"


def request_of(chance: Random, surface: Interface, model: str, kept: list[str]) -> Request:
    """One in four holds personal data; one of Responses may name what a vendor keeps."""
    arrival = Arrival("r", EVENING, monotonic(), chance.choice((None, None, None, "internal", "confidential")))
    text = "Say hello to jane.doe@example.com." if chance.random() < 0.25 else "Say hello to the world."
    if surface.files:
        return parse(surface, _form(surface, model, text), arrival, _FORM)
    body = {"model": model, "stream": chance.random() < 0.5, **_fields(chance, surface.kind, text, kept)}
    return parse(surface, json.dumps(body).encode(), arrival)


def _fields(chance: Random, kind: str, text: str, kept: list[str]) -> dict[str, Any]:
    messages = [{"role": "user", "content": text}]
    if kind == "chat":
        return {"messages": messages}
    if kind == "messages":
        return {"messages": messages, "max_tokens": 99}
    if kind == "responses":
        names = {"previous_response_id": chance.choice(kept)} if kept and chance.random() < 0.6 else {}
        return {"input": text, "store": chance.random() < 0.5, **names}
    return {"prompt": text, "input": text, "query": text, "documents": [text], "voice": "v"}


def _form(surface: Interface, model: str, text: str) -> bytes:
    fields = {"model": model, "prompt": text, f'{min(surface.files)}"; filename="a': "RIFF"}
    parts = [f'--b\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n' for n, v in fields.items()]
    return ("".join(parts) + "--b--").encode()

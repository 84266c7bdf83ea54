"""Asks a server what it serves: a few GETs, bounded in time and size, that follow no redirect and obey no proxy."""

from __future__ import annotations

import http.client
import json
import ssl
from time import monotonic
from typing import Any

from gateway.catalog.address import Address, address_of
from gateway.cli.mistakes import Mistake

TIMEOUT_S, WHOLE_S = 5.0, 10.0  # for an answer to begin, and to end
MOST_BYTES = 2_000_000
BESIDE = ("/props", "/api/tags")  # what llama.cpp and Ollama tell besides, at the root


def inquire(url: str, key: str | None) -> tuple[str, dict[str, Any]]:
    """The base URL below which models are listed, and what was answered by path. Raises Mistake.

    The key goes to the list of models alone, and to no other host.
    """
    try:
        address = address_of(url)
    except ValueError as wrong:
        raise Mistake(f"--from-url: {wrong}; write it like http://127.0.0.1:8000/v1", exit_code=2) from None
    path = address.path.rstrip("/")
    bases = [path] if path.endswith("/v1") else [f"{path}/v1", path]
    said = ""
    for base in bases:
        status, document, said = _get(address, f"{base}/models", key)
        if status == 200 and isinstance(document, dict) and isinstance(document.get("data"), list):
            replies = {"/models": document}
            for beside in BESIDE:
                found, told, _ = _get(address, base.removesuffix("/v1") + beside, None)
                if found == 200:
                    replies[beside] = told
            return f"{_origin(address)}{base}", replies
    raise Mistake(f"{address.host}:{address.port} lists no models below {' or '.join(bases)}/models: {said}")


def _origin(address: Address) -> str:
    host = f"[{address.host}]" if ":" in address.host else address.host
    usual = address.port == (443 if address.tls else 80)
    return f"{address.scheme}://{host}" + ("" if usual else f":{address.port}")


def _get(address: Address, path: str, key: str | None) -> tuple[int, Any, str]:
    """Status, JSON (None if it is none) and a word for what went wrong."""
    until = monotonic() + WHOLE_S
    connection = _connection(address)
    headers = {"accept": "application/json", "accept-encoding": "identity"}
    headers |= {"authorization": f"Bearer {key}", "x-api-key": key} if key is not None else {}
    try:
        connection.request("GET", path, headers=headers)
        reply = connection.getresponse()
        data = b""
        while len(data) <= MOST_BYTES and (chunk := reply.read1(65_536)):
            data += chunk
            if monotonic() > until:
                return 0, None, f"it did not end within {WHOLE_S:.0f} s"
    except (OSError, http.client.HTTPException, ValueError) as wrong:
        return 0, None, f"it cannot be asked ({type(wrong).__name__})"
    finally:
        connection.close()
    if len(data) > MOST_BYTES:
        return 0, None, f"its answer is longer than {MOST_BYTES:,} bytes"
    if reply.status != 200:
        moved = "; it leads elsewhere, and no redirect is followed" if 300 <= reply.status < 400 else ""
        return reply.status, None, f"it answered {reply.status}{moved}"
    try:
        return 200, json.loads(data), "its answer is no list of models"
    except (ValueError, RecursionError):
        return 200, None, "its answer is no JSON"


def _connection(address: Address) -> http.client.HTTPConnection:
    if address.scheme == "https":
        context = ssl.create_default_context()
        return http.client.HTTPSConnection(address.host, address.port, timeout=TIMEOUT_S, context=context)
    return http.client.HTTPConnection(address.host, address.port, timeout=TIMEOUT_S)

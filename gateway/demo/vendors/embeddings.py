"""Embeddings of a simulated vendor: unit vectors drawn from the words of a text, so that like texts lie close; pure."""

from __future__ import annotations

import base64
import hashlib
import json
import struct
from math import sqrt
from typing import Any

from gateway.demo.vendors import prose

MODEL = "simulated-embedding"
DIMENSIONS = 64


def reply(body: dict[str, Any]) -> bytes:
    """What `/v1/embeddings` answers. Raises KeyError, TypeError for a request that is none."""
    given = body["input"]
    texts = (
        [given] if isinstance(given, str) else [text if isinstance(text, str) else json.dumps(text) for text in given]
    )
    packed = body.get("encoding_format") == "base64"
    rows = [
        {"object": "embedding", "index": index, "embedding": _packed(vector(text)) if packed else vector(text)}
        for index, text in enumerate(texts)
    ]
    tokens = sum(len(prose.tokens(text)) for text in texts)
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return json.dumps({"object": "list", "model": MODEL, "data": rows, "usage": usage, "simulated": True}).encode()


def vector(text: str) -> list[float]:
    """The sum of one direction a word, of length 1."""
    total = [1e-6] * DIMENSIONS
    for word in text.lower().split():
        digest = hashlib.sha512(word.encode()).digest()
        total = [sum_ + byte - 127.5 for sum_, byte in zip(total, digest, strict=True)]
    length = sqrt(sum(part * part for part in total))
    return [part / length for part in total]


def _packed(numbers: list[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(numbers)}f", *numbers)).decode()

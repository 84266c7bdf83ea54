"""Requests that need no translation: what another endpoint thought for this conversation is left out all the same.

A client that goes on with another endpoint brings back reasoning that we marked, which the vendor would refuse.
"""

from __future__ import annotations

from typing import Any

import msgspec

from gateway.request import Fields
from gateway.upstreams.translate.reasoning_seal import MARK, is_marked

_HISTORY = {"messages": "messages", "responses": "input"}  # by kind: where a conversation stands
_SEALS = ("signature", "data", "encrypted_content")
_encode = msgspec.json.Encoder().encode


def without_marked(kind: str, fields: Fields) -> tuple[Fields, tuple[str, ...]]:
    """The fields without reasoning of other endpoints, and the places that were left out."""
    name = _HISTORY.get(kind)
    written = fields.get(name) if name is not None else None
    if name is None or written is None or MARK.encode() not in bytes(written):
        return fields, ()
    history: Any = msgspec.json.decode(written)
    left_out: list[str] = []
    kept = _kept(history, name, left_out, depth=2) if isinstance(history, list) else history
    return ({**fields, name: msgspec.Raw(_encode(kept))}, tuple(left_out)) if left_out else (fields, ())


def _kept(items: list[Any], path: str, left_out: list[str], *, depth: int) -> list[Any]:
    """`depth`: of lists of content, below which no dialect has reasoning."""
    made = []
    for place, item in enumerate(items):
        where = f"{path}[{place}]"
        if isinstance(item, dict) and any(is_marked(item.get(name)) for name in _SEALS):
            left_out.append(f"{where}(thinking of another vendor, left out)")
            continue
        inner = item.get("content") if isinstance(item, dict) else None
        if isinstance(inner, list) and depth > 1:
            item = {**item, "content": _kept(inner, f"{where}.content", left_out, depth=depth - 1)}
        made.append(item)
    return made

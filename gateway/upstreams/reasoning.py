"""A request's effort in the words of the vendor it goes to, and no thoughts where they are not wanted. Pure."""

from __future__ import annotations

from typing import Any

import msgspec

from gateway.catalog.rows import Reasoning
from gateway.catalog.thinking import SAID, spoken
from gateway.request import Fields

THOUGHTS = ("reasoning_content", "reasoning")
_encode = msgspec.json.Encoder().encode


def in_their_words(row: Reasoning, fields: Fields) -> Fields:
    """The same fields where nothing has to change; what the caller says in the vendor's own words stands."""
    said = fields.get(SAID)
    if said is not None:
        fields = _translated(row, fields, msgspec.json.decode(said))
    messages = fields.get("messages")
    if (
        messages is not None
        and row.replay == "forbidden"
        and any(name.encode() in bytes(messages) for name in THOUGHTS)
    ):
        fields = {**fields, "messages": _silent(messages)}
    return fields


def _translated(row: Reasoning, fields: Fields, effort: object) -> Fields:
    words = spoken(row, effort)
    if words is None:
        return fields
    kept = {name: value for name, value in fields.items() if name != SAID}
    return {**{name: msgspec.Raw(_encode(value)) for name, value in words.items()}, **kept}


def _silent(messages: msgspec.Raw) -> msgspec.Raw:
    found: Any = msgspec.json.decode(messages)
    if not isinstance(found, list):
        return messages
    return msgspec.Raw(_encode([_without_thoughts(message) for message in found]))


def _without_thoughts(message: object) -> object:
    if not isinstance(message, dict):
        return message
    return {name: value for name, value in message.items() if name not in THOUGHTS}
